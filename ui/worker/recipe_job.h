// A recipe on the compute thread: begun, changed and run one step at a time, with every step's outcome as the answer.
#pragma once

#include "analysis/recipe.h"
#include "worker/job.h"

#include <functional>
#include <vector>

namespace patchbay {

/// One for each step; results in them are immutable and shared.
using StepOutcomes = std::vector<StepOutcome>;

struct RecipeRequest {
    Recipe recipe;
    ModelRef model;
    TaskRef task;
};

/// Replaces the recipe of the workbench; every step is pending. Throws Error where no model or task is there yet.
StepOutcomes beginRecipeOnWorker(Workbench &bench, const RecipeRequest &request);
/// Edits, skips, forgets. Throws Error where no recipe was begun, and what the change throws.
StepOutcomes changeRecipeOnWorker(Workbench &bench, const std::function<void(RecipeRun &)> &change);
/// Runs one step; a step that fails is an outcome. Quick jobs are served meanwhile.
/// progress: exact cells done, of how many; on the GUI thread, at most 20 times a second. Throws Error and Cancelled.
StepOutcomes runStepOnWorker(Workbench &bench, const JobContext &context, size_t step, const std::function<void(int, int)> &progress);

} // namespace patchbay
