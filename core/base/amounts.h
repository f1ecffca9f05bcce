// Counted nouns and durations, worded alike wherever they are read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay {

/// "1 prompt", "2 prompts". plural: where it is not the noun with an "s".
std::string counted(int64_t count, std::string_view noun, std::string_view plural = {});
/// The noun alone, as it stands after so many: "prompt" or "prompts".
std::string noun_for(int64_t count, std::string_view noun, std::string_view plural = {});

/// How long something took, in seconds: "3.2 s", "42 s", "2 min 05 s".
std::string duration_text(double seconds);
/// Until something is done, in seconds, no more precise than it can be known: "less than a second left", "20 s left",
/// "3 min left", "1 h 20 min left". Empty for a negative number: not known.
std::string time_left_text(double seconds);

} // namespace patchbay
