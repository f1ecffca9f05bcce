#include "text/detail/normalizer.h"

#include "base/error.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace patchbay::text {

namespace {

/// Character by character, whatever the language and the neighbours: a sigma at a word's end is a sigma.
std::string lower_case(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        UChar32 character;
        U8_NEXT(text.data(), i, text.size(), character);
        if (character == 0x130) { // the one letter that becomes two
            result += "i\u0307";
            continue;
        }
        char bytes[U8_MAX_LENGTH];
        size_t length = 0;
        U8_APPEND_UNSAFE(bytes, length, u_tolower(character));
        result.append(bytes, length);
    }
    return result;
}

} // namespace

Normalizer::Normalizer(const JsonField &normalizer)
{
    read(normalizer);
}

void Normalizer::read(const JsonField &normalizer)
{
    const std::string type = normalizer.at("type").text();
    if (type == "Sequence") {
        for (const JsonField &part : normalizer.at("normalizers").items())
            read(part);
    } else if (type == "NFC") {
        m_steps.push_back(Step::Nfc);
    } else if (type == "NFD") {
        m_steps.push_back(Step::Nfd);
    } else if (type == "NFKC") {
        m_steps.push_back(Step::Nfkc);
    } else if (type == "NFKD") {
        m_steps.push_back(Step::Nfkd);
    } else if (type == "Lowercase") {
        m_steps.push_back(Step::Lowercase);
    } else {
        normalizer.at("type").fail(in_quotes(type)
                                   + " is not supported (only NFC, NFD, NFKC, NFKD, Lowercase, Sequence)");
    }
}

std::string Normalizer::apply(std::string_view text) const
{
    std::string result(text);
    for (const Step step : m_steps) {
        if (step == Step::Lowercase) {
            result = lower_case(result);
            continue;
        }
        UErrorCode status = U_ZERO_ERROR;
        const icu::Normalizer2 *normalizer = step == Step::Nfc ? icu::Normalizer2::getNFCInstance(status)
            : step == Step::Nfd                                ? icu::Normalizer2::getNFDInstance(status)
            : step == Step::Nfkc                               ? icu::Normalizer2::getNFKCInstance(status)
                                                               : icu::Normalizer2::getNFKDInstance(status);
        std::string normalized;
        icu::StringByteSink<std::string> sink(&normalized);
        if (U_SUCCESS(status))
            normalizer->normalizeUTF8(0, result, sink, nullptr, status);
        if (U_FAILURE(status))
            throw Error("Unicode normalization", u_errorName(status));
        result = std::move(normalized);
    }
    return result;
}

} // namespace patchbay::text
