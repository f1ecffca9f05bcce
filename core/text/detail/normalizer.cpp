#include "text/detail/normalizer.h"

#include "base/error.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

namespace patchbay::text {

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
        m_forms.push_back(Form::Nfc);
    } else if (type == "NFD") {
        m_forms.push_back(Form::Nfd);
    } else if (type == "NFKC") {
        m_forms.push_back(Form::Nfkc);
    } else if (type == "NFKD") {
        m_forms.push_back(Form::Nfkd);
    } else {
        normalizer.at("type").fail(in_quotes(type) + " is not supported (only NFC, NFD, NFKC, NFKD, Sequence)");
    }
}

std::string Normalizer::apply(std::string_view text) const
{
    std::string result(text);
    for (const Form form : m_forms) {
        UErrorCode status = U_ZERO_ERROR;
        const icu::Normalizer2 *normalizer = form == Form::Nfc ? icu::Normalizer2::getNFCInstance(status)
            : form == Form::Nfd                                ? icu::Normalizer2::getNFDInstance(status)
            : form == Form::Nfkc                               ? icu::Normalizer2::getNFKCInstance(status)
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
