#include "views/scatter_pane.h"

#include "docks/dock_parts.h"
#include "docks/run_delegate.h"
#include "scatter_widget.h"
#include "view_models.h"
#include "view_options.h"

#include <QComboBox>
#include <QGridLayout>
#include <QTimer>
#include <QVBoxLayout>

namespace patchbay {

using widgets::HeadId;
using widgets::ScatterWidget;

namespace {
constexpr int kRefreshDelay = 150; // ms: a running sweep changes its grids 20 times a second

bool ofDocument(const Explorer &explorer, const RunSpec &spec)
{
    const SetupPtr &setup = explorer.document.setup();
    return setup && spec.model == setup->model_ref && spec.task == setup->task_ref;
}
} // namespace

ScatterPane::ScatterPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_scatter(new ScatterWidget(this)), m_x(new QComboBox(this)),
      m_y(new QComboBox(this)), m_refresh(new QTimer(this))
{
    QVBoxLayout *column = paneColumn(this);
    auto *row = new QGridLayout; // an axis a row: the names of runs are long
    row->setContentsMargins(8, 6, 8, 4);
    row->setSpacing(4);
    row->setColumnStretch(1, 1);
    for (const auto &[box, text, tip] :
         {std::tuple{m_y, tr("y"), tr("Vertical axis")}, std::tuple{m_x, tr("x"), tr("Horizontal axis")}}) {
        auto *label = caption(text, this);
        label->setWordWrap(false);
        const int at = box == m_y ? 0 : 1;
        row->addWidget(label, at, 0);
        row->addWidget(box, at, 1);
        box->setAccessibleName(tip);
        box->setToolTip(tip);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(6);
        connect(box, &QComboBox::activated, this, [this] {
            m_chosen = true;
            refresh();
            Q_EMIT axesChosen();
        });
    }
    m_ofHead = toggleButton(
        tr("Head"), tr("The current head: attention from END against what it writes, one point a prompt"), this);
    keepOption(m_ofHead, "scatter.of-head");
    row->addWidget(m_ofHead, 0, 2);
    connect(m_ofHead, &QToolButton::toggled, this, [this](bool on) {
        m_explorer.contribution.setActive(on);
        refresh();
    });
    connect(&m_explorer.contribution, &ContributionController::viewChanged, this, &ScatterPane::refresh);
    column->addLayout(row);
    column->addWidget(m_scatter, 1);
    m_refresh->setSingleShot(true);
    m_refresh->setInterval(kRefreshDelay);
    connect(m_refresh, &QTimer::timeout, this, &ScatterPane::refreshAxes);
    const auto later = [this] {
        if (!m_refresh->isActive())
            m_refresh->start();
    };
    connect(&m_explorer.runs, &RunsStore::runChanged, this, [this, later](int id) {
        if (id != m_explorer.series.run())
            later();
    });
    connect(&m_explorer.series, &SeriesController::stepChanged, this, [this] {
        if (m_explorer.series.onView())
            refreshAxes();
    });
    connect(&m_explorer.runs, &RunsStore::runRemoved, this, later);
    connect(&m_explorer.navigation, &Navigation::runChanged, this, later);
    connect(&m_explorer.document, &Document::setupChanged, this, later);
    connect(&m_explorer.navigation, &Navigation::headsChanged, this,
            [this] { m_scatter->setSelection(m_explorer.navigation.place().heads); });
    connect(m_scatter, &ScatterWidget::selectionChanged, this, [this](const QVector<HeadId> &heads) {
        m_explorer.navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_scatter, &ScatterWidget::hovered, &m_explorer.attention, &AttentionController::prefetch);
    connect(m_scatter, &ScatterWidget::contextMenuRequested, this, &ScatterPane::menuRequested);
    connect(m_scatter, &ScatterWidget::activated, this, &ScatterPane::attentionRequested);
    setFocusProxy(m_scatter);
    refreshAxes();
}

QVector<ScatterPane::Axis> ScatterPane::available() const
{
    QVector<Axis> axes;
    for (const RunEntry &entry : m_explorer.runs.entries()) {
        // Effects of two tasks are not set against each other, nor those of two models; a series on view stands alone.
        const bool series = m_explorer.series.onView();
        if (!entry.result || (series ? entry.id != m_explorer.series.run() : !ofDocument(m_explorer, entry.spec)))
            continue;
        for (const Grid &grid : entry.result->grids)
            if (grid.axes == std::vector<std::string>{"layer", "head"})
                axes << Axis{entry.id, grid.name};
    }
    return axes;
}

const Grid *ScatterPane::gridOf(const Axis &axis) const
{
    const RunEntry *entry = m_explorer.runs.find(axis.run);
    return entry && entry->result ? entry->result->grid(axis.grid) : nullptr;
}

// What something can be set against, before what stands alone; of the run on view before others; its z if it has one.
ScatterPane::Axis ScatterPane::preferredY() const
{
    const int shown = m_explorer.navigation.place().run;
    Axis best = m_axes.value(0);
    int bestRank = 0;
    for (const Axis &axis : m_axes) {
        const int rank =
            (preferredX(axis) == axis ? 0 : 4) + (axis.run == shown ? 2 : 0) + (axis.grid.ends_with(".z") ? 1 : 0);
        if (rank > bestRank) {
            best = axis;
            bestRank = rank;
        }
    }
    return best;
}

// Patterns against it, of its own run before others, else the newest other grid: of the same model, prompts and
// direction, or nothing.
ScatterPane::Axis ScatterPane::preferredX(const Axis &y) const
{
    Axis best = y;
    int bestRank = -1;
    for (const Axis &axis : m_axes) {
        const int rank = (axis.grid.ends_with(".pattern") ? 2 : 0) + (axis.run == y.run ? 1 : 0);
        if (!(axis == y) && rank > bestRank && comparable(axis, y)) {
            best = axis;
            bestRank = rank;
        }
    }
    return best;
}

std::optional<std::pair<ScatterPane::Axis, ScatterPane::Axis>> ScatterPane::chosenAxes() const
{
    if (!m_chosen || m_axes.isEmpty())
        return std::nullopt;
    return std::pair(m_axes.value(m_x->currentIndex()), m_axes.value(m_y->currentIndex()));
}

void ScatterPane::chooseAxes(const Axis &x, const Axis &y)
{
    refreshAxes();
    m_x->setCurrentIndex(int(m_axes.indexOf(x)));
    m_y->setCurrentIndex(int(m_axes.indexOf(y)));
    m_chosen = true;
    refresh();
}

bool ScatterPane::comparable(const Axis &a, const Axis &b) const
{
    const Grid *one = gridOf(a), *other = gridOf(b);
    if (!one || !other)
        return false;
    const RunSpec &left = m_explorer.runs.find(a.run)->spec, &right = m_explorer.runs.find(b.run)->spec;
    return one->shape == other->shape && one->direction == other->direction && ablation_of(left) == ablation_of(right)
        && left.metric == right.metric && left.model == right.model && left.task == right.task;
}

void ScatterPane::refreshAxes()
{
    const QVector<Axis> axes = available();
    const Axis x = m_chosen ? m_axes.value(m_x->currentIndex()) : Axis{},
               y = m_chosen ? m_axes.value(m_y->currentIndex()) : Axis{};
    m_axes = axes;
    QStringList texts;
    for (const Axis &axis : axes)
        texts << QStringLiteral("%1 · %2").arg(facetTitle(axis.grid), shortName(*m_explorer.runs.find(axis.run)));
    const Axis shownY = axes.contains(y) ? y : preferredY(), shownX = axes.contains(x) ? x : preferredX(shownY);
    for (const auto &[box, axis] : {std::pair{m_x, shownX}, std::pair{m_y, shownY}}) {
        const QSignalBlocker block(box);
        box->clear();
        box->addItems(texts);
        box->setCurrentIndex(static_cast<int>(axes.indexOf(axis)));
    }
    refresh();
}

void ScatterPane::refresh()
{
    const bool ofHead = m_ofHead->isChecked();
    m_x->setEnabled(!ofHead && !m_axes.isEmpty());
    m_y->setEnabled(m_x->isEnabled());
    if (ofHead) {
        m_scatter->setEmptyText(tr("Click a head to see what it attends to against what it writes"));
        m_scatter->setView(m_explorer.contribution.view());
        return;
    }
    const Axis x = m_axes.value(m_x->currentIndex()), y = m_axes.value(m_y->currentIndex());
    const Grid *gridX = gridOf(x), *gridY = gridOf(y);
    m_scatter->setEmptyText(
        m_axes.isEmpty() ? tr("Run z and pattern to see how much of a head's effect its attention explains")
                         : tr("Run z and pattern together, or any second sweep, to compare two effects of every head"));
    if (!gridX || !gridY || x == y || gridX->shape != gridY->shape) {
        m_scatter->setView({});
        return;
    }
    const RunEntry *runX = m_explorer.runs.find(x.run), *runY = m_explorer.runs.find(y.run);
    widgets::ScatterView view = scatterView(*gridX, *gridY, runX->result->baseline, runY->result->baseline);
    view.diagonal = x.run != y.run;
    m_scatter->setView(view);
    m_scatter->setSelection(m_explorer.navigation.place().heads);
}

} // namespace patchbay
