#include "text/detail/normalizer.h"

#include "base/error.h"
#include "text/detail/byte_alphabet.h"
#include "text/detail/characters.h"
#include "text/detail/charsmap.h"
#include "text/detail/pattern.h"
#include "text/detail/vocabulary.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>

namespace patchbay::text {

namespace {

using Form = const icu::Normalizer2 *(*)(UErrorCode &);

const icu::Normalizer2 *nfc(UErrorCode &status)
{
    return icu::Normalizer2::getNFCInstance(status);
}
const icu::Normalizer2 *nfd(UErrorCode &status)
{
    return icu::Normalizer2::getNFDInstance(status);
}
const icu::Normalizer2 *nfkc(UErrorCode &status)
{
    return icu::Normalizer2::getNFKCInstance(status);
}
const icu::Normalizer2 *nfkd(UErrorCode &status)
{
    return icu::Normalizer2::getNFKDInstance(status);
}

std::string in_form(const std::string &text, Form form)
{
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2 *normalizer = form(status);
    std::string normalized;
    icu::StringByteSink<std::string> sink(&normalized);
    if (U_SUCCESS(status))
        normalizer->normalizeUTF8(0, text, sink, nullptr, status);
    if (U_FAILURE(status))
        throw Error("Unicode normalization", u_errorName(status));
    return normalized;
}

/// The characters that keep() keeps.
template <typename Keep>
std::string filtered(const std::string &text, bool &at_start, const Keep &keep)
{
    std::string result;
    result.reserve(text.size());
    each_character(text, [&](UChar32 character, size_t begin, size_t end) {
        if (keep(character))
            result.append(text, begin, end - begin);
        else if (begin == 0)
            at_start = false;
    });
    return result;
}

/// Character by character, whatever the language and the neighbours: a sigma at a word's end is a sigma.
std::string lower_case(const std::string &text)
{
    std::string result;
    result.reserve(text.size());
    each_character(text, [&](UChar32 character, size_t, size_t) {
        if (character == 0x130) // the one letter that becomes two
            result += "i\u0307";
        else
            append_character(result, u_tolower(character));
    });
    return result;
}

class NormalFormStep : public NormalStep {
public:
    explicit NormalFormStep(Form form) : m_form(form) { }
    std::string apply(const std::string &text, bool &) const override { return in_form(text, m_form); }

private:
    Form m_form;
};

class LowercaseStep : public NormalStep {
public:
    std::string apply(const std::string &text, bool &) const override { return lower_case(text); }
};

class StripStep : public NormalStep {
public:
    explicit StripStep(const JsonField &field)
        : m_left(flag_or(field, "strip_left", true)), m_right(flag_or(field, "strip_right", true))
    {
    }
    std::string apply(const std::string &text, bool &at_start) const override
    {
        size_t first = text.size(), last = 0; // of what is no white space
        each_character(text, [&](UChar32 character, size_t begin, size_t end) {
            if (!is_white_space(character)) {
                first = std::min(first, begin);
                last = end;
            }
        });
        if (!m_left)
            first = 0;
        if (!m_right)
            last = text.size();
        at_start = at_start && first == 0;
        return first < last ? text.substr(first, last - first) : std::string();
    }

private:
    bool m_left, m_right;
};

class StripAccentsStep : public NormalStep {
public:
    std::string apply(const std::string &text, bool &at_start) const override
    {
        return filtered(text, at_start, [](UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) == 0; });
    }
};

/// Control characters go, other blanks become spaces.
class NmtStep : public NormalStep {
public:
    std::string apply(const std::string &text, bool &at_start) const override
    {
        const std::string kept = filtered(text, at_start, [](UChar32 c) {
            return !((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F);
        });
        std::string result;
        each_character(kept, [&](UChar32 c, size_t begin, size_t end) {
            if (c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028
                || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD)
                result += ' ';
            else
                result.append(kept, begin, end - begin);
        });
        return result;
    }
};

class PrependStep : public NormalStep {
public:
    explicit PrependStep(const JsonField &field) : m_text(field.at("prepend").text()) { }
    std::string apply(const std::string &text, bool &) const override { return m_text + text; }

private:
    std::string m_text;
};

class ReplaceStep : public NormalStep {
public:
    explicit ReplaceStep(const JsonField &field)
        : m_pattern(Pattern::read(field.at("pattern"))), m_content(field.at("content").text())
    {
    }
    std::string apply(const std::string &text, bool &at_start) const override
    {
        const std::vector<Span> spans = m_pattern->spans(text);
        // What stands for several characters stands where the last of them did.
        if (const Span &first = spans.front(); first.found && first.end > 0) {
            size_t one = 0;
            U8_FWD_1(text.data(), one, text.size());
            at_start = at_start && first.end == one && !m_content.empty();
        }
        return m_pattern->replaced(text, spans, m_content);
    }

private:
    std::unique_ptr<Pattern> m_pattern;
    std::string m_content;
};

class PrecompiledStep : public NormalStep {
public:
    explicit PrecompiledStep(const JsonField &field) : m_map(field.at("precompiled_charsmap")) { }
    std::string apply(const std::string &text, bool &) const override
    {
        return well_formed(m_map.apply(text)); // whatever the map holds
    }

private:
    Charsmap m_map;
};

class BertStep : public NormalStep {
public:
    explicit BertStep(const JsonField &field)
        : m_clean(flag_or(field, "clean_text", true)), m_chinese(flag_or(field, "handle_chinese_chars", true)),
          m_lowercase(flag_or(field, "lowercase", true)), m_strip_accents(flag_or(field, "strip_accents", m_lowercase))
    {
    }
    std::string apply(const std::string &text, bool &at_start) const override
    {
        std::string result = text;
        if (m_clean) {
            result = filtered(result, at_start, [](UChar32 c) {
                constexpr uint32_t other = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK;
                return c != 0 && c != 0xFFFD
                    && (c == '\t' || c == '\n' || c == '\r' || (U_GET_GC_MASK(c) & other) == 0);
            });
            result =
                mapped(result, [](UChar32 c, std::string &out) { append_character(out, is_white_space(c) ? ' ' : c); });
        }
        if (m_chinese)
            result = mapped(result, [](UChar32 c, std::string &out) {
                if (is_chinese(c))
                    out += ' ';
                append_character(out, c);
                if (is_chinese(c))
                    out += ' ';
            });
        if (m_strip_accents)
            result =
                filtered(in_form(result, nfd), at_start, [](UChar32 c) { return u_charType(c) != U_NON_SPACING_MARK; });
        return m_lowercase ? lower_case(result) : result;
    }

private:
    template <typename Map>
    static std::string mapped(const std::string &text, const Map &map)
    {
        std::string result;
        each_character(text, [&](UChar32 character, size_t, size_t) { map(character, result); });
        return result;
    }
    /// The blocks of Han characters, as BERT's tokenizer has them.
    static bool is_chinese(UChar32 c)
    {
        return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF)
            || (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF)
            || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
    }
    bool m_clean, m_chinese, m_lowercase, m_strip_accents;
};

class ByteLevelStep : public NormalStep {
public:
    std::string apply(const std::string &text, bool &) const override { return to_alphabet(text); }
};

} // namespace

Normalizer::Normalizer(const JsonField &normalizer)
{
    read(normalizer);
}

void Normalizer::read(const JsonField &normalizer)
{
    const std::string type = normalizer.at("type").text();
    const auto add = [this](auto step) { m_steps.push_back(std::make_shared<decltype(step)>(std::move(step))); };
    if (type == "Sequence") {
        for (const JsonField &part : normalizer.at("normalizers").items())
            read(part);
    } else if (type == "NFC") {
        add(NormalFormStep(nfc));
    } else if (type == "NFD") {
        add(NormalFormStep(nfd));
    } else if (type == "NFKC") {
        add(NormalFormStep(nfkc));
    } else if (type == "NFKD") {
        add(NormalFormStep(nfkd));
    } else if (type == "Lowercase") {
        add(LowercaseStep());
    } else if (type == "Strip") {
        add(StripStep(normalizer));
        m_changes_beginnings = true;
    } else if (type == "StripAccents") {
        add(StripAccentsStep());
    } else if (type == "Nmt") {
        add(NmtStep());
    } else if (type == "Prepend") {
        add(PrependStep(normalizer));
        m_changes_beginnings = true;
    } else if (type == "Replace") {
        add(ReplaceStep(normalizer));
        m_changes_beginnings = true; // a pattern may say "at the beginning"
    } else if (type == "Precompiled") {
        add(PrecompiledStep(normalizer));
    } else if (type == "BertNormalizer") {
        add(BertStep(normalizer));
    } else if (type == "ByteLevel") {
        add(ByteLevelStep());
        m_byte_level = true;
    } else {
        normalizer.at("type").fail(in_quotes(type)
                                   + " is not supported (only NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, "
                                     "Nmt, Prepend, Replace, Precompiled, BertNormalizer, ByteLevel, Sequence)");
    }
}

std::string Normalizer::apply(std::string_view text, bool &at_start) const
{
    std::string result(text);
    for (const auto &step : m_steps)
        if (!result.empty())
            result = step->apply(result, at_start);
    return result;
}

} // namespace patchbay::text
