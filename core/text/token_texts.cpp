#include "text/token_texts.h"

#include "text/tokenizer.h"

#include <unicode/utf8.h>

namespace patchbay {

namespace {

/// Gives the characters of some tokens' bytes to the tokens that they begin in. owner: per byte, the token that it is
/// from.
void share_out(const std::string &bytes, const std::vector<size_t> &owner, std::vector<std::string> &texts)
{
    const auto *data = reinterpret_cast<const uint8_t *>(bytes.data());
    const auto length = static_cast<int32_t>(bytes.size());
    for (int32_t at = 0; at < length;) {
        const int32_t from = at;
        UChar32 character = 0;
        U8_NEXT(data, at, length, character); // below 0: ill-formed, as long as it could have become one character
        texts[owner[size_t(from)]] +=
            character < 0 ? std::string("\uFFFD") : bytes.substr(size_t(from), size_t(at - from));
        for (int32_t i = from + 1; i < at; ++i)
            if (owner[size_t(i)] != owner[size_t(i - 1)])
                texts[owner[size_t(i)]] += continued_character;
    }
}

} // namespace

std::vector<std::string> token_texts(const Tokenizer &tokenizer, std::span<const int64_t> ids)
{
    std::vector<std::string> texts(ids.size());
    std::string bytes;
    std::vector<size_t> owner;
    const auto flush = [&] {
        share_out(bytes, owner, texts);
        bytes.clear();
        owner.clear();
    };
    for (size_t i = 0; i < ids.size(); ++i) {
        if (!tokenizer.contains(ids[i])) {
            flush();
            texts[i] = "[" + std::to_string(ids[i]) + "]";
            continue;
        }
        bytes += tokenizer.bytes(ids[i]);
        owner.resize(bytes.size(), i);
    }
    flush();
    return texts;
}

} // namespace patchbay
