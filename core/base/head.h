// A head of the model: (layer, head), both from 0.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

struct Head {
    int layer = 0;
    int head = 0;
    auto operator<=>(const Head &) const = default;
};

/// "L9H6", as shown everywhere.
std::string label(Head head);
/// "9.6", as written in specs and on the command line.
std::string dotted(Head head);

/// Reads 9.6, (9,6), L9H6 or a9.h6 (case-insensitive, spaces ignored). Throws Error with the text as subject.
Head parse_head(std::string_view text);
/// Comma-separated heads; commas inside parentheses belong to the head. Throws Error.
std::vector<Head> parse_heads(std::string_view text);

} // namespace patchbay
