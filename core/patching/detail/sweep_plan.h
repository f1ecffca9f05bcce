// From a RunSpec to the cells of a sweep: which grids there will be and what each cell changes.
#pragma once

#include "patching/detail/prompt_groups.h"
#include "patching/run_result.h"

namespace patchbay::detail {

struct SweepPlan {
    bool base_flipped = false;
    std::vector<Grid> grids; ///< cells Missing
    std::vector<CellPlan> plans;
};

/// The positions that a spec names, on every prompt, from `first[prompt]` to END. one_position ≥ 0: that position alone
/// ("each"). Throws Error when the batch does not say where a role stands.
std::shared_ptr<const RowMap> chosen_rows(const Positions &positions, const PromptBatch &batch,
                                          const BatchLayout &layout, const std::vector<int> &first,
                                          int one_position = -1);
/// First differing position of each prompt, or zeros: where what comes from the source run, or an ablation, can begin.
std::vector<int> first_rows(bool from_source, const BatchLayout &layout);
/// Sets the plan's start from its edits' rows.
void set_starts(CellPlan &plan, const BatchLayout &layout);
/// An empty grid, whose effects are counted from the base run of the spec.
Grid make_grid(const RunSpec &spec, std::string name, std::vector<std::string> axes, std::vector<int> shape,
               int prompts);

/// For activation and attribution patching. Throws Error naming the site or position that this model or batch does not
/// have, and Cancelled (mean ablation reads every group's clean run).
SweepPlan plan_activation_patching(const RunSpec &spec, const PromptBatch &batch, PromptGroups &groups,
                                   const CancelToken &cancel);

} // namespace patchbay::detail
