#include "views/heatmap_pane.h"

#include "controllers/run_views.h"
#include "docks/dock_parts.h"
#include "heatmap_widget.h"

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
    connect(m_heatmap, &HeatmapWidget::contextMenuRequested, this, &HeatmapPane::showMenu);
    connect(&navigation, &Navigation::headsChanged, this, [this] { m_heatmap->setSelection(m_explorer.navigation.place().heads); });
    connect(&navigation, &Navigation::runChanged, this, &HeatmapPane::refresh);
    connect(&navigation, &Navigation::promptChanged, this, &HeatmapPane::refresh);
    connect(&m_explorer.runs, &RunsStore::runChanged, this, [this](int id) {
        const Place &place = m_explorer.navigation.place();
        if (id == place.run || id == place.comparedRun)
            refresh();
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
    m_mean = toggleButton(tr("Mean"), tr("Mean over all prompts"), bar);
    m_mean->setChecked(true);
    m_prompt = new QSlider(Qt::Horizontal, bar);
    m_prompt->setAccessibleName(tr("One prompt"));
    m_prompt->setToolTip(tr("One prompt instead of the mean"));
    m_prompt->setFixedWidth(140);
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
    row->addWidget(m_mean);
    row->addWidget(m_prompt);
    row->addWidget(m_promptText, 1);
    row->addWidget(fade);
    row->addWidget(m_threshold);
    connect(m_mean, &QToolButton::clicked, this, [this] { m_explorer.navigation.showPrompt(m_mean->isChecked() ? -1 : m_prompt->value()); });
    connect(m_prompt, &QSlider::valueChanged, this, [this](int prompt) { m_explorer.navigation.showPrompt(prompt); });
    connect(m_threshold, &QDoubleSpinBox::valueChanged, this, &HeatmapPane::refresh);
    return bar;
}

void HeatmapPane::refreshChooser()
{
    const SetupPtr &setup = m_explorer.document.setup();
    const int prompt = m_explorer.navigation.place().prompt;
    const QSignalBlocker blockSlider(m_prompt);
    m_prompt->setRange(0, setup ? setup->batch.prompts - 1 : 0);
    m_prompt->setEnabled(setup != nullptr);
    if (prompt >= 0)
        m_prompt->setValue(prompt);
    m_mean->setChecked(prompt < 0);
    QString text = setup ? tr("%1 prompts").arg(setup->batch.prompts) : QString();
    if (setup && prompt >= 0) {
        text = tr("prompt %1").arg(prompt + 1);
        if (prompt < static_cast<int>(setup->batch_pairs.size()))
            text += QStringLiteral("   ") + QString::fromStdString(setup->pairs[size_t(setup->batch_pairs[size_t(prompt)])].clean);
    }
    m_promptText->setText(text);
    m_promptText->setToolTip(text);
}

void HeatmapPane::refresh()
{
    refreshChooser();
    widgets::HeatmapView view = shownHeatmap(m_explorer.navigation.place(), m_explorer.runs);
    maskBelow(view, m_threshold->value());
    const Document &document = m_explorer.document;
    const RunEntry *run = m_explorer.runs.find(m_explorer.navigation.place().run);
    const QString single = run ? singleRunText(*run) : QString();
    m_heatmap->setEmptyText(!document.ready() ? (document.loading() ? tr("Loading the model") : tr("No model is open. Drop a model folder here."))
                            : !single.isEmpty() ? single
                            : run ? (run->state == RunState::Failed ? tr("This run failed:\n%1").arg(run->message) : tr("Starting"))
                                : tr("Choose what to patch in the toolbar, then press Run (Ctrl+R)"));
    m_heatmap->setView(view);
    m_heatmap->setSelection(m_explorer.navigation.place().heads);
}

void HeatmapPane::setContextActions(const QList<QAction *> &actions)
{
    m_contextActions = actions;
}

void HeatmapPane::setSumsVisible(bool visible)
{
    m_heatmap->setSumsVisible(visible);
}

void HeatmapPane::setCellTextsVisible(bool visible)
{
    m_heatmap->setCellTextsVisible(visible);
}

void HeatmapPane::showMenu(HeadId head, const QPoint &at)
{
    if (!head.valid())
        return;
    // A menu of a head outside the selection is about that head.
    if (!m_explorer.navigation.place().heads.contains(head))
        m_explorer.navigation.select({head}, head);
    QMenu menu(this);
    const auto &heads = m_explorer.navigation.place().heads;
    menu.addSection(heads.size() == 1 ? label(heads.front()) : tr("%1 heads").arg(heads.size()));
    menu.addActions(m_contextActions);
    menu.exec(at);
}

} // namespace patchbay
