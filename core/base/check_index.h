// The one check of every index that a user gives (positions, prompts, layers, heads), and how prompts are called.
#pragma once

#include <cstdint>
#include <string>

namespace patchbay {

/// Throws Error("subject", "99 is out of range: the positions are 0 to 12") unless 0 ≤ index < count. nouns:
/// "positions".
void check_index(int64_t index, int64_t count, const std::string &subject, const std::string &nouns);
/// "prompt 3" for the index 2: people count prompts from 1; options and files count them from 0, and say so.
std::string prompt_name(int64_t index);

} // namespace patchbay
