// Which tokens of a pair differ: what the table of prompts paints.
#pragma once

#include "task/prompts.h"

#include <string>
#include <vector>

namespace patchbay {

struct PairDiff {
    std::vector<std::string> clean, flipped;          ///< token strings, up to END
    std::vector<bool> clean_differs, flipped_differs; ///< one per token
    int first = -1;                                   ///< the first position that differs; -1: none does
};

/// Compares position by position. Where the lengths differ, everything between the common beginning and the common end
/// differs.
PairDiff diff_pair(const PromptPair &pair, const Tokenizer &tokenizer);

} // namespace patchbay
