// An analysis in words: what it is called, and the sentence of its caption with the heads and parameters it was run with.
#pragma once

#include "patching/run_spec.h"

#include <string>

namespace patchbay {

/// "Copy scores", "Ablation of L9H6, L9H9"; the analysis' own name where it is not known.
std::string analysis_title(const RunSpec &spec);
/// What was measured, in which run, of which heads, with which parameters, and in which unit.
std::string analysis_description(const RunSpec &spec);

/// "L9H6, L9H9 and L10H0".
std::string in_words(const std::vector<Head> &heads);

} // namespace patchbay
