// What takes the place of what an edge carries.
#pragma once

#include <string>
#include <string_view>

namespace patchbay {

/// Patching: the other run's value. Zero: nothing. Mean: of the clean prompts' values, over all positions, or
/// (MeanPositional) at each position over the prompts that reach it.
enum class EdgeReplacement { Patching, Zero, Mean, MeanPositional };

/// "patching", "zero", "mean", "mean-positional".
std::string name(EdgeReplacement replacement);
/// Throws Error listing the accepted names.
EdgeReplacement parse_edge_replacement(std::string_view text);
/// For captions: "its value in the flipped run", "zero" …
std::string in_words(EdgeReplacement replacement, bool base_flipped = false);

} // namespace patchbay
