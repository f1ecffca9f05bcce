// The roles of the indirect-object-identification task: one task's case of nouns/role.h, declared here and nowhere
// else.
#pragma once

#include "nouns/role.h"

#include <array>

namespace patchbay {

class Tokenizer;
struct PromptPair;

namespace ioi {

// The indirect object, which answers; the subject where it is named first, and again.
inline constexpr const char *io = "io", *s1 = "s1", *s2 = "s2";

struct RoleInfo {
    const char *role;
    bool next_too; ///< what stands behind it is a mark of its own: induction heads look at what followed S before
};
inline constexpr std::array<RoleInfo, 3> roles{{{io, false}, {s1, true}, {s2, false}}};

inline constexpr bool is_role(std::string_view role)
{
    for (const RoleInfo &one : roles)
        if (role == one.role)
            return true;
    return false;
}

} // namespace ioi

/// IO, S1 and S2 of a tokenized pair, by token, as the reference finds them: where the clean prompt has the answer's
/// token, and the wrong one's at least twice; otherwise none.
Roles find_ioi_roles(const PromptPair &pair, const Tokenizer &tokenizer);

} // namespace patchbay
