// Cutting text into the pieces that BPE joins, each on its own.
#pragma once

#include "base/json_field.h"
#include "text/detail/pattern.h"

#include <memory>
#include <string>
#include <vector>

namespace patchbay::text {

/// Well-formed UTF-8.
using Pieces = std::vector<std::string>;

/// What becomes of what a pattern finds (names as in tokenizer.json).
enum class SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };

/// Merges or drops spans as the behavior says. spans cover the whole piece; the result need not.
std::vector<Span> apply_behavior(std::vector<Span> spans, SplitBehavior behavior);

class PreTokenizer {
public:
    virtual ~PreTokenizer() = default;
    /// Replaces each piece by its parts; none of them is empty.
    virtual void apply(Pieces &pieces) const = 0;
    /// Whether it writes bytes in the byte alphabet.
    virtual bool byte_level() const { return false; }

    /// Reads "pre_tokenizer": ByteLevel, Digits, Split, or a Sequence of them. Throws Error naming any other.
    static std::unique_ptr<PreTokenizer> read(const JsonField &pre_tokenizer);
};

} // namespace patchbay::text
