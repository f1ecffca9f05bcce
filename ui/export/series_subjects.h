// The figures of a series: for the window's dock and the command line.
#pragma once

#include "analysis/series_measures.h"
#include "export/figure_subject.h"

namespace patchbay {

/// What of a series a figure shows.
enum class SeriesLook { Baseline, Heads, Heatmaps, FirstSteps, Likeness, Roles };
/// "baseline", "heads", "heatmaps", "first-steps", "likeness", "roles". Throws Error listing them.
SeriesLook parseSeriesLook(const std::string &text);
std::string seriesLooks();

/// heads: of the lines; none: the strongest. Nothing where the series has nothing to show so (roles).
std::optional<FigureSubject> seriesSubject(const SeriesResults &series, const SeriesMeasures &measures, SeriesLook look,
                                           const QVector<widgets::HeadId> &heads, bool logarithmic);

} // namespace patchbay
