// Characters of well-formed UTF-8, one after the other.
#pragma once

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <string>
#include <string_view>

namespace patchbay::text {

/// UTF-8 with each maximal ill-formed part replaced by U+FFFD.
std::string well_formed(std::string_view bytes);

inline void append_character(std::string &text, UChar32 character)
{
    char bytes[U8_MAX_LENGTH];
    size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, character);
    text.append(bytes, length);
}

/// visit(character, its first byte, the byte behind it); an ill-formed part comes as character -1.
template <typename Visit>
void each_character(std::string_view text, const Visit &visit)
{
    for (size_t i = 0; i < text.size();) {
        const size_t begin = i;
        UChar32 character;
        U8_NEXT(text.data(), i, text.size(), character);
        visit(character, begin, i);
    }
}

inline bool is_white_space(UChar32 character)
{
    return u_hasBinaryProperty(character, UCHAR_WHITE_SPACE);
}

/// \w of Rust's regular expressions.
inline bool is_word_character(UChar32 character)
{
    return u_hasBinaryProperty(character, UCHAR_ALPHABETIC) || u_hasBinaryProperty(character, UCHAR_JOIN_CONTROL)
        || (U_GET_GC_MASK(character) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

/// ASCII's punctuation with its symbols, and Unicode's punctuation without.
inline bool is_punctuation(UChar32 character)
{
    if (character < 0x80)
        return (character >= '!' && character <= '/') || (character >= ':' && character <= '@')
            || (character >= '[' && character <= '`') || (character >= '{' && character <= '~');
    return (U_GET_GC_MASK(character) & U_GC_P_MASK) != 0;
}

} // namespace patchbay::text
