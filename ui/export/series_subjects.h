// The figures of a series: for the window's dock and the command line.
#pragma once

#include "analysis/series_measures.h"
#include "export/figure_subject.h"

namespace patchbay {

/// What of a series a figure shows.
enum class SeriesLook { Baseline, Heads, Heatmaps, FirstSteps, Likeness, Roles, TwoSteps, TwoStepsScatter };
/// "baseline", "heads", "heatmaps", "first-steps", "likeness", "roles", "two-steps", "two-steps-scatter". Throws Error
/// listing them.
SeriesLook parseSeriesLook(const std::string &text);
std::string seriesLooks();

struct SeriesChoices {
    QVector<widgets::HeadId> heads = {}; ///< of the lines; none: the strongest
    bool logarithmic = false;            ///< steps by their logarithm
    int step = -1;                       ///< compared with the reference step; -1: see comparedStep()
};
/// Nothing where the series has nothing to show so (roles).
std::optional<FigureSubject> seriesSubject(const SeriesResults &series, const SeriesMeasures &measures, SeriesLook look,
                                           const SeriesChoices &choices);

} // namespace patchbay
