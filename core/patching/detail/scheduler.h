// The order in which cells are computed: the cheapest first, so that something exact is there at once; then, ranked by
// estimate, most informative first, in chunks small enough that a cancel or a new priority is honoured soon.
#pragma once

#include "patching/detail/sweep_plan.h"
#include "patching/session.h"

#include <functional>
#include <memory>

namespace patchbay::detail {

struct Schedule {
    /// Per-prompt values of some cells' patched runs, [chosen, prompts]; those of prompts outside the range say
    /// nothing. chosen: indices into SweepPlan::plans.
    std::function<std::vector<float>(const std::vector<int> &chosen, PromptRange prompts, const CancelToken &)> compute;
    /// compute() of all prompts in two halves, between which a device is at work: what the second gives is waited for
    /// when the next cells are on their way. May be empty.
    std::function<std::function<std::vector<float>()>(const std::vector<int> &chosen, const CancelToken &)> begin = {};
    /// Multiply-adds × 2 and packed rows of a cell.
    std::function<double(int)> flops;
    std::function<int64_t(int)> rows;
    /// Normalised effects by attribution patching, one per plan (NaN: no estimate); called at most once. May be empty.
    std::function<std::vector<float>(const CancelToken &)> estimate;
    int64_t rows_at_once = 1 << 14; ///< from the memory budget
    double scale = 1;               ///< how much larger chunks are than what suits a few cores
    /// Each chunk brings work of its own with it that less than this is not worth; it may then have more rows, and
    /// whoever computes it sees to them.
    double least_chunk_flops = 0;
    ArrayMap arrays = {}; ///< of the result, beside its grids
    /// More of them, [.., prompts], once all cells are there; those of prompts outside the range say nothing.
    /// Cancelled, the run is not complete. May be empty.
    std::function<ArrayMap(PromptRange prompts, const CancelToken &)> controls = {};
    /// A pass whose values need no patching: of some plans on one group of prompts.
    struct Derived {
        std::vector<int> plans;
        std::vector<std::pair<int, int>> where; ///< of its values: which of these plans, prompt of the batch
        std::function<std::vector<float>()> values;
    };
    std::vector<Derived> derived = {};
    std::function<bool()> keeps_ends = {}; ///< once it has run: RunResult::keeps_ends
    int groups = 1;                        ///< so many passes make a plan whole
};

/// The run of a sweep: empty is what there is before the first cell (grids and baseline set). base_values [prompts] and
/// what the observer names must outlive it.
std::unique_ptr<RunSteps> begin_schedule(std::shared_ptr<const SweepPlan> sweep, Schedule schedule,
                                         const std::vector<float> &base_values, RunResult empty,
                                         const RunObserver &observer);

} // namespace patchbay::detail
