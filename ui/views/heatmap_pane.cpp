#include "views/heatmap_pane.h"

#include "amounts_text.h"
#include "controllers/run_views.h"
#include "docks/dock_parts.h"
#include "heatmap_widget.h"
#include "patching/controls.h"
#include "theme.h"
#include "views/curve_pane.h"
#include "views/edge_matrix_pane.h"
#include "views/edges_pane.h"
#include "views/mask_control.h"
#include "views/result_views.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QMenu>
#include <QSlider>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace patchbay {

using widgets::HeadId;
using widgets::HeatmapWidget;

HeatmapPane::HeatmapPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_heatmap(new HeatmapWidget(this)),
      m_others(new ResultViews(explorer, this)), m_edges(new EdgesPane(explorer, this)),
      m_edgeMatrix(new EdgeMatrixPane(explorer, this)), m_curve(new CurvePane(explorer, this)),
      m_stack(new QStackedWidget(this))
{
    QVBoxLayout *column = paneColumn(this);
    column->addWidget(buildChooser());
    m_stack->addWidget(m_heatmap);
    for (QWidget *page : std::initializer_list<QWidget *>{m_others, m_edges, m_edgeMatrix, m_curve})
        m_stack->addWidget(page);
    column->addWidget(m_stack, 1);

    Navigation &navigation = m_explorer.navigation;
    connect(m_heatmap, &HeatmapWidget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_heatmap, &HeatmapWidget::hovered, this, [this](HeadId head, int) {
        m_explorer.runner.want(head);
        m_explorer.attention.prefetch(head);
    });
    connect(m_heatmap, &HeatmapWidget::activated, this, &HeatmapPane::attentionRequested);
    connect(m_heatmap, &HeatmapWidget::contextMenuRequested, this, &HeatmapPane::menuRequested);
    connect(m_others, &ResultViews::attentionRequested, this, &HeatmapPane::attentionRequested);
    connect(m_others, &ResultViews::menuRequested, this, &HeatmapPane::menuRequested);
    connect(m_edges, &EdgesPane::attentionRequested, this, &HeatmapPane::attentionRequested);
    connect(m_edges, &EdgesPane::menuRequested, this, &HeatmapPane::menuRequested);
    connect(m_heatmap, &HeatmapWidget::limitDragged, this, [this](double limit) {
        setRange({limit, m_range.locked, m_heatmap->view().unit});
    });
    connect(m_heatmap, &HeatmapWidget::rangeRequested, this, [this](const QPoint &at) {
        const bool own = m_range.locked || m_rangeRun == m_explorer.navigation.place().run;
        const QString unit = m_heatmap->view().unit;
        m_rangePanel->open(own && m_range.unit == unit ? m_range : ColourRange{0, false, unit}, m_heatmap->colourEnd(),
                           at);
    });
    connect(&navigation, &Navigation::headsChanged, this, [this] {
        m_heatmap->setSelection(m_explorer.navigation.place().heads);
        if (m_explorer.navigation.place().mask().but == HeadGroup{HeadGroup::Kind::Selection})
            refresh();
    });
    connect(&navigation, &Navigation::maskChanged, this, &HeatmapPane::refresh);
    connect(&navigation, &Navigation::circuitChanged, this, &HeatmapPane::refresh);
    connect(&m_explorer.roles, &HeadRoles::changed, this, &HeatmapPane::refresh);
    connect(&navigation, &Navigation::runChanged, this, &HeatmapPane::refresh);
    connect(&navigation, &Navigation::promptChanged, this, &HeatmapPane::refresh);
    connect(&m_explorer.runs, &RunsStore::runChanged, this, [this](int id, const ChangedCells &changed) {
        const Place &place = m_explorer.navigation.place();
        if (id != place.run && id != place.comparedRun) {
            if (changed.all && place.mask().active()) // it may be what heads are masked by
                refresh();
            return;
        }
        if (changed.all || place.comparedRun >= 0 || m_stack->currentWidget() != m_heatmap)
            refresh();
        else
            refreshCells(changed);
    });
    connect(&m_explorer.document, &Document::setupChanged, this, &HeatmapPane::refresh);
    connect(&m_explorer.document, &Document::loadingChanged, this, &HeatmapPane::refresh);
    refresh();
}

QWidget *HeatmapPane::buildChooser()
{
    auto *bar = new QWidget(this);
    auto *row = new QHBoxLayout(bar);
    row->setContentsMargins(10, 6, 10, 2);
    row->setSpacing(8);
    m_view = new QComboBox(bar);
    m_view->setAccessibleName(tr("View of the result"));
    m_view->setToolTip(tr("What the result is looked at as"));
    m_view->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    connect(m_view, &QComboBox::activated, this,
            [this](int index) { m_explorer.navigation.showAs(m_choices.value(index).key); });
    m_mean = toggleButton(tr("Mean"), tr("Mean over all prompts"), bar);
    m_mean->setChecked(true);
    m_prompt = new QSlider(Qt::Horizontal, bar);
    m_prompt->setObjectName(QStringLiteral("prompt"));
    m_prompt->setAccessibleName(tr("One prompt"));
    m_prompt->setToolTip(tr("One prompt instead of the mean"));
    m_prompt->setMinimumWidth(48); // gives way to a mask's chip on a small screen
    m_prompt->setMaximumWidth(120);
    m_prompt->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_promptText = caption({}, bar);
    m_promptText->setWordWrap(false);
    m_promptText->setTextInteractionFlags(Qt::NoTextInteraction);
    m_promptText->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_mask = new MaskControl(m_explorer, bar);
    connect(m_mask, &MaskControl::rolesRequested, this, &HeatmapPane::rolesRequested);
    connect(m_mask, &MaskControl::analysisRequested, this, &HeatmapPane::analysisRequested);
    m_rangePanel = new RangePanel(this);
    connect(m_rangePanel, &RangePanel::changed, this, &HeatmapPane::setRange);
    m_difference = toggleButton(tr("A − B"), {}, bar);
    m_difference->setPopupMode(QToolButton::InstantPopup);
    m_difference->setChecked(true);
    m_difference->hide();
    row->addWidget(m_view);
    row->addWidget(m_mean);
    row->addWidget(m_prompt);
    row->addWidget(m_difference);
    row->addWidget(m_promptText, 1);
    m_controls = caption({}, bar);
    m_controls->setWordWrap(false);
    m_controls->setObjectName(QStringLiteral("controls"));
    row->addWidget(m_controls);
    row->addWidget(m_mask);
    connect(m_mean, &QToolButton::clicked, this,
            [this] { m_explorer.navigation.showPrompt(m_mean->isChecked() ? -1 : m_prompt->value()); });
    connect(m_prompt, &QSlider::valueChanged, this, [this](int prompt) { m_explorer.navigation.showPrompt(prompt); });
    connect(m_difference, &QToolButton::toggled, m_difference,
            [this] { m_difference->setChecked(true); }); // it shows a state, its menu changes it
    return bar;
}

void HeatmapPane::setRange(const ColourRange &range)
{
    m_range = range;
    m_rangeRun = m_explorer.navigation.place().run;
    m_heatmap->setView(shownView());
}

void HeatmapPane::refreshChooser()
{
    const SetupPtr setup = m_explorer.document.ready() ? m_explorer.document.setup() : nullptr;
    const bool other = m_explorer.series.onView() && m_explorer.series.ofAnotherTask(m_explorer.document);
    const int prompt = other ? -1 : m_explorer.navigation.place().prompt;
    const QSignalBlocker blockSlider(m_prompt);
    const RunEntry *compared = m_explorer.runs.find(m_explorer.navigation.place().comparedRun);
    m_difference->setVisible(compared != nullptr);
    if (compared)
        m_difference->setToolTip(tr("The run on view minus %1").arg(compared->name));
    m_prompt->setRange(0, setup ? setup->batch.prompts - 1 : 0);
    m_prompt->setEnabled(setup != nullptr && !other);
    if (prompt >= 0)
        m_prompt->setValue(prompt);
    m_mean->setChecked(prompt < 0);
    QString text = other ? tr("mean over the prompts of this step's own task")
        : setup          ? countedText(setup->batch.prompts, "prompt")
                         : QString();
    if (setup && prompt >= 0) {
        text = tr("prompt %1").arg(prompt + 1);
        if (prompt < static_cast<int>(setup->batch_pairs.size()))
            text += QStringLiteral("   ")
                + QString::fromStdString(setup->pairs[size_t(setup->batch_pairs[size_t(prompt)])].clean);
    }
    m_promptText->setText(text);
    m_promptText->setToolTip(text);
}

widgets::HeatmapView HeatmapPane::shownView() const
{
    Place place = m_explorer.navigation.place();
    const SeriesController &series = m_explorer.series;
    if (series.onView() && series.ofAnotherTask(m_explorer.document))
        place.prompt = -1;
    widgets::HeatmapView view = shownHeatmap(place, m_explorer.runs);
    if (series.onView() && !view.facets.isEmpty()) {
        view.title += QStringLiteral(" · ") + series.stepText(series.step());
        view.floor = series.largest(view.unit); // a step looks as strong as it is beside the others
    }
    if (const RunEntry *run = m_explorer.runs.find(place.run))
        applyMask(view, place.mask(), *run, m_explorer.runs, m_explorer.roles);
    if (m_range.locked || m_rangeRun == place.run) {
        view.limit = m_range.limitFor(view.unit);
        view.limitLocked = m_range.locked && view.limit > 0;
    }
    return view;
}

// While a run goes on: its new cells.
void HeatmapPane::refreshCells(const ChangedCells &changed)
{
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    if (!run || !run->result)
        return;
    if (const QVector<widgets::CellRef> cells = shownCells(*run->result, changed); !cells.isEmpty())
        m_heatmap->updateCells(shownView(), cells);
}

// A run that has nothing to draw says so in the heatmap's place.
void HeatmapPane::refreshViews()
{
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    const QString key = shownAs(m_explorer.navigation.place(), m_explorer.runs);
    const QVector<ViewChoice> choices = run && run->result ? viewChoices(*run->result) : QVector<ViewChoice>();
    if (choices != m_choices) {
        m_choices = choices;
        m_view->clear();
        for (const ViewChoice &choice : choices)
            m_view->addItem(choice.title);
    }
    for (int i = 0; i < choices.size(); ++i)
        if (choices[i].key == key)
            m_view->setCurrentIndex(i);
    m_view->setVisible(choices.size() > 1);
    const bool heatmap = key.isEmpty() || key == QLatin1String("heatmap");
    QWidget *edges = key == QLatin1String("edge-graph") ? m_edges
        : key == QLatin1String("edge-matrix")           ? static_cast<QWidget *>(m_edgeMatrix)
        : key == QLatin1String("edge-curve")            ? m_curve
                                                        : nullptr;
    if (!heatmap && !edges)
        m_others->showResult(*run->result, key, shownView());
    // Prompts and masks of heads are nothing to edges, and the graph needs the room.
    for (QWidget *one : std::initializer_list<QWidget *>{m_mean, m_prompt, m_mask})
        one->setVisible(!edges);
    m_stack->setCurrentWidget(edges ? edges : heatmap ? static_cast<QWidget *>(m_heatmap) : m_others);
}

void HeatmapPane::refresh()
{
    refreshChooser();
    const Document &document = m_explorer.document;
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    m_heatmap->setEmptyText(!document.ready()
                                ? (document.loading()     ? tr("Loading the model")
                                       : document.setup() ? document.whyNoPrompts()
                                                          : tr("No model is open. Drop a model folder here."))
                                : run ? stateOf(*run)
                                      : tr("Which attention heads does the model need for this task?\n"
                                           "Choose what to patch in the toolbar, then press Run (Ctrl+R)"));
    const widgets::HeatmapView view = shownView();
    m_mask->refresh(view.facets.isEmpty() ? QString() : view.unit);
    m_heatmap->setView(view);
    m_heatmap->setSelection(m_explorer.navigation.place().heads);
    refreshControls();
    refreshViews();
}

// One quiet mark; loud where a control is not what it must be.
void HeatmapPane::refreshControls()
{
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    const QString note = run && run->result ? QString::fromStdString(controls_note(*run->result)) : QString();
    m_controls->setVisible(!note.isEmpty());
    if (note.isEmpty())
        return;
    const bool failed = controls_failed(*run->result);
    m_controls->setText(
        failed ? QStringLiteral("<b style='color:%1'>⚠ %2</b>")
                     .arg(widgets::isDark(palette()) ? QStringLiteral("#ff8a80") : QStringLiteral("#b3261e"),
                          tr("control failed"))
               : QStringLiteral("✓"));
    m_controls->setToolTip(note);
    m_controls->setAccessibleName(note);
}

QWidget *HeatmapPane::page() const
{
    return m_stack->currentWidget();
}

void HeatmapPane::setDifferenceActions(const QList<QAction *> &actions)
{
    auto *menu = new QMenu(m_difference);
    menu->addActions(actions);
    m_difference->setMenu(menu);
}

void HeatmapPane::setSumsVisible(bool visible)
{
    m_heatmap->setSumsVisible(visible);
}

void HeatmapPane::setCellTextsVisible(bool visible)
{
    m_heatmap->setCellTextsVisible(visible);
}

} // namespace patchbay
