// Attention patterns made comparable across prompts: differences, and means aligned by role.
#pragma once

#include "patching/session.h"
#include "views.h"

#include <QStringList>

namespace patchbay {

/// The role of every position of one prompt: BOS at 0, IO, S1, S1+1, S2, END where they are known, otherwise empty.
QStringList rolesOf(const PromptBatch &batch, int prompt);

/// a − b. Throws Error when the two are of prompts of different lengths.
AttentionPattern difference(const AttentionPattern &a, const AttentionPattern &b);

/// Mean over prompts with rows and columns BOS, IO, S1, S1+1, S2, END, and one column for the rest: sentences differ,
/// roles do not. Rows of a pattern still sum to 1. Prompts without known roles are left out; size 0 when none has them.
widgets::AttentionView meanByRole(const AttentionPattern &pattern, const PromptBatch &batch);

} // namespace patchbay
