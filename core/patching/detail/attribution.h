// Attribution patching: the gradient of the metric on the base run times what patching would change, for all sites in
// one backward pass.
#pragma once

#include "base/cancel.h"
#include "patching/detail/batch_runs.h"
#include "patching/detail/cell_plan.h"

#include <map>
#include <vector>

namespace patchbay::detail {

/// What first-order estimates start from: the base run, what takes the values' place (zero instead of the other run's),
/// and what is measured.
struct Terms {
    bool base_flipped = true, zero = false;
    Metric metric = Metric::LogitDiff;
};
/// Whether the metric's slope says anything on this base run: a divergence from the clean run is least there, and flat.
bool has_estimates(Metric metric, bool base_flipped);

/// First-order effects on each prompt's own value of the metric, one number per changed row, so that any choice of
/// positions is a sum of them.
struct RowEffects {
    std::shared_ptr<const RowMap> rows;
    /// Z, Q, K, V, Pattern: [layers, heads, rows] (pattern: by query row; keys and values: per query head). AttnOut,
    /// MlpOut, ResidPre, ResidMid: [layers, rows]; ResidPre has one layer more, the final stream.
    std::map<Site, at::Tensor> by_site;
};

/// The backward pass needs only the rows from where base and source first differ (zero: from the start) to END, and no
/// gradient of weights. Throws Cancelled.
RowEffects attribution(const BatchRuns &runs, const Terms &terms, bool with_mlp_out, const CancelToken &cancel);

} // namespace patchbay::detail
