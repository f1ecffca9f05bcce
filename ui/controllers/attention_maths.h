// Attention patterns made comparable across prompts: differences, and means aligned by role.
#pragma once

#include "patching/session.h"
#include "views.h"

namespace patchbay {

/// a − b. Throws Error when the two are of prompts of different lengths.
AttentionPattern difference(const AttentionPattern &a, const AttentionPattern &b);

/// Mean over prompts with the titles of align_roles as rows and columns: sentences differ, roles do not. Rows of a
/// pattern still sum to 1. Size 0 for prompts without roles.
widgets::AttentionView meanByRole(const AttentionPattern &pattern, const PromptBatch &batch);

} // namespace patchbay
