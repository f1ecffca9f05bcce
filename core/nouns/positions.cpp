#include "nouns/positions.h"

#include "base/error.h"
#include "base/pieces.h"

#include <array>

namespace patchbay {

namespace {

constexpr std::array<RoleInfo, 4> roles{{{"end", "END"}, {"io", "IO"}, {"s1", "S1"}, {"s2", "S2"}}};

} // namespace

std::span<const RoleInfo> position_roles()
{
    return roles;
}

std::string to_string(const Positions &positions)
{
    switch (positions.kind) {
    case Positions::Kind::All:
        return "all";
    case Positions::Kind::Each:
        return "each";
    case Positions::Kind::Role:
        return positions.role;
    case Positions::Kind::List:
        break;
    }
    std::string text;
    for (const int position : positions.list)
        text += (text.empty() ? "" : ",") + std::to_string(position);
    return text;
}

Positions parse_positions(std::string_view text)
{
    std::string plain(trimmed(text));
    if (plain.ends_with("_pos"))
        plain.resize(plain.size() - 4);
    if (plain == "all")
        return {};
    if (plain == "each")
        return Positions::each();
    std::string known = "all, each";
    for (const RoleInfo &role : roles) {
        if (plain == role.name)
            return Positions::at(std::string(role.name));
        known += std::string(", ") + role.name;
    }
    Positions positions{Positions::Kind::List, {}, {}};
    for (const std::string_view piece : pieces_of(plain)) {
        const std::optional<int> position = small_number(piece);
        if (!position)
            throw Error(std::string(text),
                        "is not a choice of positions; one of " + known + ", or indices from 0 such as 3,4,7");
        positions.list.push_back(*position);
    }
    return positions;
}

std::string in_words(const Positions &positions)
{
    switch (positions.kind) {
    case Positions::Kind::All:
        return "at all positions";
    case Positions::Kind::Each:
        return "at one position at a time";
    case Positions::Kind::Role:
        for (const RoleInfo &role : roles)
            if (positions.role == role.name)
                return std::string("at ") + role.title;
        return "at " + positions.role;
    case Positions::Kind::List:
        break;
    }
    return (positions.list.size() == 1 ? "at position " : "at positions ") + to_string(positions);
}

} // namespace patchbay
