// Lists as people type them: "z:(0,3), mlp_out:1", "3,4,7".
#pragma once

#include "base/names.h"

#include <charconv>
#include <vector>

namespace patchbay {

/// Comma-separated pieces, trimmed; commas inside parentheses belong to the piece.
inline std::vector<std::string_view> pieces_of(std::string_view text)
{
    std::vector<std::string_view> pieces;
    int depth = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && (text[i] != ',' || depth > 0)) {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            continue;
        }
        pieces.push_back(trimmed(text.substr(start, i - start)));
        start = i + 1;
    }
    return pieces;
}

/// A number of at most six digits: larger ones are never a layer or a position, and cannot overflow.
inline std::optional<int> small_number(std::string_view text)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.size() > 6 || error != std::errc() || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

} // namespace patchbay
