// From a series to what its views and figures draw.
#pragma once

#include "analysis/series_measures.h"
#include "views.h"

#include <QVector>

namespace patchbay {

/// The values of heads over the steps, with 95 % intervals; of the strongest where none are named.
widgets::LinesView headLines(const SeriesResults &series, const SeriesMeasures &measures,
                             const QVector<widgets::HeadId> &heads, bool logarithmic);
/// The metric in the clean and the flipped run.
widgets::LinesView baselineLines(const SeriesResults &series, const SeriesMeasures &measures, bool logarithmic);
/// How like the reference step every step is, by the strongest heads and by all of them.
widgets::LinesView likenessLines(const SeriesResults &series, const SeriesMeasures &measures, bool logarithmic);
/// How many heads have which role; who, in the read-out. Empty where no step has roles.
widgets::LinesView roleBands(const SeriesResults &series, const SeriesMeasures &measures, bool logarithmic);
/// A small heatmap for every step, on one scale; a step without a result is empty, and so is one without percentages.
widgets::HeatmapView smallHeatmaps(const SeriesResults &series, const SeriesMeasures &measures);
/// The reference step, another one, and what the other has more, on one scale.
widgets::HeatmapView twoSteps(const SeriesResults &series, const SeriesMeasures &measures, size_t step);
/// Every head: its value at the reference step and at another one.
widgets::ScatterView twoStepsScatter(const SeriesResults &series, const SeriesMeasures &measures, size_t step);
/// What is compared with the reference step unless somebody chooses: this step, or where it is the reference, the first
/// other one that has values.
size_t comparedStep(const SeriesMeasures &measures, int step = -1);
/// For every head the step at which it first has reached the threshold: the earlier, the stronger.
widgets::HeatmapView firstStepMap(const SeriesResults &series, const SeriesMeasures &measures);

/// "Output (z) (% of gap)", "Copy score (%)": the quantity with its unit.
QString measureTitle(const SeriesMeasures &measures);
/// Model, task, number of prompts and intervals, for captions.
QString seriesCaption(const SeriesResults &series, const SeriesMeasures &measures);

} // namespace patchbay
