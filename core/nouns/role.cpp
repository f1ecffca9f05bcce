#include "nouns/role.h"

#include "base/plain_text.h"

#include <algorithm>

namespace patchbay {

namespace {

constexpr std::string_view tensor_suffix = "_pos";

bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

} // namespace

std::optional<std::string> role_named(std::string_view text)
{
    std::string role = lower_case(trimmed(text));
    if (role.ends_with(tensor_suffix))
        role.resize(role.size() - tensor_suffix.size());
    const bool plain =
        std::all_of(role.begin(), role.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    if (role.empty() || !plain || !is_letter(role[0]) || role == "all" || role == "each")
        return std::nullopt;
    return role;
}

std::string role_title(std::string_view role)
{
    return upper_case(role);
}

std::string role_tensor(std::string_view role)
{
    return std::string(role).append(tensor_suffix);
}

std::optional<std::string> role_of_tensor(std::string_view tensor)
{
    const std::optional<std::string> role =
        tensor.ends_with(tensor_suffix) ? role_named(tensor) : std::optional<std::string>();
    return role == end_role ? std::nullopt : role;
}

} // namespace patchbay
