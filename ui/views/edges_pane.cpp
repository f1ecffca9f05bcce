#include "views/edges_pane.h"

#include "amounts_text.h"
#include "bars_widget.h"
#include "docks/dock_parts.h"
#include "edge_graph_widget.h"
#include "view_text.h"

#include <QAction>
#include <QComboBox>
#include <QMenu>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace patchbay {

using widgets::EdgeGraphWidget;
using widgets::HeadId;

namespace {

constexpr int kPlaces = 400; // of the slider, which counts edges by their logarithm

/// A place of the slider for so many of all edges, and back.
int placeOf(qint64 n, qint64 all)
{
    return n <= 0 || all <= 1 ? 0 : int(std::lround(kPlaces * std::log(double(n)) / std::log(double(all))));
}
qint64 countAt(int place, qint64 all)
{
    return place <= 0 ? (all > 0 ? 1 : 0) : qint64(std::llround(std::pow(double(all), double(place) / kPlaces)));
}

} // namespace

QString faithfulnessText(const EdgesController &edges)
{
    if (edges.edgeCount() == 0)
        return {};
    if (const auto &fit = edges.fit())
        return EdgesPane::tr("faithfulness %1 (run), completeness %2")
            .arg(QString::number(fit->faithfulness, 'f', 3), QString::number(fit->completeness, 'f', 3));
    const auto [guess, betweenRuns] = edges.guess();
    return std::isnan(guess)
        ? EdgesPane::tr("running…")
        : EdgesPane::tr("faithfulness ≈ %1 (%2, running…)")
              .arg(QString::number(guess, 'f', 2),
                   betweenRuns ? EdgesPane::tr("between runs") : EdgesPane::tr("guessed from the scores"));
}

EdgesPane::EdgesPane(Explorer &explorer, QWidget *parent) : QWidget(parent), m_explorer(explorer)
{
    QVBoxLayout *column = paneColumn(this);
    column->addWidget(buildScores());
    column->addWidget(buildCircuit());
    auto *parts = new QSplitter(Qt::Horizontal, this);
    parts->setChildrenCollapsible(false);
    m_graph = new EdgeGraphWidget(parts);
    parts->addWidget(m_graph);
    parts->addWidget(buildSide());
    parts->setStretchFactor(0, 5);
    parts->setStretchFactor(1, 2);
    column->addWidget(parts, 1);
    setFocusProxy(m_graph);
    connectGraph();
    EdgesController &edges = m_explorer.edges;
    connect(&edges, &EdgesController::choiceChanged, this, &EdgesPane::refreshChoice);
    connect(&edges, &EdgesController::numbersChanged, this, &EdgesPane::refresh);
    connect(&edges, &EdgesController::circuitChanged, this, &EdgesPane::refresh);
    connect(&edges, &EdgesController::fitChanged, this, &EdgesPane::refreshStatus);
    connect(&edges, &EdgesController::namedChanged, this, &EdgesPane::fillNamed);
    connect(&edges, &EdgesController::currentChanged, this, [this] {
        if (m_outside->isChecked())
            refreshGraph();
        refreshSide();
    });
    connect(&m_explorer.roles, &HeadRoles::changed, this, &EdgesPane::refreshGraph);
    connect(&m_explorer.navigation, &Navigation::headsChanged, this,
            [this] { m_graph->setSelection(m_explorer.navigation.place().heads); });
    connect(&m_explorer.document, &Document::setupChanged, this, &EdgesPane::refresh);
    refresh();
    refreshChoice();
    fillNamed();
}

void EdgesPane::connectGraph()
{
    EdgesController &edges = m_explorer.edges;
    Navigation &navigation = m_explorer.navigation;
    connect(m_graph, &EdgeGraphWidget::nodeClicked, this, [this, &edges](int node) {
        const auto &numbers = edges.numbers();
        edges.setCurrentNode(node < 0 || !numbers ? -2 : writerOf(numbers->graph, m_graph->view().nodes[node]));
    });
    const auto edgeAt = [this, &edges](int edge) -> std::optional<Edge> {
        const auto &numbers = edges.numbers();
        const qint64 id = edge >= 0 && edge < m_graph->view().edges.size() ? m_graph->view().edges[edge].id : -1;
        return id < 0 || !numbers ? std::nullopt : std::optional(numbers->graph.edge(size_t(id)));
    };
    connect(m_graph, &EdgeGraphWidget::edgeClicked, this,
            [&edges, edgeAt](int edge) { edges.setCurrentEdge(edgeAt(edge)); });
    connect(m_graph, &EdgeGraphWidget::edgeActivated, this, [&edges, edgeAt](int edge) {
        if (const auto at = edgeAt(edge))
            edges.patch(*at);
    });
    connect(m_graph, &EdgeGraphWidget::removeRequested, this, [&edges] {
        if (edges.currentEdge())
            edges.remove(*edges.currentEdge());
    });
    connect(m_graph, &EdgeGraphWidget::addRequested, this, [&edges] {
        if (edges.currentEdge())
            edges.add(*edges.currentEdge());
    });
    connect(m_graph, &EdgeGraphWidget::edgeMenuRequested, this, [this](int, const QPoint &at) {
        auto *menu = new QMenu(this);
        menu->setObjectName(QStringLiteral("edge-menu"));
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->addSection(m_edgeText->text().section(QLatin1Char('\n'), 0, 0));
        menu->addActions(m_edgeActions);
        menu->popup(at);
    });
    connect(m_graph, &EdgeGraphWidget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_graph, &EdgeGraphWidget::hovered, &m_explorer.attention, &AttentionController::prefetch);
    connect(m_graph, &EdgeGraphWidget::contextMenuRequested, this, &EdgesPane::menuRequested);
    connect(m_graph, &EdgeGraphWidget::activated, this, &EdgesPane::attentionRequested);
    connect(m_bars, &widgets::BarsWidget::barClicked, this, [this, &edges](int bar) {
        if (bar < 0 || size_t(bar) >= m_barCells.size() || !edges.numbers())
            return;
        const qint64 id = qint64(m_barCells[size_t(bar)]);
        for (int i = 0; i < m_graph->view().edges.size(); ++i)
            if (m_graph->view().edges[i].id == id)
                m_graph->setCurrentEdge(i);
        edges.setCurrentEdge(edges.numbers()->graph.edge(size_t(id)));
    });
    connect(m_bars, &widgets::BarsWidget::contextMenuRequested, this, &EdgesPane::menuRequested);
}

void EdgesPane::askedFor(int place)
{
    EdgesController &edges = m_explorer.edges;
    if (edges.allEdges() > 0 && placeOf(edges.asked(), edges.allEdges()) != place)
        edges.setTop(countAt(place, edges.allEdges()), true);
}

void EdgesPane::refresh()
{
    const EdgesController &edges = m_explorer.edges;
    const bool scored = edges.numbers() != nullptr;
    for (QWidget *one : std::initializer_list<QWidget *>{m_slider, m_top, m_bySign})
        one->setEnabled(scored && edges.ranked());
    m_outside->setEnabled(scored);
    m_curve->setEnabled(scored);
    const QSignalBlocker slider(m_slider), top(m_top), sign(m_bySign);
    m_top->setRange(0, int(std::min<qint64>(edges.allEdges(), 100'000'000)));
    m_top->setValue(int(edges.asked()));
    m_slider->setValue(placeOf(edges.asked(), edges.allEdges()));
    m_bySign->setChecked(edges.bySign());
    const double least = edges.threshold();
    const QString unit = scored ? QString::fromStdString(edges.numbers()->unit.symbol) : QString();
    // As scores are shown: in % of a gap that may be negative.
    const bool lowest = scored && (edges.numbers()->keeping == EdgeOrder::Lowest) == (edges.numbers()->scale > 0);
    m_least->setText(std::isnan(least) ? QString()
                         : edges.bySign()
                         ? (lowest ? tr("score ≤ %1") : tr("score ≥ %1")).arg(widgets::valueWithUnit(least, unit))
                         : tr("|score| ≥ %1").arg(widgets::valueWithUnit(std::abs(least), unit).remove(u'+')));
    refreshGraph();
    refreshStatus();
    refreshSide();
}

void EdgesPane::refreshGraph()
{
    const EdgesController &edges = m_explorer.edges;
    const auto &numbers = edges.numbers();
    m_graph->setEmptyText(
        !numbers ? tr("Through whom does a head matter?\n“Score the edges” estimates what each part of the model "
                      "does through each reader of its output")
                 : tr("No edge is in the circuit: take more of the strongest"));
    OutsideEdges outside;
    outside.shown = m_outside->isChecked();
    outside.node = edges.currentEdge() || edges.currentNode() < -1 ? -2 : edges.currentNode();
    widgets::EdgeGraphView view;
    if (numbers && !edges.kept().empty())
        view = edgeGraphView(
            *numbers, edges.kept(), [this](HeadId head) { return m_explorer.roles.rolesOf(head); }, outside);
    m_title = view.title;
    if (view.leftOut == 0) // the line above says it
        view.title.clear();
    m_graph->setView(view);
    m_graph->setSelection(m_explorer.navigation.place().heads);
}

void EdgesPane::refreshStatus()
{
    const EdgesController &edges = m_explorer.edges;
    const auto &numbers = edges.numbers();
    QString text;
    if (numbers && edges.edgeCount() > 0) {
        text = sizeText(numbers->graph, edges.kept());
        if (edges.asked() != edges.edgeCount())
            text += tr(" (of %1 chosen)").arg(edges.asked());
        text += QStringLiteral(" · ") + faithfulnessText(edges);
    } else if (numbers && edges.asked() > 0) {
        text = tr("%1 chosen, but none of them lies on a way from the embedding to the logits: take more")
                   .arg(countedText(qsizetype(edges.asked()), "edge"));
    }
    m_status->setText(text);
    m_status->setToolTip(text);
}

void EdgesPane::refreshSide()
{
    const EdgesController &edges = m_explorer.edges;
    const auto &numbers = edges.numbers();
    const auto edge = edges.currentEdge();
    const int node = edges.currentNode();
    m_side->setVisible(numbers && (edge || node >= -1));
    m_edgeBox->setVisible(edge.has_value());
    if (!numbers)
        return;
    if (edge && numbers->graph.is_edge(*edge)) {
        const size_t cell = numbers->graph.cell(*edge);
        const QString unit = QString::fromStdString(numbers->unit.symbol);
        QStringList lines{QString::fromStdString(numbers->graph.name(*edge))
                          + (edges.has(*edge) ? tr(", in the circuit") : tr(", not in the circuit"))};
        if (!numbers->estimates.empty())
            lines << tr("%1: %2").arg(numbers->estimateName(),
                                      widgets::valueWithUnit(numbers->shown(numbers->estimates[cell]), unit));
        lines << (numbers->isExact(cell)
                      ? tr("exact: %1").arg(widgets::valueWithUnit(numbers->shown(numbers->exact[cell]), unit))
                      : tr("exact value not computed yet"));
        m_edgeText->setText(lines.join(QLatin1Char('\n')));
    }
    const int shown = node >= -1 ? node : edge ? numbers->graph.node(edge->reader) : -2;
    if (shown >= -1 && !edges.kept().empty())
        m_bars->setView(nodeBars(*numbers, edges.kept(), shown, 12, &m_barCells));
    else
        m_bars->setView({});
}

} // namespace patchbay
