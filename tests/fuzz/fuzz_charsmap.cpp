// SentencePiece's map of characters, which stands in tokenizer.json as Base64: the input is what it decodes to.
#include "fuzz/fuzz_input.h"
#include "text/detail/charsmap.h"

#include <nlohmann/json.hpp>

namespace {

std::string base64_of(std::string_view bytes)
{
    constexpr const char *kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        unsigned three = 0;
        for (size_t k = 0; k < 3; ++k)
            three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
        for (size_t k = 0; k < 4; ++k)
            text += i + k > bytes.size() ? '=' : kDigits[three >> (18 - 6 * k) & 63];
    }
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    fuzz::refuse_or_read([&] {
        const nlohmann::json json = base64_of(fuzz::text(data, size));
        const text::Charsmap map(JsonField(json, "input"));
        for (const char *text : {"\uFF37hen Mary\t\u2460e\u0301\u0301 \U0001F642", "\uFB01ne\r\n\x01\u00BD"})
            map.apply(text);
    });
    return 0;
}
