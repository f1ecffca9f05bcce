#include "text/detail/decoder.h"

#include "text/detail/byte_alphabet.h"
#include "text/detail/characters.h"
#include "text/detail/metaspace.h"
#include "text/detail/pattern.h"
#include "text/detail/vocabulary.h"

#include <utility>

namespace patchbay::text {

using Tokens = std::vector<std::string>;

struct Decoder::Step {
    virtual ~Step() = default;
    virtual void apply(Tokens &tokens) const = 0;
    /// What it makes of a token in the middle of others. The text may be ill-formed.
    virtual std::string meaning(const std::string &token) const = 0;
    /// Whether all that comes later is about the whole text.
    virtual bool joins() const { return false; }
};

namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view by)
{
    std::string result;
    size_t done = 0;
    for (size_t at = what.empty() ? std::string::npos : text.find(what); at != std::string_view::npos;
         at = text.find(what, done)) {
        result += text.substr(done, at - done);
        result += by;
        done = at + what.size();
    }
    result += text.substr(done);
    return result;
}

std::string joined(const Tokens &tokens)
{
    std::string all;
    for (const std::string &token : tokens)
        all += token;
    return all;
}

struct ByteLevelDecoder : Decoder::Step {
    void apply(Tokens &tokens) const override
    {
        std::string bytes;
        for (const std::string &token : tokens)
            bytes += from_alphabet(token);
        tokens.assign(1, well_formed(bytes));
    }
    std::string meaning(const std::string &token) const override { return from_alphabet(token); }
    bool joins() const override { return true; }
};

/// Tokens of bytes in a row are a text where that is UTF-8, and otherwise U+FFFD each.
struct ByteFallbackDecoder : Decoder::Step {
    void apply(Tokens &tokens) const override
    {
        Tokens result;
        std::string bytes;
        const auto flush = [&] {
            if (well_formed(bytes) == bytes)
                result.push_back(bytes);
            else
                result.insert(result.end(), bytes.size(), "\uFFFD");
            bytes.clear();
        };
        for (const std::string &token : tokens) {
            if (const auto byte = byte_of_token(token)) {
                bytes += *byte;
                continue;
            }
            if (!bytes.empty())
                flush();
            result.push_back(token);
        }
        if (!bytes.empty())
            flush();
        tokens = std::move(result);
    }
    std::string meaning(const std::string &token) const override
    {
        const auto byte = byte_of_token(token);
        return byte ? std::string(1, *byte) : token;
    }
};

struct FuseDecoder : Decoder::Step {
    void apply(Tokens &tokens) const override { tokens.assign(1, joined(tokens)); }
    std::string meaning(const std::string &token) const override { return token; }
    bool joins() const override { return true; }
};

struct MetaspaceDecoder : Decoder::Step {
    explicit MetaspaceDecoder(Metaspace its) : m(std::move(its)) { }
    void apply(Tokens &tokens) const override
    {
        for (size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = replaced(tokens[i], m.replacement, i == 0 && m.prepend != Metaspace::Prepend::Never ? "" : " ");
    }
    std::string meaning(const std::string &token) const override { return replaced(token, m.replacement, " "); }
    Metaspace m;
};

struct ReplaceDecoder : Decoder::Step {
    explicit ReplaceDecoder(const JsonField &field)
        : m_pattern(Pattern::read(field.at("pattern"))), m_content(field.at("content").text())
    {
    }
    void apply(Tokens &tokens) const override
    {
        for (std::string &token : tokens)
            token = meaning(token);
    }
    std::string meaning(const std::string &token) const override
    {
        if (well_formed(token) != token) // a part of a character; the pattern reads whole ones
            return token;
        return m_pattern->replaced(token, m_pattern->spans(token), m_content);
    }
    std::unique_ptr<Pattern> m_pattern;
    std::string m_content;
};

struct StripDecoder : Decoder::Step {
    explicit StripDecoder(const JsonField &field)
        : m_content(field.at("content").text()), m_start(field.at("start").integer(0, 1 << 20)),
          m_stop(field.at("stop").integer(0, 1 << 20))
    {
        if (m_content.empty())
            field.at("content").fail("should be one character");
    }
    void apply(Tokens &tokens) const override
    {
        for (std::string &token : tokens)
            token = meaning(token);
    }
    std::string meaning(const std::string &token) const override
    {
        std::string_view rest = token;
        for (int64_t i = 0; i < m_start && rest.starts_with(m_content); ++i)
            rest.remove_prefix(m_content.size());
        for (int64_t i = 0; i < m_stop && rest.ends_with(m_content); ++i)
            rest.remove_suffix(m_content.size());
        return std::string(rest);
    }
    std::string m_content;
    int64_t m_start, m_stop; ///< how many at most
};

struct WordPieceDecoder : Decoder::Step {
    WordPieceDecoder(std::string prefix, bool cleanup) : m_prefix(std::move(prefix)), m_cleanup(cleanup) { }
    void apply(Tokens &tokens) const override
    {
        for (size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = i > 0 ? meaning(tokens[i]) : cleaned(tokens[i]);
    }
    std::string meaning(const std::string &token) const override
    {
        return cleaned(token.starts_with(m_prefix) ? token.substr(m_prefix.size()) : " " + token);
    }
    /// Without the spaces that English has none of.
    std::string cleaned(std::string text) const
    {
        static constexpr std::pair<const char *, const char *> kTight[] = {
            {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
            {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
        if (m_cleanup)
            for (const auto &[loose, tight] : kTight)
                text = replaced(text, loose, tight);
        return text;
    }
    std::string m_prefix;
    bool m_cleanup;
};

struct BpeDecoder : Decoder::Step {
    explicit BpeDecoder(const JsonField &field) : m_suffix(text_or(field, "suffix", "</w>")) { }
    void apply(Tokens &tokens) const override
    {
        for (size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = replaced(tokens[i], m_suffix, i + 1 < tokens.size() ? " " : "");
    }
    std::string meaning(const std::string &token) const override { return replaced(token, m_suffix, " "); }
    std::string m_suffix;
};

} // namespace

Decoder::Decoder(const JsonField &decoder)
{
    read(decoder);
}

Decoder::Decoder(const std::string &model_type, bool byte_level)
{
    if (byte_level) {
        m_steps.push_back(std::make_shared<ByteLevelDecoder>());
    } else if (model_type == "WordPiece" || model_type == "WordLevel") {
        m_steps.push_back(std::make_shared<WordPieceDecoder>(model_type == "WordPiece" ? "##" : "", false));
    } else {
        m_steps.push_back(std::make_shared<MetaspaceDecoder>(Metaspace()));
        m_steps.push_back(std::make_shared<ByteFallbackDecoder>());
    }
}

void Decoder::read(const JsonField &decoder)
{
    const std::string type = decoder.at("type").text();
    const auto add = [this](auto step) { m_steps.push_back(std::make_shared<decltype(step)>(std::move(step))); };
    if (type == "Sequence") {
        for (const JsonField &part : decoder.at("decoders").items())
            read(part);
    } else if (type == "ByteLevel") {
        add(ByteLevelDecoder());
    } else if (type == "ByteFallback") {
        add(ByteFallbackDecoder());
    } else if (type == "BPEDecoder") {
        add(BpeDecoder(decoder));
    } else if (type == "Fuse") {
        add(FuseDecoder());
    } else if (type == "Metaspace") {
        add(MetaspaceDecoder(Metaspace::read(decoder)));
    } else if (type == "Replace") {
        add(ReplaceDecoder(decoder));
    } else if (type == "Strip") {
        add(StripDecoder(decoder));
    } else if (type == "WordPiece") {
        add(WordPieceDecoder(text_or(decoder, "prefix", "##"), flag_or(decoder, "cleanup", true)));
    } else {
        decoder.at("type").fail(in_quotes(type)
                                + " is not supported (only ByteLevel, ByteFallback, BPEDecoder, Fuse, Metaspace, "
                                  "Replace, Strip, WordPiece, Sequence)");
    }
}

std::string Decoder::decode(std::vector<std::string> tokens) const
{
    for (const auto &step : m_steps)
        step->apply(tokens);
    return well_formed(joined(tokens));
}

std::string Decoder::meaning(const std::string &token) const
{
    std::string text = token;
    for (const auto &step : m_steps) {
        text = step->meaning(text);
        if (step->joins())
            break;
    }
    return text;
}

bool Decoder::joins() const
{
    return m_steps.size() == 1 && dynamic_cast<const ByteLevelDecoder *>(m_steps.front().get()) != nullptr;
}

} // namespace patchbay::text
