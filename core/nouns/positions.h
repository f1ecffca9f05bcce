// Which token positions a run patches.
#pragma once

#include "nouns/role.h"

#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// All of them, each one in turn, the one with a role, or a list of indices (the same in every prompt).
struct Positions {
    enum class Kind { All, Each, Role, List };
    Kind kind = Kind::All;
    std::string role;      ///< Role: "end", or another that the task names, such as "io"
    std::vector<int> list; ///< List: indices from 0
    static Positions at(std::string role) { return {Kind::Role, std::move(role), {}}; }
    static Positions each() { return {Kind::Each, {}, {}}; }
    static Positions at(std::vector<int> list) { return {Kind::List, {}, std::move(list)}; }
    bool operator==(const Positions &) const = default;
};
/// "all", "each", "end", "3,4,7".
std::string to_string(const Positions &positions);
/// all, each, the name of a role, or "3,4,7". Whether the prompts say where that role stands is for whoever has them
/// (PromptBatch::role). Throws Error.
Positions parse_positions(std::string_view text);
/// "at all positions", "at END", "at positions 3,4".
std::string in_words(const Positions &positions);

} // namespace patchbay
