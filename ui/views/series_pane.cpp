#include "views/series_pane.h"

#include "base/plain_text.h"
#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "export/series_subjects.h"
#include "heatmap_widget.h"
#include "lines_widget.h"
#include "model/model_folder.h"
#include "scatter_widget.h"
#include "series_views.h"
#include "view_models.h"
#include "view_options.h"

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
using widgets::ScatterWidget;

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
    auto *pair = new QSplitter(Qt::Horizontal, m_stack);
    pair->setChildrenCollapsible(false);
    m_pair = pair;
    m_twoSteps = new HeatmapWidget(pair);
    m_twoSteps->setSumsVisible(false); // of three grids beside each other they would be in the way
    m_scatter = new ScatterWidget(pair);
    pair->addWidget(m_twoSteps);
    pair->addWidget(m_scatter);
    pair->setStretchFactor(0, 3);
    pair->setStretchFactor(1, 2);
    m_stack->addWidget(plots);
    m_stack->addWidget(m_heatmap);
    m_stack->addWidget(pair);
    column->addWidget(m_stack, 1);
    m_lines->setEmptyText(
        tr("How does a circuit form?\nRun › Series… computes the same at every checkpoint of a model; "
           "the demo model's own training is there. Or the same of several tasks, side by side."));

    SeriesController &series = m_explorer.series;
    Navigation &navigation = m_explorer.navigation;
    for (LinesWidget *plot : {m_baseline, m_lines})
        connect(plot, &LinesWidget::stepClicked, &series, [this](int step) {
            m_explorer.series.setStep(step);
            if (!m_explorer.series.onView())
                m_explorer.series.show();
        });
    const auto follow = [&]<typename Widget>(Widget *view) {
        connect(view, &Widget::selectionChanged, this, [&navigation](const QVector<HeadId> &heads) {
            navigation.select(heads, heads.isEmpty() ? HeadId{} : heads.back());
        });
        connect(view, &Widget::contextMenuRequested, this, &SeriesPane::menuRequested);
        connect(view, &Widget::activated, this, &SeriesPane::attentionRequested);
    };
    follow(m_lines);
    follow(m_heatmap);
    follow(m_twoSteps);
    follow(m_scatter);
    connect(&navigation, &Navigation::headsChanged, this, &SeriesPane::refreshViews);
    connect(&series, &SeriesController::seriesChanged, this, &SeriesPane::refresh);
    connect(&series, &SeriesController::measuresChanged, this, &SeriesPane::refresh);
    connect(&series, &SeriesController::stepChanged, this, &SeriesPane::followStep);
    connect(&m_explorer.document, &Document::setupChanged, this, &SeriesPane::followStep);
    connect(m_open, &QPushButton::clicked, this, [this] {
        const SeriesController &at = m_explorer.series;
        if (!at.series())
            return;
        const SeriesStepResult &step = at.series()->steps[size_t(at.step())];
        Q_EMIT modelRequested(QString::fromStdString(step.model), step.task);
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
    m_look->addItems({tr("Heads over the steps"), tr("Small heatmaps"), tr("Two steps"), tr("First steps"),
                      tr("Likeness"), tr("Roles")});
    keepOption(m_look, "series.view");
    m_part = box(tr("Which step of the recipe"));
    m_quantity = box(tr("Which quantity"));
    m_log = toggleButton(tr("Log"), tr("Steps by their logarithm"), options);
    m_raw = toggleButton(tr("Raw values"), tr("Effects as differences of the metric, not in % of each step's gap"),
                         options);
    keepOption(m_log, "series.log");
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
    const SeriesController &at = m_explorer.series;
    if (at.series() && at.folder() != m_folder) {
        m_folder = at.folder();
        if (at.series()->side_by_side && look() == Look::Heads) { // lines would join what is no way
            const QSignalBlocker blocker(m_look);
            setLook(Look::TwoSteps);
        }
    }
    refreshOptions();
    refreshViews();
    sayStep();
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
            m_reference->addItem(
                (look() == Look::TwoSteps ? tr("beside %1") : tr("like %1")).arg(QString::fromStdString(step.name)));
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
    m_log->setVisible((shown == Look::Heads || shown == Look::Likeness || shown == Look::Roles)
                      && !(at.series() && at.series()->side_by_side));
    m_raw->setVisible(measures && measures->heads.effect && shown != Look::Roles);
    m_threshold->setVisible(measures && shown == Look::FirstSteps);
    const bool alike = shown == Look::Likeness || shown == Look::TwoSteps;
    m_top->setVisible(measures && alike);
    m_reference->setVisible(measures && alike);
}

// What is blank, and how alike two steps are.
QString SeriesPane::note() const
{
    const SeriesController &at = m_explorer.series;
    const SeriesMeasuresPtr &measures = at.measures();
    if (!measures || look() == Look::Roles || measures->alike.top.size() != size_t(at.steps()))
        return {};
    QStringList parts;
    if (look() == Look::TwoSteps) {
        const size_t other = comparedStep(*measures, at.step());
        if (const double top = measures->alike.top[other], all = measures->alike.weighted[other]; top >= 0 && all >= 0)
            parts << tr("Jaccard index %1 of the top %2, %3 weighted over all heads.")
                         .arg(QString::fromStdString(fixed_text(top, 2)))
                         .arg(measures->options.top)
                         .arg(QString::fromStdString(fixed_text(all, 2)));
    }
    if (const std::string blank = blank_note(*at.series(), measures->heads); !blank.empty())
        parts << QString::fromStdString(blank);
    return parts.join(QLatin1Char(' '));
}

void SeriesPane::refreshViews()
{
    const SeriesController &at = m_explorer.series;
    const SeriesMeasuresPtr &measures = at.measures();
    const bool pair = look() == Look::TwoSteps, lines = look() != Look::Heatmaps && look() != Look::FirstSteps && !pair;
    m_stack->setCurrentWidget(pair ? m_pair : lines ? m_plots : static_cast<QWidget *>(m_heatmap));
    if (!at.series() || !measures || measures->heads.steps.size() != at.series()->steps.size()) {
        m_baseline->setView({});
        m_lines->setView({});
        m_heatmap->setView({});
        m_twoSteps->setView({});
        m_scatter->setView({});
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
    if (pair) {
        const size_t other = comparedStep(*measures, at.step());
        m_twoSteps->setView(patchbay::twoSteps(series, *measures, other));
        m_twoSteps->setSelection(heads);
        m_scatter->setView(twoStepsScatter(series, *measures, other));
        m_scatter->setSelection(heads);
        return;
    }
    m_heatmap->setSumsVisible(look() == Look::Heatmaps); // steps do not add up
    m_heatmap->setView(look() == Look::Heatmaps ? smallHeatmaps(series, *measures) : firstStepMap(series, *measures));
    m_heatmap->setSelection(heads);
}

void SeriesPane::followStep()
{
    m_baseline->setCurrent(m_explorer.series.step());
    m_lines->setCurrent(m_explorer.series.step());
    if (look() == Look::TwoSteps)
        refreshViews();
    sayStep();
}

// What is said of the step on view, and whether its model is another one.
void SeriesPane::sayStep()
{
    const SeriesController &at = m_explorer.series;
    const QString words = note();
    m_note->setText(words);
    m_note->setVisible(!words.isEmpty());
    const SetupPtr &setup = m_explorer.document.setup();
    const bool any = at.series() && at.steps() > 0;
    const bool ownTask = any && at.series()->steps[size_t(at.step())].task;
    const bool other = any
        && (!setup || setup->model_ref.path != absolute_model_path(at.series()->steps[size_t(at.step())].model)
            || at.ofAnotherTask(m_explorer.document));
    m_open->setVisible(any);
    m_open->setText(ownTask ? tr("Open this step's model and task") : tr("Open this step's model"));
    m_open->setEnabled(other);
}

std::vector<FigureSubject> SeriesPane::subjects() const
{
    const SeriesController &at = m_explorer.series;
    std::vector<FigureSubject> out;
    if (!at.series() || !at.measures())
        return out;
    const std::pair<Look, std::vector<SeriesLook>> shown[] = {
        {Look::Heads, {SeriesLook::Baseline, SeriesLook::Heads}},
        {Look::Heatmaps, {SeriesLook::Heatmaps}},
        {Look::TwoSteps, {SeriesLook::TwoSteps, SeriesLook::TwoStepsScatter}},
        {Look::FirstSteps, {SeriesLook::FirstSteps}},
        {Look::Likeness, {SeriesLook::Likeness}},
        {Look::Roles, {SeriesLook::Roles}}};
    for (const auto &[look, parts] : shown)
        for (const SeriesLook part : look == this->look() ? parts : std::vector<SeriesLook>())
            if (auto subject = seriesSubject(*at.series(), *at.measures(), part,
                                             {m_explorer.navigation.place().heads, m_log->isChecked(), at.step()}))
                out.push_back(std::move(*subject));
    return out;
}

} // namespace patchbay
