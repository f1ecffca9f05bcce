#include "views/circuit_pane.h"

#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "graph_widget.h"
#include "view_options.h"

#include <QAction>
#include <QDoubleSpinBox>
#include <QMenu>
#include <QScrollArea>
#include <QTimer>
#include <QVBoxLayout>

namespace patchbay {

using widgets::GraphWidget;
using widgets::HeadId;

namespace {
constexpr int kRefreshDelay = 200; // ms: a running sweep changes its effects 20 times a second
constexpr double kLeast = 1;       // % of the gap: below it, edges are mostly noise and the graph unreadable
} // namespace

CircuitPane::CircuitPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_graph(new GraphWidget(this)), m_bar(new QWidget(this)),
      m_least(new QDoubleSpinBox(this)), m_hint(caption({}, this)), m_refresh(new QTimer(this))
{
    QVBoxLayout *column = paneColumn(this);
    auto *row = new FlowRow(m_bar);
    row->setContentsMargins(8, 6, 8, 4);
    row->setSpacing(4);
    m_least->setRange(0, 100);
    m_least->setDecimals(1);
    m_least->setSingleStep(0.5);
    m_least->setValue(kLeast);
    m_least->setPrefix(tr("paths ≥ "));
    m_least->setSuffix(tr(" %"));
    m_least->setAccessibleName(tr("Smallest effect of a path that is drawn"));
    m_least->setToolTip(tr("Paths with a smaller effect are not drawn"));
    keepOption(m_least, "circuit.least");
    column->addWidget(m_bar);
    // A circuit of many layers is scrolled through rather than squeezed.
    auto *scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(m_graph);
    m_graph->setGrows(true);
    column->addWidget(scroll, 1);
    column->addWidget(m_hint);
    m_hint->setContentsMargins(10, 2, 10, 6);
    m_graph->setEmptyText(tr("Right-click a head and add it to the circuit:\nits measured paths are drawn here"));
    setFocusProxy(m_graph);

    m_refresh->setSingleShot(true);
    m_refresh->setInterval(kRefreshDelay);
    connect(m_refresh, &QTimer::timeout, this, &CircuitPane::refresh);
    const auto later = [this] {
        if (!m_explorer.navigation.place().circuit.isEmpty() && !m_refresh->isActive())
            m_refresh->start();
    };
    Navigation &navigation = m_explorer.navigation;
    connect(&navigation, &Navigation::circuitChanged, this, &CircuitPane::refresh);
    connect(&navigation, &Navigation::headsChanged, this,
            [this] { m_graph->setSelection(m_explorer.navigation.place().heads); });
    connect(&m_explorer.runs, &RunsStore::runChanged, this, later);
    connect(&m_explorer.runs, &RunsStore::runRemoved, this, later);
    connect(&m_explorer.roles, &HeadRoles::changed, this, later);
    connect(&m_explorer.recipe, &RecipeController::circuitShown, this, later);
    connect(m_least, &QDoubleSpinBox::valueChanged, this, &CircuitPane::refresh);
    connect(m_graph, &GraphWidget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_graph, &GraphWidget::hovered, &m_explorer.attention, &AttentionController::prefetch);
    connect(m_graph, &GraphWidget::contextMenuRequested, this, &CircuitPane::menuRequested);
    connect(m_graph, &GraphWidget::activated, this, &CircuitPane::attentionRequested);
    refresh();
}

void CircuitPane::setActions(const QList<QAction *> &buttons, const QList<QAction *> &more)
{
    for (QAction *action : buttons) {
        QToolButton *button = flatButton({}, action->toolTip(), m_bar);
        button->setDefaultAction(action);
        button->setText(action->iconText());
        m_bar->layout()->addWidget(button);
    }
    auto *menu = new QMenu(this);
    menu->addActions(more);
    QToolButton *button = flatButton(tr("More"), tr("More about the circuit"), m_bar);
    button->setPopupMode(QToolButton::InstantPopup);
    button->setMenu(menu);
    m_bar->layout()->addWidget(button);
    m_bar->layout()->addWidget(m_least);
}

QString CircuitPane::hint() const
{
    const auto &lonely = m_shown.withoutEffect;
    if (lonely.isEmpty())
        return {};
    QStringList names;
    for (const HeadId &head : lonely.first(std::min<qsizetype>(lonely.size(), 4)))
        names << label(head);
    if (lonely.size() > 4)
        names << QStringLiteral("…");
    return tr("No measured path leads out of %1. Path patch every head into the final residual, or into the heads that "
              "they may write to.")
        .arg(names.join(QStringLiteral(", ")));
}

void CircuitPane::refresh()
{
    const auto &circuit = m_explorer.navigation.place().circuit;
    m_shown = m_explorer.document.ready()
        ? circuitGraph(circuit, m_explorer.runs, m_explorer.roles, *m_explorer.document.setup(), m_least->value(),
                       m_explorer.recipe.circuit())
        : CircuitGraph{};
    m_graph->setView(m_shown.view);
    m_graph->setSelection(m_explorer.navigation.place().heads);
    m_hint->setText(hint());
    m_hint->setVisible(!m_hint->text().isEmpty());
}

} // namespace patchbay
