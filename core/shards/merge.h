// Results of shards put together.
#pragma once

#include "patching/run_result.h"
#include "shards/shard_plan.h"

#include <string>
#include <vector>

namespace patchbay {

struct MergeOptions {
    /// Results of machines that round otherwise are put together as well: what they share is the first one's, and the
    /// whole is that of one run but for rounding.
    bool mixed = false;
};

struct Merged {
    RunResult result;            ///< what there is; complete: it is the result of one run
    std::vector<int> missing;    ///< shards without a result, from 1
    std::vector<int> unfinished; ///< shards whose result was stopped
    int64_t missing_cells = 0;   ///< of ShardPlan::cells
    bool complete() const { return result.complete; }
};

/// One result of those of a plan's shards, [shards], null where there is none. names [shards]: of each, for errors. The
/// result has the bytes, in a file, of one run of the plan's spec. Throws Error naming the result that is of another
/// model, other prompts, another spec or version, or that was rounded otherwise; and where there is none at all.
Merged merge(const ShardPlan &plan, const std::vector<const RunResult *> &results,
             const std::vector<std::string> &names, const MergeOptions &options = {});

/// For people: "2 of 5 shards are missing: 2 and 4 (13 of 48 cells)"; empty where it is complete.
std::string what_is_missing(const Merged &merged, const ShardPlan &plan);

} // namespace patchbay
