#include "shell/gallery_states.h"

#include "analysis/series.h"
#include "main_window.h"
#include "views/series_pane.h"

#include <QTemporaryDir>

#include <memory>

namespace patchbay {

std::vector<Step> trainingSeries(MainWindow &window, const TakePicture &picture)
{
    const auto folder = std::make_shared<QTemporaryDir>();
    std::vector<Step> steps{
        {QStringLiteral("the series"),
         [&window, folder] {
             ActPatch sweep;
             sweep.sites = {Site::Z};
             SeriesPlan plan;
             plan.spec = window.explorer().runner.withDocument(spec_of(sweep));
             plan.task = plan.spec->task;
             plan.steps = series_of_folders({"demo@step{n}"});
             window.explorer().series.start(plan, folder->path());
             window.docking().raise(QStringLiteral("series"));
         },
         [&window] { return !window.explorer().series.running() && window.explorer().series.measures(); }}};
    const std::pair<SeriesPane::Look, const char *> looks[] = {{SeriesPane::Look::Heads, "heads"},
                                                               {SeriesPane::Look::Heatmaps, "heatmaps"},
                                                               {SeriesPane::Look::FirstSteps, "first-steps"},
                                                               {SeriesPane::Look::Likeness, "likeness"}};
    for (const auto &[look, name] : looks) {
        steps.push_back({QString::fromLatin1(name),
                         [&window, look = look] {
                             SeriesController &series = window.explorer().series;
                             window.seriesPane().setLook(look);
                             series.setStep(look == SeriesPane::Look::Heads ? series.steps() / 2 : 0);
                         },
                         {}});
        steps.push_back(moment());
        steps.push_back(
            {QString::fromLatin1(name),
             [picture, name = name] { picture(QStringLiteral("window-series-%1").arg(QLatin1String(name))); },
             {}});
    }
    return steps;
}

} // namespace patchbay
