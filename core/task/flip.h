// What "flipped" means: a pattern of names for another, such as "ABB->ABA, BAB->BAA".
#pragma once

#include <cstdint>
#include <string>

namespace patchbay {

/// A change of pattern: letters for the first three names of a prompt, before and after.
struct FlipPart {
    std::string from, to; ///< three letters each
    /// Letters of `to` that are not in `from`, each once, in alphabetical order: they get random names.
    std::string random_letters() const;
};

struct Flip {
    std::string text; ///< as written; its characters are part of the seed
    FlipPart abba;    ///< for prompts that name IO first
    FlipPart baba;    ///< for prompts that name S first

    /// What is added to a data set's seed for its flipped counterpart: the sum of the text's character codes.
    int64_t seed_offset() const;
};

/// Reads "ABB->ABA, BAB->BAA": the first part for ABBA prompts, the second for BABA prompts; spaces do not matter.
/// Throws Error with the text as subject.
Flip parse_flip(const std::string &text);

} // namespace patchbay
