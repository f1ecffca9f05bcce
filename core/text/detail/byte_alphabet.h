// GPT-2's alphabet: every byte as a printable character, so that BPE can work on text.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace patchbay::text {

/// One character for each byte: 0x21-0x7E, 0xA1-0xAC, 0xAE-0xFF stand for themselves, the other 68 for U+0100, U+0101 …
const std::array<char16_t, 256> &byte_alphabet();
/// The highest character of the alphabet is below this.
inline constexpr int alphabet_end = 0x144;
/// The byte that a character stands for; -1 for a character outside the alphabet.
int byte_of(char32_t character);

/// The bytes of a UTF-8 text, written in the alphabet.
std::string to_alphabet(std::string_view bytes);
/// What a token stands for: its bytes if all its characters are in the alphabet, otherwise its own UTF-8.
std::string from_alphabet(const std::string &token);

} // namespace patchbay::text
