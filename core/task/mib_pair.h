// Entries of the Mechanistic Interpretability Benchmark's data sets, as they are.
#pragma once

#include "base/json_field.h"
#include "task/prompts.h"

#include <string>

namespace patchbay {

/// Whether a JSON object is such an entry: it has a "prompt" and counterfactuals of it ("…_counterfactual").
bool is_mib_entry(const nlohmann::json &object);

/// The entry as a pair, with the answers that MIB's own evaluation takes: of IOI indirect object and subject, each
/// after a space; of multiple choice the right choice's label, and that of the counterfactual; of arithmetic the labels
/// of both. counterfactual: "s2_io_flip_counterfactual", or without its ending; empty: the one that MIB takes for the
/// task, or where there is none of those the first. Throws Error naming what is missing.
PromptPair mib_pair(const JsonField &entry, const std::string &counterfactual = {});

} // namespace patchbay
