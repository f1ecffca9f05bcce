// What is on view: a run, one prompt of it, or the difference of two runs.
#pragma once

#include "controllers/navigation.h"
#include "controllers/runs_store.h"
#include "heatmap_geometry.h"
#include "views.h"

namespace patchbay {

/// The same result as if there were only this prompt: cells are (patched − base) of that prompt, in % of the mean gap.
RunResult onePrompt(const RunResult &result, int prompt);

/// a − b, facet by facet and cell by cell; a cell is exact where both are. Facets that only one of them has are left
/// out.
widgets::HeatmapView difference(const widgets::HeatmapView &a, const widgets::HeatmapView &b);

/// "Difference: Activation patching of [z] − [v], denoising": what the two names share is said once.
QString differenceTitle(const QString &a, const QString &b);

/// The heatmap of a place; empty without a run.
widgets::HeatmapView shownHeatmap(const Place &place, const RunsStore &store);

/// Where the changed cells of a sweep are in its heatmap (of the mean or of one prompt, not in a difference).
QVector<widgets::CellRef> shownCells(const RunResult &result, const ChangedCells &changed);

/// A run of one cell in words: "Logit diff +9.21 → +4.10, −27.9 % of the gap", and an analysis' table line by line;
/// empty for sweeps.
QString singleRunText(const RunEntry &entry);

/// Fades heads whose effect is smaller than this in every facet (in the view's unit); 0 fades none.
void maskBelow(widgets::HeatmapView &view, double threshold);
/// Fades every head but these.
void maskAllBut(widgets::HeatmapView &view, const QVector<widgets::HeadId> &heads);

} // namespace patchbay
