// The order in which cells are computed: the cheapest first, so that something exact is there at once; then, ranked by estimate, most
// informative first, in chunks small enough that a cancel or a new priority is honoured soon.
#pragma once

#include "patching/detail/sweep_plan.h"
#include "patching/session.h"

#include <functional>

namespace patchbay::detail {

struct Schedule {
    /// Per-prompt values of some cells' patched runs, [chosen, prompts]. chosen: indices into SweepPlan::plans.
    std::function<std::vector<float>(const std::vector<int> &chosen, const CancelToken &)> compute;
    /// Multiply-adds × 2 and packed rows of a cell.
    std::function<double(int)> flops;
    std::function<int64_t(int)> rows;
    /// Normalised effects by attribution patching, one per plan (NaN: no estimate); called at most once. May be empty.
    std::function<std::vector<float>(const CancelToken &)> estimate;
    int64_t rows_at_once = 1 << 14; ///< from the memory budget
};

/// Computes all cells of the sweep into result (whose grids and baseline are set), calling the observer. Returns false when cancelled.
bool run_schedule(const SweepPlan &sweep, const Schedule &schedule, const std::vector<float> &base_values, RunResult &result,
                  const RunObserver &observer, const CancelToken &cancel);

} // namespace patchbay::detail
