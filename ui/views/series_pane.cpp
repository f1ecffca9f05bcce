#include "views/series_pane.h"

#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "export/series_subjects.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "model/model_folder.h"
#include "series_views.h"
#include "view_models.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace patchbay {

using widgets::HeadId;
using widgets::HeatmapWidget;
using widgets::LinesWidget;

SeriesPane::SeriesPane(Explorer &explorer, QWidget *parent) : QWidget(parent), m_explorer(explorer)
{
    QVBoxLayout *column = paneColumn(this);
    column->addWidget(buildOptions());
    m_note = caption({}, this);
    m_note->setContentsMargins(10, 0, 10, 2);
    column->addWidget(m_note);
    m_stack = new QStackedWidget(this);
    auto *plots = new QSplitter(Qt::Vertical, m_stack);
    plots->setChildrenCollapsible(false);
    m_plots = plots;
    m_baseline = new LinesWidget(plots);
    m_lines = new LinesWidget(plots);
    plots->addWidget(m_baseline);
    plots->addWidget(m_lines);
    plots->setStretchFactor(0, 2);
    plots->setStretchFactor(1, 5);
    m_heatmap = new HeatmapWidget(m_stack);
    m_stack->addWidget(plots);
    m_stack->addWidget(m_heatmap);
    column->addWidget(m_stack, 1);
    m_lines->setEmptyText(
        tr("How does a circuit form?\nRun › Series… computes the same at every checkpoint of a model; "
           "the demo model's own training is there"));

    SeriesController &series = m_explorer.series;
    Navigation &navigation = m_explorer.navigation;
    for (LinesWidget *plot : {m_baseline, m_lines})
        connect(plot, &LinesWidget::stepClicked, &series, [this](int step) {
            m_explorer.series.setStep(step);
            if (!m_explorer.series.onView())
                m_explorer.series.show();
        });
    connect(m_lines, &LinesWidget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_lines, &LinesWidget::contextMenuRequested, this, &SeriesPane::menuRequested);
    connect(m_lines, &LinesWidget::activated, this, &SeriesPane::attentionRequested);
    connect(m_heatmap, &HeatmapWidget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
        navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
    });
    connect(m_heatmap, &HeatmapWidget::contextMenuRequested, this, &SeriesPane::menuRequested);
    connect(m_heatmap, &HeatmapWidget::activated, this, &SeriesPane::attentionRequested);
    connect(&navigation, &Navigation::headsChanged, this, &SeriesPane::refreshViews);
    connect(&series, &SeriesController::seriesChanged, this, &SeriesPane::refresh);
    connect(&series, &SeriesController::measuresChanged, this, &SeriesPane::refresh);
    connect(&series, &SeriesController::stepChanged, this, &SeriesPane::followStep);
    connect(&m_explorer.document, &Document::setupChanged, this, &SeriesPane::followStep);
    connect(m_open, &QPushButton::clicked, this, [this] {
        const SeriesController &at = m_explorer.series;
        if (at.series())
            Q_EMIT modelRequested(QString::fromStdString(at.series()->steps[size_t(at.step())].model));
    });
    setFocusProxy(m_lines);
    refresh();
}

QWidget *SeriesPane::buildOptions()
{
    auto *options = new QWidget(this);
    auto *row = new FlowRow(options);
    row->setContentsMargins(8, 6, 8, 4);
    row->setSpacing(6);
    const auto box = [&](const QString &name) {
        auto *made = new QComboBox(options);
        made->setAccessibleName(name);
        made->setToolTip(name);
        made->setSizeAdjustPolicy(QComboBox::AdjustToContents);
        row->addWidget(made);
        return made;
    };
    m_look = box(tr("View of the series"));
    m_look->addItems({tr("Heads over training"), tr("Small heatmaps"), tr("First steps"), tr("Likeness"), tr("Roles")});
    m_part = box(tr("Which step of the recipe"));
    m_quantity = box(tr("Which quantity"));
    m_log = toggleButton(tr("Log"), tr("Steps by their logarithm"), options);
    m_raw = toggleButton(tr("Raw values"), tr("Effects as differences of the metric, not in % of each step's gap"),
                         options);
    m_threshold = new QDoubleSpinBox(options);
    m_threshold->setAccessibleName(tr("A head has appeared where its value is at least this"));
    m_threshold->setToolTip(m_threshold->accessibleName());
    m_threshold->setPrefix(QStringLiteral("≥ "));
    m_threshold->setRange(0.001, 1e6);
    m_threshold->setKeyboardTracking(false);
    m_top = new QSpinBox(options);
    m_top->setAccessibleName(tr("How many of the strongest heads are compared"));
    m_top->setToolTip(m_top->accessibleName());
    m_top->setPrefix(tr("top "));
    m_top->setRange(1, 999);
    m_top->setKeyboardTracking(false);
    for (QWidget *one : {static_cast<QWidget *>(m_log), static_cast<QWidget *>(m_raw),
                         static_cast<QWidget *>(m_threshold), static_cast<QWidget *>(m_top)})
        row->addWidget(one);
    m_reference = box(tr("The step that others are compared with"));
    m_open = new QPushButton(tr("Open this step's model"), options);
    m_open->setToolTip(tr("Its attention and everything else that needs the model"));
    row->addWidget(m_open);
    connect(m_look, &QComboBox::currentIndexChanged, this, &SeriesPane::refresh);
    connect(m_log, &QToolButton::toggled, this, &SeriesPane::refreshViews);
    connect(m_raw, &QToolButton::toggled, this, &SeriesPane::askAgain);
    connect(m_part, &QComboBox::activated, this, [this] {
        m_quantity->setCurrentIndex(-1);
        askAgain();
    });
    connect(m_quantity, &QComboBox::activated, this, &SeriesPane::askAgain);
    connect(m_reference, &QComboBox::activated, this, &SeriesPane::askAgain);
    connect(m_threshold, &QDoubleSpinBox::valueChanged, this, &SeriesPane::askAgain);
    connect(m_top, &QSpinBox::valueChanged, this, &SeriesPane::askAgain);
    return options;
}

SeriesPane::Look SeriesPane::look() const
{
    return Look(m_look->currentIndex());
}

void SeriesPane::setLook(Look look)
{
    m_look->setCurrentIndex(int(look));
}

// Other numbers are wanted. What a quantity's own threshold is follows it.
void SeriesPane::askAgain()
{
    const SeriesMeasuresPtr &now = m_explorer.series.measures();
    MeasureOptions options = m_explorer.series.options();
    options.part = m_part->currentData().toString().toStdString();
    options.quantity = m_quantity->currentData().toString().toStdString();
    options.raw = m_raw->isChecked();
    options.top = size_t(m_top->value());
    const bool same = now && now->options.quantity == options.quantity && now->options.part == options.part
        && now->options.raw == options.raw;
    options.threshold = same ? m_threshold->value() : 0;
    if (m_reference->currentIndex() >= 0)
        options.reference = size_t(m_reference->currentIndex());
    m_explorer.series.setOptions(options);
}

void SeriesPane::refresh()
{
    refreshOptions();
    refreshViews();
    followStep();
}

void SeriesPane::refreshOptions()
{
    const SeriesController &at = m_explorer.series;
    const SeriesMeasuresPtr &measures = at.measures();
    for (QWidget *one : std::initializer_list<QWidget *>{m_part, m_quantity, m_reference, m_raw, m_threshold, m_top})
        one->blockSignals(true);
    m_part->clear();
    m_quantity->clear();
    m_reference->clear();
    if (at.series()) {
        for (const SeriesPart &part : at.series()->parts)
            if (!head_quantities(*at.series(), part.id).empty())
                m_part->addItem(QString::fromStdString(part.title), QString::fromStdString(part.id));
        m_part->setCurrentIndex(m_part->findData(QString::fromStdString(at.options().part)));
        for (const std::string &name : head_quantities(*at.series(), at.options().part))
            m_quantity->addItem(facetTitle(name), QString::fromStdString(name));
        for (const SeriesStepResult &step : at.series()->steps)
            m_reference->addItem(tr("like %1").arg(QString::fromStdString(step.name)));
    }
    if (measures) {
        m_quantity->setCurrentIndex(m_quantity->findData(QString::fromStdString(measures->options.quantity)));
        m_reference->setCurrentIndex(int(*measures->options.reference));
        m_raw->setChecked(measures->options.raw);
        m_threshold->setSuffix(
            measures->heads.unit.empty() ? QString() : QLatin1Char(' ') + QString::fromStdString(measures->heads.unit));
        m_threshold->setDecimals(measures->options.threshold >= 5 ? 0 : measures->options.threshold >= 0.5 ? 1 : 3);
        m_threshold->setValue(measures->options.threshold);
        m_top->setValue(int(measures->options.top));
    }
    for (QWidget *one : std::initializer_list<QWidget *>{m_part, m_quantity, m_reference, m_raw, m_threshold, m_top})
        one->blockSignals(false);
    const Look shown = look();
    m_part->setVisible(m_part->count() > 1 && shown != Look::Roles);
    m_quantity->setVisible(m_quantity->count() > 1 && shown != Look::Roles);
    m_log->setVisible(shown == Look::Heads || shown == Look::Likeness || shown == Look::Roles);
    m_raw->setVisible(measures && measures->heads.effect && shown != Look::Roles);
    m_threshold->setVisible(measures && shown == Look::FirstSteps);
    m_top->setVisible(measures && shown == Look::Likeness);
    m_reference->setVisible(measures && shown == Look::Likeness);
    const std::string note = measures && shown != Look::Roles ? blank_note(*at.series(), measures->heads) : "";
    m_note->setText(QString::fromStdString(note));
    m_note->setVisible(!note.empty());
}

void SeriesPane::refreshViews()
{
    const SeriesController &at = m_explorer.series;
    const SeriesMeasuresPtr &measures = at.measures();
    const bool lines = look() != Look::Heatmaps && look() != Look::FirstSteps;
    m_stack->setCurrentWidget(lines ? m_plots : static_cast<QWidget *>(m_heatmap));
    if (!at.series() || !measures || measures->heads.steps.size() != at.series()->steps.size()) {
        m_baseline->setView({});
        m_lines->setView({});
        m_heatmap->setView({});
        m_baseline->hide();
        return;
    }
    const SeriesResults &series = *at.series();
    const QVector<HeadId> &heads = m_explorer.navigation.place().heads;
    const bool log = m_log->isChecked();
    if (lines) {
        widgets::LinesView view = look() == Look::Heads ? headLines(series, *measures, heads, log)
            : look() == Look::Likeness                  ? likenessLines(series, *measures, log)
                                                        : roleBands(series, *measures, log);
        view.current = at.step();
        widgets::LinesView base = baselineLines(series, *measures, log);
        base.current = at.step();
        base.xLabel.clear();
        m_baseline->setVisible(look() == Look::Heads);
        m_lines->setEmptyText(
            tr("No step of this series says which role a head has.\nRun the analysis “Roles of heads” "
               "or the recipe as a series."));
        m_lines->setView(view);
        m_lines->setSelection(heads);
        m_baseline->setView(base);
        m_baseline->setLabelWidth(m_lines->labelWidth());
        m_lines->setLabelWidth(m_baseline->labelWidth());
        return;
    }
    m_heatmap->setSumsVisible(look() == Look::Heatmaps); // steps do not add up
    m_heatmap->setView(look() == Look::Heatmaps ? smallHeatmaps(series, *measures) : firstStepMap(series, *measures));
    m_heatmap->setSelection(heads);
}

void SeriesPane::followStep()
{
    const SeriesController &at = m_explorer.series;
    m_baseline->setCurrent(at.step());
    m_lines->setCurrent(at.step());
    const SetupPtr &setup = m_explorer.document.setup();
    const bool other = at.series() && at.steps() > 0
        && (!setup || setup->model_ref.path != absolute_model_path(at.series()->steps[size_t(at.step())].model));
    m_open->setVisible(at.series() && at.steps() > 0);
    m_open->setEnabled(other);
}

std::vector<FigureSubject> SeriesPane::subjects() const
{
    const SeriesController &at = m_explorer.series;
    std::vector<FigureSubject> out;
    if (!at.series() || !at.measures())
        return out;
    const std::pair<Look, std::vector<SeriesLook>> shown[] = {{Look::Heads, {SeriesLook::Baseline, SeriesLook::Heads}},
                                                              {Look::Heatmaps, {SeriesLook::Heatmaps}},
                                                              {Look::FirstSteps, {SeriesLook::FirstSteps}},
                                                              {Look::Likeness, {SeriesLook::Likeness}},
                                                              {Look::Roles, {SeriesLook::Roles}}};
    for (const auto &[look, parts] : shown)
        for (const SeriesLook part : look == this->look() ? parts : std::vector<SeriesLook>())
            if (auto subject = seriesSubject(*at.series(), *at.measures(), part, m_explorer.navigation.place().heads,
                                             m_log->isChecked()))
                out.push_back(std::move(*subject));
    return out;
}

} // namespace patchbay
