// Enumerations with their names, said once: for writing, for reading, and for the list in an error.
#pragma once

#include "base/error.h"
#include "base/plain_text.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay {

template <class Enum, size_t N>
using Names = std::array<std::pair<Enum, const char *>, N>;

template <class Enum, size_t N>
std::string name_of(const Names<Enum, N> &names, Enum value)
{
    for (const auto &[known, text] : names)
        if (known == value)
            return text;
    return {};
}

template <class Enum, size_t N>
std::optional<Enum> find_named(const Names<Enum, N> &names, std::string_view text)
{
    for (const auto &[value, known] : names)
        if (text == known)
            return value;
    return std::nullopt;
}

/// "a, b, c": what an error offers.
template <class Enum, size_t N>
std::string all_of(const Names<Enum, N> &names)
{
    std::string list;
    for (const auto &entry : names)
        list += (list.empty() ? "" : ", ") + std::string(entry.second);
    return list;
}

/// Throws Error: "… is not <what>; one of a, b, c".
template <class Enum, size_t N>
Enum parse_named(const Names<Enum, N> &names, std::string_view text, const char *what)
{
    if (const auto value = find_named(names, text))
        return *value;
    throw Error(std::string(text), std::string("is not ") + what + "; one of " + all_of(names));
}

} // namespace patchbay
