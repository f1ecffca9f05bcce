#include "text/detail/byte_alphabet.h"

#include <unicode/utf8.h>

namespace patchbay::text {

const std::array<char16_t, 256> &byte_alphabet()
{
    static const std::array<char16_t, 256> alphabet = [] {
        std::array<char16_t, 256> table{};
        char16_t next = 0x100;
        for (int byte = 0; byte < 256; ++byte) {
            const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
            table[byte] = printable ? static_cast<char16_t>(byte) : next++;
        }
        return table;
    }();
    return alphabet;
}

int byte_of(char32_t character)
{
    static const std::array<int, alphabet_end> bytes = [] {
        std::array<int, alphabet_end> table;
        table.fill(-1);
        for (int byte = 0; byte < 256; ++byte)
            table[byte_alphabet()[byte]] = byte;
        return table;
    }();
    return character < bytes.size() ? bytes[character] : -1;
}

std::string to_alphabet(std::string_view bytes)
{
    std::string result;
    result.reserve(bytes.size());
    for (const char byte : bytes) {
        const char16_t letter = byte_alphabet()[static_cast<unsigned char>(byte)];
        if (letter < 0x80) {
            result.push_back(static_cast<char>(letter));
        } else { // below 0x800: two bytes
            result.push_back(static_cast<char>(0xC0 | letter >> 6));
            result.push_back(static_cast<char>(0x80 | (letter & 0x3F)));
        }
    }
    return result;
}

std::string from_alphabet(const std::string &token)
{
    std::string bytes;
    const auto length = static_cast<int32_t>(token.size());
    for (int32_t i = 0; i < length;) {
        UChar32 character;
        U8_NEXT(token.data(), i, length, character);
        const int byte = character < 0 ? -1 : byte_of(static_cast<char32_t>(character));
        if (byte < 0)
            return token;
        bytes.push_back(static_cast<char>(byte));
    }
    return bytes;
}

} // namespace patchbay::text
