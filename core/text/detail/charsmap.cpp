#include "text/detail/charsmap.h"

#include "base/error.h"
#include "text/detail/characters.h"

#include <openssl/evp.h>
#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <memory>

namespace patchbay::text {

namespace {

uint32_t little_endian(const unsigned char *at)
{
    return uint32_t(at[0]) | uint32_t(at[1]) << 8 | uint32_t(at[2]) << 16 | uint32_t(at[3]) << 24;
}

// A unit of Darts' double array: a label in the low byte, with the highest bit set where the unit is a value; whether a
// value hangs below; how far away the children are.
bool has_value(uint32_t unit)
{
    return (unit >> 8 & 1) != 0;
}
uint32_t value_of(uint32_t unit)
{
    return unit & 0x7FFFFFFF;
}
uint32_t label_of(uint32_t unit)
{
    return unit & 0x800000FF;
}
uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & 0x200) != 0 ? 8 : 0);
}

/// The boundaries of graphemes in UTF-8.
class Graphemes {
public:
    explicit Graphemes(std::string_view text)
    {
        UErrorCode status = U_ZERO_ERROR;
        m_breaks.reset(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
        m_text = utext_openUTF8(nullptr, text.data(), int64_t(text.size()), &status);
        if (U_SUCCESS(status))
            m_breaks->setText(m_text, status);
        if (U_FAILURE(status)) {
            utext_close(m_text);
            throw Error("Unicode segmentation", u_errorName(status));
        }
    }
    ~Graphemes()
    {
        m_breaks.reset();
        utext_close(m_text);
    }
    Graphemes(const Graphemes &) = delete;
    Graphemes &operator=(const Graphemes &) = delete;
    /// The next boundary; below 0 behind the last.
    int32_t next() { return m_breaks->next(); }

private:
    std::unique_ptr<icu::BreakIterator> m_breaks;
    UText *m_text = nullptr;
};

} // namespace

Charsmap::Charsmap(const JsonField &precompiled)
{
    const std::string base64 = precompiled.text();
    std::string bytes(base64.size() / 4 * 3 + 3, '\0');
    const int length = base64.size() % 4 != 0 || base64.size() > (size_t(1) << 28)
        ? -1
        : EVP_DecodeBlock(reinterpret_cast<unsigned char *>(bytes.data()),
                          reinterpret_cast<const unsigned char *>(base64.data()), static_cast<int>(base64.size()));
    if (length < 4)
        precompiled.fail("is not a map of characters in Base64");
    // Base64's end is padded with up to two "=", which were decoded to zeros.
    const size_t padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
    bytes.resize(size_t(length) - padding);
    const auto *data = reinterpret_cast<const unsigned char *>(bytes.data());
    const size_t tree = bytes.size() < 4 ? 0 : little_endian(data);
    if (tree < 4 || tree % 4 != 0 || tree > bytes.size() - 4)
        precompiled.fail("is not a map of characters: its tree does not fit");
    for (size_t at = 4; at < 4 + tree; at += 4)
        m_units.push_back(little_endian(data + at));
    m_texts = bytes.substr(4 + tree);
}

std::optional<std::string_view> Charsmap::replacement(std::string_view text) const
{
    size_t node = offset_of(m_units[0]);
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        node ^= byte;
        if (byte == 0 || node >= m_units.size() || label_of(m_units[node]) != byte)
            return std::nullopt;
        const uint32_t unit = m_units[node];
        node ^= offset_of(unit);
        if (!has_value(unit))
            continue;
        const size_t at = node < m_units.size() ? value_of(m_units[node]) : m_texts.size();
        if (at >= m_texts.size())
            return std::nullopt;
        const std::string_view rest = std::string_view(m_texts).substr(at);
        return rest.substr(0, rest.find('\0'));
    }
    return std::nullopt;
}

std::string Charsmap::apply(std::string_view text) const
{
    constexpr size_t kLongGrapheme = 6;
    std::string result;
    result.reserve(text.size());
    Graphemes graphemes(text);
    size_t begin = 0;
    for (int32_t end = graphemes.next(); end >= 0; end = graphemes.next()) {
        const std::string_view grapheme = text.substr(begin, size_t(end) - begin);
        begin = size_t(end);
        const auto whole = grapheme.size() < kLongGrapheme ? replacement(grapheme) : std::nullopt;
        if (whole) {
            result += *whole;
            continue;
        }
        each_character(grapheme, [&](UChar32, size_t from, size_t to) {
            const std::string_view character = grapheme.substr(from, to - from);
            result += replacement(character).value_or(character);
        });
    }
    return result;
}

} // namespace patchbay::text
