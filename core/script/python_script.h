// The way to a notebook: a run as a Python script for TransformerLens that computes the same cells and compares them.
#pragma once

#include "model/config.h"
#include "patching/run_result.h"
#include "task/prompts.h"

#include <string>

namespace patchbay {

/// Which TransformerLens a script is for: 4 (TransformerBridge) or 2.18 (HookedTransformer).
enum class ScriptTool { TransformerLens4, TransformerLens2 };

/// A script for TransformerLens that opens the model, runs the prompts (their token ids stand in it), computes what a
/// result holds by hooks, and ends with an error where a number, or a mean over prompts, is not the result's. Of
/// activation and path patching, ablations, attribution patching, edges, circuits and the analyses of prompts, with
/// every metric. folder: where the model is. Throws Error saying what has no counterpart there (analyses of texts,
/// comparisons of circuits, one query head's copy of a key or value that others share, in gradients and along paths).
std::string python_script(const RunResult &result, const PromptBatch &batch, const std::string &folder,
                          const ModelConfig &config, ScriptTool tool = ScriptTool::TransformerLens4);

} // namespace patchbay
