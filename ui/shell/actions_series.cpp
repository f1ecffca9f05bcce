// The commands of a series.
#include "shell/actions.h"

namespace patchbay {

void Actions::makeSeriesActions()
{
    openSeries =
        add(QStringLiteral("open-series"), tr("Open a &series…"), {},
            tr("The folder of a series over training: what patchbay-cli series, or Run › Series…, has written"));
    series =
        add(QStringLiteral("series"), tr("Se&ries…"), {},
            tr("The same run, or the recipe, at many checkpoints of a model, at several models or of several tasks"));
    showSeries = add(QStringLiteral("show-series"), tr("Show the step of the series"));
    previousStep =
        add(QStringLiteral("previous-step"), tr("Previous step of the series"), QKeySequence(tr("Alt+Left")));
    nextStep = add(QStringLiteral("next-step"), tr("Next step of the series"), QKeySequence(tr("Alt+Right")));
    exportScrub = add(QStringLiteral("export-scrub"), tr("Export the series as numbered pictures…"), {},
                      tr("A PNG of the heatmap for every step, all on one scale: for slides and films"));
    seriesReport = add(QStringLiteral("series-report"), tr("Draw the report of the series"), {},
                       tr("report.html and report.pdf beside its results"));
    SeriesController &at = m_explorer.series;
    connect(showSeries, &QAction::triggered, &at, &SeriesController::show);
    connect(previousStep, &QAction::triggered, &at, [&at] { at.setStep(at.step() - 1); });
    connect(nextStep, &QAction::triggered, &at, [&at] { at.setStep(at.step() + 1); });
    connect(&at, &SeriesController::seriesChanged, this, &Actions::updateEnabled);
    connect(&at, &SeriesController::measuresChanged, this, &Actions::updateEnabled);
    connect(&at, &SeriesController::runningChanged, this, &Actions::updateEnabled);
}

void Actions::updateSeriesEnabled()
{
    const SeriesController &at = m_explorer.series;
    series->setEnabled(m_explorer.document.ready() && !at.running());
    for (QAction *action : {showSeries, previousStep, nextStep, exportScrub})
        action->setEnabled(at.steps() > 0);
    seriesReport->setEnabled(at.measures() != nullptr && !at.running());
}

} // namespace patchbay
