// The tokens of a text as people read them, one text a token.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace patchbay {

class Tokenizer;

/// Stands for the bytes with which a token goes on with a character that began in an earlier one.
inline constexpr const char *continued_character = "\u2039"; // ‹

/// Byte-level tokens often hold parts of a character: the whole character stands with the token that it begins in, and
/// each further one has the mark above in its place. "[50300]" for an id that the tokenizer does not have; U+FFFD for
/// bytes that never become a character.
std::vector<std::string> token_texts(const Tokenizer &tokenizer, std::span<const int64_t> ids);

} // namespace patchbay
