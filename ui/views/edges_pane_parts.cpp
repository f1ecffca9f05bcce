// The controls of the graph of edges.
#include "views/edges_pane.h"

#include "bars_widget.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "edge_graph_widget.h"
#include "view_options.h"

#include <QAction>
#include <QComboBox>
#include <QMenu>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QVBoxLayout>

namespace patchbay {

namespace {

void choose(QComboBox *box, const QString &key)
{
    const QSignalBlocker block(box);
    box->setCurrentIndex(std::max(0, box->findData(key)));
}

} // namespace

QWidget *EdgesPane::buildScores()
{
    auto *bar = new QWidget(this);
    auto *row = new FlowRow(bar);
    row->setContentsMargins(8, 2, 8, 2);
    row->setSpacing(6);
    const auto box = [&](const QString &accessible, const QString &tip) {
        auto *made = new QComboBox(bar);
        made->setAccessibleName(accessible);
        made->setToolTip(tip);
        made->setSizeAdjustPolicy(QComboBox::AdjustToContents);
        row->addWidget(made);
        return made;
    };
    m_method = box(tr("How edges are scored"), tr("The first-order estimate that scores all edges"));
    for (const EdgeMethod method :
         {EdgeMethod::EapIg, EdgeMethod::Eap, EdgeMethod::CleanCorrupted, EdgeMethod::EapIgActivations})
        m_method->addItem(QString::fromStdString(title(method)), QString::fromStdString(name(method)));
    m_metric = box(tr("Metric of the edges"), tr("What edges change"));
    for (const MetricInfo &metric : metrics())
        if (metric.slope)
            m_metric->addItem(QString::fromStdString(title(metric)), QString::fromLatin1(metric.name));
    m_direction =
        box(tr("Direction of the edges"), tr("Noising: other values into the clean run; denoising: the twin"));
    m_direction->addItem(tr("noising"), QString::fromStdString(name(Direction::Noise)));
    m_direction->addItem(tr("denoising"), QString::fromStdString(name(Direction::Denoise)));
    m_replacement = box(tr("What an edge carries instead"),
                        tr("What takes the place of what an edge carries: the other run's value, nothing, or a mean"));
    for (const EdgeReplacement replacement :
         {EdgeReplacement::Patching, EdgeReplacement::Zero, EdgeReplacement::Mean, EdgeReplacement::MeanPositional})
        m_replacement->addItem(QString::fromStdString(name(replacement)), QString::fromStdString(name(replacement)));
    m_find = new QPushButton(tr("Score the edges"), bar);
    m_find->setObjectName(QStringLiteral("find-edges"));
    m_find->setToolTip(tr("Estimates every edge so; the strongest become the circuit"));
    row->addWidget(m_find);
    keepOption(m_method, "edges.method");
    keepOption(m_metric, "edges.metric");
    keepOption(m_replacement, "edges.replacement");
    keepOption(m_direction, "edges.direction");
    EdgesController &edges = m_explorer.edges;
    const auto chosen = [this, &edges] {
        EdgeChoice choice;
        choice.method = parse_edge_method(m_method->currentData().toString().toStdString());
        choice.direction = parse_direction(m_direction->currentData().toString().toStdString());
        choice.replacement = parse_edge_replacement(m_replacement->currentData().toString().toStdString());
        choice.metric = m_metric->currentData().toString().toStdString();
        edges.setChoice(choice);
    };
    for (QComboBox *one : {m_method, m_metric, m_direction, m_replacement})
        connect(one, &QComboBox::activated, this, chosen);
    connect(m_find, &QPushButton::clicked, &edges, &EdgesController::find);
    return bar;
}

QWidget *EdgesPane::buildCircuit()
{
    auto *bar = new QWidget(this);
    auto *column = new QVBoxLayout(bar);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *controls = new QWidget(bar);
    auto *row = new FlowRow(controls);
    row->setContentsMargins(8, 2, 8, 2);
    row->setSpacing(6);
    column->addWidget(controls);
    m_top = new QSpinBox(controls);
    m_top->setAccessibleName(tr("How many of the strongest edges"));
    m_top->setToolTip(tr("So many of the strongest edges are in the circuit, before nodes that nothing reaches are "
                         "pruned"));
    m_top->setPrefix(tr("top "));
    m_top->setKeyboardTracking(false);
    m_slider = new QSlider(Qt::Horizontal, controls);
    m_slider->setAccessibleName(tr("Threshold of the circuit"));
    m_slider->setToolTip(tr("From one edge to all of them, by factors: graph and faithfulness follow"));
    m_slider->setRange(0, 400);
    m_slider->setPageStep(20);
    m_slider->setMinimumWidth(140);
    m_least = caption({}, controls);
    m_least->setWordWrap(false);
    m_bySign = toggleButton(
        tr("Signed"), tr("Choose by signed score (as CPR does), not by size: what most keeps the behaviour first"),
        controls);
    m_outside = toggleButton(tr("Outside"),
                             tr("Also the strongest edges that are not in the circuit: of the clicked node, or of all"),
                             controls);
    m_circuits = flatButton(tr("Circuit"), tr("Keep, open and compare circuits"), controls);
    m_circuits->setObjectName(QStringLiteral("edge-circuits"));
    m_circuits->setPopupMode(QToolButton::InstantPopup);
    m_named = new QMenu(tr("Kept circuits"), this);
    m_curve = new QPushButton(tr("Curve"), controls);
    m_curve->setObjectName(QStringLiteral("edge-curve"));
    m_curve->setToolTip(tr("Runs circuits from 0.1 % to 100 % of all edges: faithfulness, CPR and CMD"));
    m_status = caption({}, bar);
    m_status->setObjectName(QStringLiteral("edges-status"));
    m_status->setContentsMargins(10, 0, 10, 2);
    m_status->setWordWrap(false);
    m_status->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    for (QWidget *one :
         std::initializer_list<QWidget *>{m_top, m_slider, m_least, m_bySign, m_outside, m_circuits, m_curve})
        row->addWidget(one);
    keepOption(m_outside, "edges.outside");
    column->addWidget(m_status);
    EdgesController &edges = m_explorer.edges;
    connect(m_slider, &QSlider::valueChanged, this, &EdgesPane::askedFor);
    connect(m_top, &QSpinBox::valueChanged, this, [&edges](int n) { edges.setTop(n, true); });
    connect(m_bySign, &QToolButton::toggled, this, [&edges](bool on) { edges.setBySign(on); });
    connect(m_outside, &QToolButton::toggled, this, &EdgesPane::refreshGraph);
    connect(m_curve, &QPushButton::clicked, &edges, &EdgesController::runCurve);
    return bar;
}

QWidget *EdgesPane::buildSide()
{
    m_side = new QWidget(this);
    auto *column = new QVBoxLayout(m_side);
    column->setContentsMargins(6, 4, 6, 4);
    m_edgeBox = new QWidget(m_side);
    auto *box = new QVBoxLayout(m_edgeBox);
    box->setContentsMargins(0, 0, 0, 0);
    m_edgeText = caption({}, m_edgeBox);
    m_edgeText->setObjectName(QStringLiteral("edge-text"));
    box->addWidget(m_edgeText);
    column->addWidget(m_edgeBox);
    m_bars = new widgets::BarsWidget(m_side);
    m_bars->setEmptyText(tr("Click a node or an edge"));
    column->addWidget(m_bars, 1);
    m_side->setMinimumWidth(210);
    m_side->hide();
    return m_side;
}

void EdgesPane::setActions(const QList<QAction *> &edge, const QList<QAction *> &circuit)
{
    m_edgeActions = edge;
    auto *buttons = new QWidget(m_edgeBox);
    auto *row = new FlowRow(buttons);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    for (QAction *action : edge) {
        QToolButton *button = flatButton({}, action->toolTip(), buttons);
        button->setDefaultAction(action);
        button->setText(action->iconText());
        row->addWidget(button);
    }
    m_edgeBox->layout()->addWidget(buttons);
    auto *menu = new QMenu(m_circuits);
    menu->addActions(circuit);
    menu->addSeparator();
    menu->addMenu(m_named);
    m_circuits->setMenu(menu);
}

void EdgesPane::refreshChoice()
{
    const EdgeChoice &choice = m_explorer.edges.choice();
    choose(m_method, QString::fromStdString(name(choice.method)));
    choose(m_direction, QString::fromStdString(name(choice.direction)));
    choose(m_replacement, QString::fromStdString(name(choice.replacement)));
    choose(m_metric, QString::fromStdString(choice.metric));
    const bool patching = choice.replacement == EdgeReplacement::Patching; // others: EAP, noising
    m_method->setEnabled(patching);
    m_direction->setEnabled(patching);
}

void EdgesPane::fillNamed()
{
    EdgesController &edges = m_explorer.edges;
    m_named->clear();
    m_named->setEnabled(!edges.named().isEmpty());
    for (const KeptEdges &one : edges.named()) {
        QMenu *menu = m_named->addMenu(one.name);
        menu->addAction(tr("Show"), this, [&edges, name = one.name] { edges.showNamed(name); });
        const auto with = [this, &edges, kept = one.kept, name = one.name](auto combine, const QString &what) {
            return [this, &edges, kept, name, combine, what] {
                if (edges.kept().size() == kept->size())
                    edges.take(combine(edges.kept(), *kept), {}, what.arg(name));
            };
        };
        menu->addAction(tr("Add its edges"), this, with(united, tr("Add the edges of %1")));
        menu->addAction(tr("Keep only edges of both"), this, with(intersected, tr("Keep the edges of %1")));
        menu->addAction(tr("Take its edges out"), this, with(subtracted, tr("Take out the edges of %1")));
        menu->addSeparator();
        menu->addAction(tr("Forget it"), this, [&edges, name = one.name] { edges.forget(name); });
    }
}

} // namespace patchbay
