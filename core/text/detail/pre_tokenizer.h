// Cutting text into the pieces that a model makes tokens of, each on its own.
#pragma once

#include "base/json_field.h"
#include "text/detail/pattern.h"

#include <memory>
#include <string>
#include <vector>

namespace patchbay::text {

/// Well-formed UTF-8, not empty.
struct Piece {
    std::string text;
    bool at_start = false; ///< of the whole text
};
using Pieces = std::vector<Piece>;

/// What becomes of what a pattern finds (names as in tokenizer.json).
enum class SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };

/// Merges or drops spans as the behavior says. spans cover the whole piece; the result need not.
std::vector<Span> apply_behavior(std::vector<Span> spans, SplitBehavior behavior);
/// Throws Error naming another one.
SplitBehavior read_behavior(const JsonField &name);

/// Replaces each piece by those parts of it that cut(text) returns.
template <typename Cut>
void cut_pieces(Pieces &pieces, const Cut &cut)
{
    Pieces result;
    for (const Piece &piece : pieces)
        for (const Span &span : cut(piece.text))
            if (span.end > span.begin)
                result.push_back(
                    {piece.text.substr(span.begin, span.end - span.begin), piece.at_start && span.begin == 0});
    pieces = std::move(result);
}

class PreTokenizer {
public:
    virtual ~PreTokenizer() = default;
    /// Replaces each piece by its parts; none of them is empty.
    virtual void apply(Pieces &pieces) const = 0;
    /// Whether it writes bytes in the byte alphabet.
    virtual bool byte_level() const { return false; }
    /// Whether it puts something before the beginning of a piece.
    virtual bool changes_beginnings() const { return false; }

    /// Reads "pre_tokenizer": ByteLevel, Metaspace, Split, a Sequence of them, or what cut_by_characters() reads.
    /// Throws Error naming any other.
    static std::unique_ptr<PreTokenizer> read(const JsonField &pre_tokenizer);
};

/// Those that look at single characters: BertPreTokenizer, CharDelimiterSplit, Digits, FixedLength, Punctuation,
/// UnicodeScripts, Whitespace, WhitespaceSplit. Null for another type.
std::unique_ptr<PreTokenizer> cut_by_characters(const std::string &type, const JsonField &field);

} // namespace patchbay::text
