#include "task/pair_diff.h"

#include "text/token_texts.h"

#include <algorithm>

namespace patchbay {

PairDiff diff_pair(const PromptPair &pair, const Tokenizer &tokenizer)
{
    const std::vector<int64_t> &clean = pair.clean_ids, &flipped = pair.flipped_ids;
    PairDiff diff;
    diff.clean = token_texts(tokenizer, clean);
    diff.flipped = token_texts(tokenizer, flipped);
    diff.clean_differs.assign(clean.size(), false);
    diff.flipped_differs.assign(flipped.size(), false);

    const size_t shorter = std::min(clean.size(), flipped.size());
    size_t prefix = 0;
    while (prefix < shorter && clean[prefix] == flipped[prefix])
        ++prefix;
    if (prefix < std::max(clean.size(), flipped.size()))
        diff.first = static_cast<int>(prefix);
    if (clean.size() == flipped.size()) {
        for (size_t i = 0; i < clean.size(); ++i)
            diff.clean_differs[i] = diff.flipped_differs[i] = clean[i] != flipped[i];
        return diff;
    }
    size_t suffix = 0;
    while (suffix < shorter - prefix && clean[clean.size() - 1 - suffix] == flipped[flipped.size() - 1 - suffix])
        ++suffix;
    std::fill(diff.clean_differs.begin() + static_cast<std::ptrdiff_t>(prefix),
              diff.clean_differs.end() - static_cast<std::ptrdiff_t>(suffix), true);
    std::fill(diff.flipped_differs.begin() + static_cast<std::ptrdiff_t>(prefix),
              diff.flipped_differs.end() - static_cast<std::ptrdiff_t>(suffix), true);
    return diff;
}

} // namespace patchbay
