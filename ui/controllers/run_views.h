// What is on view: a run, one prompt of it, or the difference of two runs.
#pragma once

#include "controllers/navigation.h"
#include "controllers/runs_store.h"
#include "heatmap_geometry.h"
#include "views.h"

namespace patchbay {

/// The same result as if there were only this prompt: cells are (patched − base) of that prompt, in % of the mean gap;
/// an analysis' arrays are those of that prompt, where they have prompts.
RunResult onePrompt(const RunResult &result, int prompt);
/// Whether one prompt of it is another picture than the mean.
bool hasPrompts(const RunResult &result);

/// a − b, facet by facet and cell by cell; a cell is exact where both are. Facets that only one of them has are left
/// out.
widgets::HeatmapView difference(const widgets::HeatmapView &a, const widgets::HeatmapView &b);

/// "Difference: Activation patching of [z] − [v], denoising": what the two names share is said once.
QString differenceTitle(const QString &a, const QString &b);

/// "IOI, 70 pairs", "pairs.csv": what people call a task.
QString taskName(const TaskRef &task);
/// "Prompt 4", "Circuit mine", "L9H6": what a note is about (ProjectNote), where it is no run.
QString subjectWords(const QString &kind, const QString &subject);
/// Whether the runs of the list are of more than one task: each then says which it is of.
bool severalTasks(const RunsStore &store);

/// The heatmap of a place; empty without a run.
widgets::HeatmapView shownHeatmap(const Place &place, const RunsStore &store);

/// Where the changed cells of a sweep are in its heatmap (of the mean or of one prompt, not in a difference).
QVector<widgets::CellRef> shownCells(const RunResult &result, const ChangedCells &changed);

/// A run of one cell in words: "Logit diff +9.21 → +4.10, −27.9 % of the gap"; empty for others.
QString singleRunText(const RunEntry &entry);
/// What is said of a run that has no numbers yet, or none that a view draws.
QString stateOf(const RunEntry &entry);

/// The view of a place: the one that was chosen, if the run on view has it, otherwise its best; empty: words only.
QString shownAs(const Place &place, const RunsStore &store);

} // namespace patchbay
