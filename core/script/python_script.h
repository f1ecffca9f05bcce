// The way to a notebook: a run as a Python script for TransformerLens that computes the same cells and compares them.
#pragma once

#include "patching/run_result.h"
#include "task/prompts.h"

#include <string>

namespace patchbay {

/// A script for TransformerLens 4 (TransformerBridge) that opens the model, runs the prompts (their token ids stand in
/// it), computes every exact cell of a result by hooks, and ends with an error where a mean over prompts is not the
/// result's. folder: where the model is. Of activation patching, zero ablation and path patching, with every metric.
/// Throws Error saying what has no counterpart there (mean ablation, analyses, estimates, one query head's copy of a
/// key or value that others share).
std::string python_script(const RunResult &result, const PromptBatch &batch, const std::string &folder, bool grouped);

} // namespace patchbay
