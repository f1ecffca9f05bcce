// Named positions of a prompt, such as END or IO (DESIGN §2). Which ones there are, a task says (task/ioi_roles.h) or
// the file that prompts come from.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay {

/// The role that every prompt has: the position whose next token is predicted.
inline constexpr const char *end_role = "end";

/// Token positions of one prompt by role, counted from 0. END is not among them: it follows from the prompt's length.
using Roles = std::map<std::string, int, std::less<>>;

/// The role that a text names, as specs and options write it: "io" for "io", "IO" and "io_pos". Nothing for a text that
/// cannot name one: a role has letters, digits and "_", a letter first, and is no other choice of positions (all,
/// each).
std::optional<std::string> role_named(std::string_view text);
/// As people read it: "IO".
std::string role_title(std::string_view role);
/// The tensor that says where it stands in files of token ids: "io_pos".
std::string role_tensor(std::string_view role);
/// The role that a tensor of such a file says; nothing for other tensors.
std::optional<std::string> role_of_tensor(std::string_view tensor);

} // namespace patchbay
