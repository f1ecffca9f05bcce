// Attribution patching: the gradient of the metric on the base run times what patching would change, for all sites in
// one backward pass.
#pragma once

#include "base/cancel.h"
#include "patching/detail/batch_runs.h"
#include "patching/detail/cell_plan.h"

#include <map>
#include <vector>

namespace patchbay::detail {

/// First-order effects on each prompt's own logit difference, one number per changed row, so that any choice of
/// positions is a sum of them.
struct RowEffects {
    std::shared_ptr<const RowMap> rows;
    /// Z, Q, K, V, Pattern: [layers, heads, rows] (pattern: by query row; keys and values: per query head). AttnOut,
    /// MlpOut, ResidPre, ResidMid: [layers, rows]; ResidPre has one layer more, the final stream.
    std::map<Site, at::Tensor> by_site;
};

/// The backward pass needs only the rows from where base and source first differ (zero: from the start) to END, and no
/// gradient of weights. zero: the replacement is zero instead of the other run's value. Throws Cancelled.
RowEffects attribution(const BatchRuns &runs, bool base_flipped, bool zero, bool with_mlp_out,
                       const CancelToken &cancel);

} // namespace patchbay::detail
