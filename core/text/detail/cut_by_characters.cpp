// Pre-tokenizers that look at single characters.
#include "text/detail/characters.h"
#include "text/detail/pre_tokenizer.h"
#include "text/detail/vocabulary.h"

#include <unicode/uscript.h>

#include <functional>

namespace patchbay::text {

namespace {

/// Characters of a kind are found, one by one, and then treated as a behavior says.
class OneByOne : public PreTokenizer {
public:
    using Kind = std::function<bool(UChar32)>;
    OneByOne(Kind kind, SplitBehavior behavior) : m_kind(std::move(kind)), m_behavior(behavior) { }

    void apply(Pieces &pieces) const override
    {
        cut_pieces(pieces, [this](const std::string &piece) {
            std::vector<Span> spans;
            size_t done = 0;
            each_character(piece, [&](UChar32 character, size_t begin, size_t end) {
                if (!m_kind(character))
                    return;
                if (begin > done)
                    spans.push_back({done, begin, false});
                spans.push_back({begin, end, true});
                done = end;
            });
            if (done < piece.size())
                spans.push_back({done, piece.size(), false});
            return apply_behavior(std::move(spans), m_behavior);
        });
    }

private:
    Kind m_kind;
    SplitBehavior m_behavior;
};

class InTurn : public PreTokenizer {
public:
    explicit InTurn(std::vector<OneByOne> parts) : m_parts(std::move(parts)) { }
    void apply(Pieces &pieces) const override
    {
        for (const OneByOne &part : m_parts)
            part.apply(pieces);
    }

private:
    std::vector<OneByOne> m_parts;
};

/// Cut where the class of characters changes, and wherever a character is of a class of its own.
class ByClass : public PreTokenizer {
public:
    /// class_of: -1 for a character that vanishes.
    explicit ByClass(int (*class_of)(UChar32)) : m_class_of(class_of) { }
    void apply(Pieces &pieces) const override
    {
        cut_pieces(pieces, [this](const std::string &piece) {
            std::vector<Span> spans;
            int last = -1;
            each_character(piece, [&](UChar32 character, size_t begin, size_t end) {
                const int its = m_class_of(character);
                if (its >= 0 && its == last)
                    spans.back().end = end;
                else if (its >= 0)
                    spans.push_back({begin, end, true});
                last = its;
            });
            return spans;
        });
    }

private:
    int (*m_class_of)(UChar32);
};

int word_or_mark(UChar32 character)
{
    return is_word_character(character) ? 1 : is_white_space(character) ? -1 : 0;
}

/// Cut where the script changes. Spaces have none, and what no script comes after is left out at the beginning.
class UnicodeScripts : public PreTokenizer {
public:
    void apply(Pieces &pieces) const override
    {
        cut_pieces(pieces, [](const std::string &piece) {
            std::vector<Span> spans;
            int last = -1;
            each_character(piece, [&](UChar32 character, size_t begin, size_t end) {
                const int script = script_of(character);
                if (script >= 0 && script != last)
                    spans.push_back({begin, end, true});
                else if (!spans.empty())
                    spans.back().end = end;
                if (script >= 0)
                    last = script;
            });
            return spans;
        });
    }

private:
    /// Kana counts as Han, as in SentencePiece; -1: none.
    static int script_of(UChar32 character)
    {
        UErrorCode status = U_ZERO_ERROR;
        const UScriptCode script = uscript_getScript(character, &status);
        if (character == 0x30FC || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA)
            return USCRIPT_HAN;
        return character == ' ' || script == USCRIPT_UNKNOWN ? -1 : script;
    }
};

class FixedLength : public PreTokenizer {
public:
    explicit FixedLength(int64_t length) : m_length(length) { }
    void apply(Pieces &pieces) const override
    {
        cut_pieces(pieces, [this](const std::string &piece) {
            std::vector<Span> spans;
            int64_t count = 0;
            each_character(piece, [&](UChar32, size_t begin, size_t end) {
                if (count++ % m_length == 0)
                    spans.push_back({begin, end, true});
                else
                    spans.back().end = end;
            });
            return spans;
        });
    }

private:
    int64_t m_length; ///< in characters
};

UChar32 only_character(const JsonField &field)
{
    const std::string text = field.text();
    UChar32 found = -1; // the last one, where it is the first as well
    each_character(text, [&](UChar32 character, size_t begin, size_t) { found = begin == 0 ? character : -1; });
    if (found < 0)
        field.fail("should be one character");
    return found;
}

} // namespace

std::unique_ptr<PreTokenizer> cut_by_characters(const std::string &type, const JsonField &field)
{
    using enum SplitBehavior;
    if (type == "BertPreTokenizer")
        return std::make_unique<InTurn>(std::vector<OneByOne>{{is_white_space, Removed}, {is_punctuation, Isolated}});
    if (type == "CharDelimiterSplit")
        return std::make_unique<OneByOne>(
            [wanted = only_character(field.at("delimiter"))](UChar32 character) { return character == wanted; },
            Removed);
    if (type == "Digits")
        return std::make_unique<OneByOne>([](UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_N_MASK) != 0; },
                                          flag_or(field, "individual_digits", false) ? Isolated : Contiguous);
    if (type == "FixedLength") {
        const auto length = field.find("length");
        return std::make_unique<FixedLength>(length ? length->integer(1, 1 << 30) : 5);
    }
    if (type == "Punctuation") {
        const auto behavior = field.find("behavior");
        return std::make_unique<OneByOne>(is_punctuation, behavior ? read_behavior(*behavior) : Isolated);
    }
    if (type == "UnicodeScripts")
        return std::make_unique<UnicodeScripts>();
    if (type == "Whitespace")
        return std::make_unique<ByClass>(word_or_mark);
    if (type == "WhitespaceSplit")
        return std::make_unique<OneByOne>(is_white_space, Removed);
    return nullptr;
}

} // namespace patchbay::text
