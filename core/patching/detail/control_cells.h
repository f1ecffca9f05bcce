// The controls of a run (patching/controls.h), computed as its cells are, on some of its prompts or all.
#pragma once

#include "patching/detail/path_ends.h"
#include "patching/detail/sweep_plan.h"
#include "patching/detail/workspace.h"

namespace patchbay::detail {

/// Of activation patching and ablation. Throws Cancelled.
ArrayMap activation_controls(const RunSpec &spec, const PromptBatch &batch, PromptRange prompts, PromptGroups &groups,
                             Workspace &work, const CancelToken &cancel);

/// Of path patching: rows: what its senders change and its receivers read. Throws Cancelled.
ArrayMap path_controls(const RunSpec &spec, const PromptBatch &batch, PromptRange prompts, const RowMap &rows,
                       PromptGroups &groups, Workspace &work, const CancelToken &cancel);

} // namespace patchbay::detail
