#include "text/detail/pre_tokenizer.h"

#include "text/detail/byte_alphabet.h"
#include "text/detail/metaspace.h"
#include "text/detail/vocabulary.h"

namespace patchbay::text {

namespace {

/// GPT-2's pattern: contractions, words, numbers and other marks, each with one space before it; white space.
constexpr const char *gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class ByteLevel : public PreTokenizer {
public:
    explicit ByteLevel(const JsonField &field) : m_add_prefix_space(flag_or(field, "add_prefix_space", true))
    {
        if (flag_or(field, "use_regex", true))
            m_pattern = std::make_unique<Pattern>(field, gpt2_pattern);
    }

    void apply(Pieces &pieces) const override
    {
        if (m_add_prefix_space)
            for (Piece &piece : pieces)
                if (!piece.text.starts_with(' '))
                    piece.text.insert(0, 1, ' ');
        if (m_pattern)
            cut_pieces(pieces, [this](const std::string &piece) { return m_pattern->spans(piece); });
        for (Piece &piece : pieces)
            piece.text = to_alphabet(piece.text);
    }
    bool byte_level() const override { return true; }
    bool changes_beginnings() const override { return m_add_prefix_space; }

private:
    bool m_add_prefix_space;
    std::unique_ptr<Pattern> m_pattern; ///< null: pieces stay whole
};

/// Spaces become a visible character, which may be put before the text, too, and which a piece begins with.
class MetaspaceCut : public PreTokenizer {
public:
    explicit MetaspaceCut(const JsonField &field)
        : m(Metaspace::read(field)), m_split(flag_or(field, "split", true)) { }

    void apply(Pieces &pieces) const override
    {
        for (Piece &piece : pieces) {
            std::string text;
            for (const char byte : piece.text) {
                if (byte == ' ')
                    text += m.replacement;
                else
                    text += byte;
            }
            const bool wanted =
                m.prepend == Metaspace::Prepend::Always || (m.prepend == Metaspace::Prepend::First && piece.at_start);
            if (wanted && !text.starts_with(m.replacement))
                text.insert(0, m.replacement);
            piece.text = std::move(text);
        }
        if (m_split)
            cut_pieces(pieces, [this](const std::string &piece) { return spans(piece); });
    }
    bool changes_beginnings() const override { return m.prepend != Metaspace::Prepend::Never; }

private:
    std::vector<Span> spans(const std::string &piece) const
    {
        std::vector<Span> found;
        size_t done = 0;
        for (size_t at = piece.find(m.replacement); at != std::string::npos; at = piece.find(m.replacement, done)) {
            if (at > done)
                found.push_back({done, at, false});
            done = at + m.replacement.size();
            found.push_back({at, done, true});
        }
        if (done < piece.size())
            found.push_back({done, piece.size(), false});
        return apply_behavior(std::move(found), SplitBehavior::MergedWithNext);
    }

    Metaspace m;
    bool m_split;
};

class Split : public PreTokenizer {
public:
    explicit Split(const JsonField &field)
        : m_pattern(Pattern::read(field.at("pattern"))), m_behavior(read_behavior(field.at("behavior"))),
          m_invert(flag_or(field, "invert", false))
    {
    }

    void apply(Pieces &pieces) const override
    {
        cut_pieces(pieces, [this](const std::string &piece) {
            std::vector<Span> spans = m_pattern->spans(piece);
            if (m_invert)
                for (Span &span : spans)
                    span.found = !span.found;
            return apply_behavior(std::move(spans), m_behavior);
        });
    }

private:
    std::unique_ptr<Pattern> m_pattern;
    SplitBehavior m_behavior;
    bool m_invert; ///< what is between the pattern's finds counts as found
};

class Sequence : public PreTokenizer {
public:
    explicit Sequence(const JsonField &field)
    {
        for (const JsonField &part : field.at("pretokenizers").items())
            m_parts.push_back(read(part));
    }
    void apply(Pieces &pieces) const override
    {
        for (const auto &part : m_parts)
            part->apply(pieces);
    }
    bool byte_level() const override { return any(&PreTokenizer::byte_level); }
    bool changes_beginnings() const override { return any(&PreTokenizer::changes_beginnings); }

private:
    bool any(bool (PreTokenizer::*property)() const) const
    {
        for (const auto &part : m_parts)
            if (((*part).*property)())
                return true;
        return false;
    }
    std::vector<std::unique_ptr<PreTokenizer>> m_parts;
};

} // namespace

SplitBehavior read_behavior(const JsonField &field)
{
    const std::string name = field.text();
    if (name == "Removed")
        return SplitBehavior::Removed;
    if (name == "Isolated")
        return SplitBehavior::Isolated;
    if (name == "MergedWithPrevious")
        return SplitBehavior::MergedWithPrevious;
    if (name == "MergedWithNext")
        return SplitBehavior::MergedWithNext;
    if (name == "Contiguous")
        return SplitBehavior::Contiguous;
    field.fail(in_quotes(name)
               + " is not supported (only Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous)");
}

std::vector<Span> apply_behavior(std::vector<Span> spans, SplitBehavior behavior)
{
    std::vector<Span> result;
    const auto size = spans.size();
    switch (behavior) {
    case SplitBehavior::Isolated:
        return spans;
    case SplitBehavior::Removed:
        std::erase_if(spans, [](const Span &span) { return span.found; });
        return spans;
    case SplitBehavior::Contiguous:
        for (const Span &span : spans) {
            if (!result.empty() && result.back().found == span.found)
                result.back().end = span.end;
            else
                result.push_back(span);
        }
        return result;
    case SplitBehavior::MergedWithPrevious: // of several finds in a row, only the first joins what is before it
        for (size_t i = 0; i < size; ++i) {
            if (i > 0 && spans[i].found && !spans[i - 1].found)
                result.back().end = spans[i].end;
            else
                result.push_back(spans[i]);
        }
        return result;
    case SplitBehavior::MergedWithNext: // … and only the last joins what follows
        for (size_t i = size; i-- > 0;) {
            if (i + 1 < size && spans[i].found && !spans[i + 1].found)
                result.back().begin = spans[i].begin;
            else
                result.push_back(spans[i]);
        }
        return {result.rbegin(), result.rend()};
    }
    return result;
}

std::unique_ptr<PreTokenizer> PreTokenizer::read(const JsonField &pre_tokenizer)
{
    const std::string type = pre_tokenizer.at("type").text();
    if (type == "ByteLevel")
        return std::make_unique<ByteLevel>(pre_tokenizer);
    if (type == "Metaspace")
        return std::make_unique<MetaspaceCut>(pre_tokenizer);
    if (type == "Split")
        return std::make_unique<Split>(pre_tokenizer);
    if (type == "Sequence")
        return std::make_unique<Sequence>(pre_tokenizer);
    if (auto cut = cut_by_characters(type, pre_tokenizer))
        return cut;
    pre_tokenizer.at("type").fail(in_quotes(type)
                                  + " is not supported (only BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, "
                                    "FixedLength, Metaspace, Punctuation, Sequence, Split, UnicodeScripts, Whitespace, "
                                    "WhitespaceSplit)");
}

} // namespace patchbay::text
