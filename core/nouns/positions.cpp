#include "nouns/positions.h"

#include "base/error.h"
#include "base/pieces.h"

namespace patchbay {

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
    const std::string_view plain = trimmed(text);
    if (plain == "all")
        return {};
    if (plain == "each")
        return Positions::each();
    if (const auto role = role_named(plain))
        return Positions::at(*role);
    Positions positions{Positions::Kind::List, {}, {}};
    for (const std::string_view piece : pieces_of(plain)) {
        const std::optional<int> position = small_number(piece);
        if (!position)
            throw Error(std::string(text),
                        "is not a choice of positions; all, each, a role such as end or io, or indices from 0 such as "
                        "3,4,7");
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
        return "at " + role_title(positions.role);
    case Positions::Kind::List:
        break;
    }
    return (positions.list.size() == 1 ? "at position " : "at positions ") + to_string(positions);
}

} // namespace patchbay
