#include "text/detail/pre_tokenizer.h"

#include "text/detail/byte_alphabet.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace patchbay::text {

namespace {

/// GPT-2's pattern: contractions, words, numbers and other marks, each with one space before it; white space.
constexpr const char *gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// Replaces each piece by those parts of it that cut() returns.
template <typename Cut>
void cut_pieces(Pieces &pieces, const Cut &cut)
{
    Pieces result;
    for (const std::string &piece : pieces)
        for (const Span &span : cut(piece))
            if (span.end > span.begin)
                result.emplace_back(piece, span.begin, span.end - span.begin);
    pieces = std::move(result);
}

class ByteLevel : public PreTokenizer {
public:
    explicit ByteLevel(const JsonField &field)
    {
        const auto flag = [&](const char *key, bool fallback) {
            const auto found = field.find(key);
            return found ? found->flag() : fallback;
        };
        m_add_prefix_space = flag("add_prefix_space", true);
        if (flag("use_regex", true))
            m_pattern = std::make_unique<Pattern>(field, gpt2_pattern);
    }

    void apply(Pieces &pieces) const override
    {
        if (m_add_prefix_space)
            for (std::string &piece : pieces)
                if (!piece.starts_with(' '))
                    piece.insert(0, 1, ' ');
        if (m_pattern)
            cut_pieces(pieces, [this](const std::string &piece) { return m_pattern->spans(piece); });
        for (std::string &piece : pieces)
            piece = to_alphabet(piece);
    }
    bool byte_level() const override { return true; }

private:
    bool m_add_prefix_space = true;
    std::unique_ptr<Pattern> m_pattern; ///< null: pieces stay whole
};

class Digits : public PreTokenizer {
public:
    explicit Digits(const JsonField &field)
    {
        const auto individual = field.find("individual_digits");
        m_behavior = individual && individual->flag() ? SplitBehavior::Isolated : SplitBehavior::Contiguous;
    }

    void apply(Pieces &pieces) const override
    {
        cut_pieces(pieces, [this](const std::string &piece) {
            std::vector<Span> spans;
            size_t done = 0;
            for (size_t i = 0; i < piece.size();) {
                const size_t begin = i;
                UChar32 character;
                U8_NEXT(piece.data(), i, piece.size(), character);
                if (U_GET_GC_MASK(character) & U_GC_N_MASK) {
                    if (begin > done)
                        spans.push_back({done, begin, false});
                    spans.push_back({begin, i, true});
                    done = i;
                }
            }
            if (done < piece.size())
                spans.push_back({done, piece.size(), false});
            return apply_behavior(std::move(spans), m_behavior);
        });
    }

private:
    SplitBehavior m_behavior;
};

class Split : public PreTokenizer {
public:
    explicit Split(const JsonField &field)
    {
        const JsonField pattern = field.at("pattern");
        if (const auto regex = pattern.find("Regex"))
            m_pattern = std::make_unique<Pattern>(*regex, regex->text());
        else
            m_pattern = std::make_unique<Pattern>(pattern, pattern.at("String").text(), Pattern::Kind::Literal);
        const JsonField behavior = field.at("behavior");
        const std::string name = behavior.text();
        if (name == "Removed")
            m_behavior = SplitBehavior::Removed;
        else if (name == "Isolated")
            m_behavior = SplitBehavior::Isolated;
        else if (name == "MergedWithPrevious")
            m_behavior = SplitBehavior::MergedWithPrevious;
        else if (name == "MergedWithNext")
            m_behavior = SplitBehavior::MergedWithNext;
        else if (name == "Contiguous")
            m_behavior = SplitBehavior::Contiguous;
        else
            behavior.fail(
                in_quotes(name)
                + " is not supported (only Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous)");
        const auto invert = field.find("invert");
        m_invert = invert && invert->flag();
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
    SplitBehavior m_behavior = SplitBehavior::Isolated;
    bool m_invert = false; ///< what is between the pattern's finds counts as found
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
    bool byte_level() const override
    {
        for (const auto &part : m_parts)
            if (part->byte_level())
                return true;
        return false;
    }

private:
    std::vector<std::unique_ptr<PreTokenizer>> m_parts;
};

} // namespace

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
    if (type == "Digits")
        return std::make_unique<Digits>(pre_tokenizer);
    if (type == "Split")
        return std::make_unique<Split>(pre_tokenizer);
    if (type == "Sequence")
        return std::make_unique<Sequence>(pre_tokenizer);
    pre_tokenizer.at("type").fail(in_quotes(type) + " is not supported (only ByteLevel, Digits, Split, Sequence)");
}

} // namespace patchbay::text
