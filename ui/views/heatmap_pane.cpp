#include "views/heatmap_pane.h"

#include "controllers/run_views.h"
#include "docks/dock_parts.h"
#include "heatmap_widget.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QMenu>
#include <QSlider>
#include <QVBoxLayout>

namespace patchbay {

using widgets::HeadId;
using widgets::HeatmapWidget;

HeatmapPane::HeatmapPane(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer), m_heatmap(new HeatmapWidget(this))
{
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(buildChooser());
    column->addWidget(m_heatmap, 1);

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
    connect(&navigation, &Navigation::headsChanged, this, [this] {
        m_heatmap->setSelection(m_explorer.navigation.place().heads);
        if (m_explorer.navigation.place().mask.role == HeadRoles::kSelection)
            refresh();
    });
    connect(&navigation, &Navigation::maskChanged, this, &HeatmapPane::refresh);
    connect(&navigation, &Navigation::circuitChanged, this, [this] {
        refreshRoles();
        refresh();
    });
    connect(&m_explorer.roles, &HeadRoles::changed, this, [this] {
        refreshRoles();
        refresh();
    });
    connect(&navigation, &Navigation::runChanged, this, &HeatmapPane::refresh);
    connect(&navigation, &Navigation::promptChanged, this, &HeatmapPane::refresh);
    connect(&m_explorer.runs, &RunsStore::runChanged, this, [this](int id, const ChangedCells &changed) {
        const Place &place = m_explorer.navigation.place();
        if (id != place.run && id != place.comparedRun)
            return;
        if (changed.all || place.comparedRun >= 0)
            refresh();
        else
            refreshCells(changed);
    });
    connect(&m_explorer.document, &Document::setupChanged, this, &HeatmapPane::refresh);
    connect(&m_explorer.document, &Document::loadingChanged, this, &HeatmapPane::refresh);
    refreshRoles();
    refresh();
}

QWidget *HeatmapPane::buildChooser()
{
    auto *bar = new QWidget(this);
    auto *row = new QHBoxLayout(bar);
    row->setContentsMargins(10, 6, 10, 2);
    row->setSpacing(8);
    m_mean = toggleButton(tr("Mean"), tr("Mean over all prompts"), bar);
    m_mean->setChecked(true);
    m_prompt = new QSlider(Qt::Horizontal, bar);
    m_prompt->setAccessibleName(tr("One prompt"));
    m_prompt->setToolTip(tr("One prompt instead of the mean"));
    m_prompt->setFixedWidth(120);
    m_promptText = caption({}, bar);
    m_promptText->setWordWrap(false);
    m_promptText->setTextInteractionFlags(Qt::NoTextInteraction);
    m_promptText->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_threshold = new QDoubleSpinBox(bar);
    m_threshold->setRange(0, 100);
    m_threshold->setSingleStep(1);
    m_threshold->setDecimals(0);
    m_threshold->setSuffix(tr(" %"));
    m_threshold->setSpecialValueText(tr("off"));
    m_threshold->setAccessibleName(tr("Fade effects below"));
    m_threshold->setToolTip(tr("Heads with a smaller effect are faded"));
    auto *fade = caption(tr("Fade below"), bar);
    fade->setWordWrap(false);
    auto *show = caption(tr("Show"), bar);
    show->setWordWrap(false);
    m_role = new QComboBox(bar);
    m_role->setAccessibleName(tr("Which heads are not faded"));
    m_role->setToolTip(tr("Heads without this role are faded"));
    m_role->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_role->setMinimumContentsLength(9);
    m_difference = toggleButton(tr("A − B"), {}, bar);
    m_difference->setPopupMode(QToolButton::InstantPopup);
    m_difference->setChecked(true);
    m_difference->hide();
    row->addWidget(m_mean);
    row->addWidget(m_prompt);
    row->addWidget(m_difference);
    row->addWidget(m_promptText, 1);
    row->addWidget(show);
    row->addWidget(m_role);
    row->addWidget(fade);
    row->addWidget(m_threshold);
    connect(m_mean, &QToolButton::clicked, this,
            [this] { m_explorer.navigation.showPrompt(m_mean->isChecked() ? -1 : m_prompt->value()); });
    connect(m_prompt, &QSlider::valueChanged, this, [this](int prompt) { m_explorer.navigation.showPrompt(prompt); });
    connect(m_threshold, &QDoubleSpinBox::valueChanged, this, [this](double below) {
        Mask mask = m_explorer.navigation.place().mask;
        mask.below = below;
        m_explorer.navigation.setMask(mask);
    });
    connect(m_role, &QComboBox::activated, this, &HeatmapPane::chooseRole);
    connect(m_difference, &QToolButton::toggled, m_difference,
            [this] { m_difference->setChecked(true); }); // it shows a state, its menu changes it
    return bar;
}

namespace {
const QString kFind = QStringLiteral("@find"); // not a role: starts the analysis that finds them
}

void HeatmapPane::refreshRoles()
{
    const QSignalBlocker block(m_role);
    const HeadRoles &roles = m_explorer.roles;
    m_role->clear();
    m_role->addItem(tr("all heads"), QString());
    for (const QString &role : roles.roles())
        m_role->addItem(QStringLiteral("%1 (%2)").arg(role).arg(roles.headsWith(role).size()), role);
    m_role->addItem(tr("the circuit (%1)").arg(m_explorer.navigation.place().circuit.size()), HeadRoles::kCircuit);
    m_role->addItem(tr("the selection"), HeadRoles::kSelection);
    if (!roles.known()) {
        m_role->insertSeparator(m_role->count());
        m_role->addItem(tr("Find the roles…"), kFind);
    }
}

void HeatmapPane::chooseRole()
{
    const QString role = m_role->currentData().toString();
    if (role == kFind)
        Q_EMIT rolesRequested();
    Mask mask = m_explorer.navigation.place().mask;
    mask.role = role == kFind ? QString() : role;
    m_explorer.navigation.setMask(mask);
    refreshChooser();
}

void HeatmapPane::refreshChooser()
{
    const SetupPtr setup = m_explorer.document.ready() ? m_explorer.document.setup() : nullptr;
    const int prompt = m_explorer.navigation.place().prompt;
    const QSignalBlocker blockSlider(m_prompt), blockThreshold(m_threshold), blockRole(m_role);
    const Mask &mask = m_explorer.navigation.place().mask;
    m_threshold->setValue(mask.below);
    m_role->setCurrentIndex(std::max(0, m_role->findData(mask.role)));
    const RunEntry *compared = m_explorer.runs.find(m_explorer.navigation.place().comparedRun);
    m_difference->setVisible(compared != nullptr);
    if (compared)
        m_difference->setToolTip(tr("The run on view minus %1").arg(compared->name));
    m_prompt->setRange(0, setup ? setup->batch.prompts - 1 : 0);
    m_prompt->setEnabled(setup != nullptr);
    if (prompt >= 0)
        m_prompt->setValue(prompt);
    m_mean->setChecked(prompt < 0);
    QString text = setup ? tr("%1 prompts").arg(setup->batch.prompts) : QString();
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
    widgets::HeatmapView view = shownHeatmap(m_explorer.navigation.place(), m_explorer.runs);
    const Mask &mask = m_explorer.navigation.place().mask;
    m_threshold->setSuffix(view.unit.isEmpty() ? QString() : QLatin1Char(' ') + view.unit);
    maskBelow(view, mask.below);
    if (!mask.role.isEmpty())
        maskAllBut(view, m_explorer.roles.headsWith(mask.role));
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

void HeatmapPane::refresh()
{
    refreshChooser();
    const Document &document = m_explorer.document;
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    const QString single = run ? singleRunText(*run) : QString();
    m_heatmap->setEmptyText(
        !document.ready()       ? (document.loading()     ? tr("Loading the model")
                                       : document.setup() ? document.whyNoPrompts()
                                                          : tr("No model is open. Drop a model folder here."))
            : !single.isEmpty() ? single
            : run ? (run->state == RunState::Failed ? tr("This run failed:\n%1").arg(run->message) : tr("Starting"))
                  : tr("Choose what to patch in the toolbar, then press Run (Ctrl+R)"));
    m_heatmap->setView(shownView());
    m_heatmap->setSelection(m_explorer.navigation.place().heads);
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
