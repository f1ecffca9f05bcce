// Which role stands at which token: what tables, attention patterns and their means by role show.
#pragma once

#include "task/prompts.h"

#include <string>
#include <vector>

namespace patchbay {

/// For each position of a clean prompt up to END the title of its role ("IO", "END"), or nothing.
std::vector<std::string> role_marks(const PromptPair &pair);
std::vector<std::string> role_marks(const PromptBatch &batch, int prompt);

/// Prompts side by side: sentences differ, roles do not.
struct RoleAlignment {
    /// "BOS" for the first token, the batch's roles and what stands behind some of them, "END", and "rest" for all
    /// other positions: IOI gives BOS, IO, S1, S1+1, S2, END, rest.
    std::vector<std::string> titles;
    std::vector<std::vector<int>> places; ///< per prompt, for each position up to END: the index of its title
};
RoleAlignment align_roles(const PromptBatch &batch);

} // namespace patchbay
