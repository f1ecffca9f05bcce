// First-order effects of path patching: the gradient of the metric with respect to what the receivers hold, carried
// back along the paths that the first pass leaves open (the residual stream, and the MLPs when they are recomputed),
// times the senders' change.
#pragma once

#include "patching/detail/attribution.h"
#include "patching/detail/frozen_pass.h"

namespace patchbay::detail {

/// Gradient of each prompt's value of the metric with respect to the residual stream that leaves each place, through
/// the receivers alone. Receivers: q, k, v and their inputs, resid_pre, resid_mid, resid_post (others contribute
/// nothing). Rows are those of rows.
struct PathGradients {
    std::shared_ptr<const RowMap> rows;
    std::vector<at::Tensor> after_attention; ///< [layers] of [R, D]: where a head's or attn_out's change enters
    std::vector<at::Tensor> after_mlp;       ///< [layers] of [R, D]: where mlp_out's change enters
};

/// Where the senders' new value is zero, every row changes. Throws Cancelled.
PathGradients path_gradients(const BatchRuns &runs, const Terms &terms, bool through_mlps,
                             const std::vector<Node> &receivers, const std::shared_ptr<const RowMap> &rows,
                             const CancelToken &cancel);

/// Gradient of a receiver's activation on the base run, as a gradient of the residual stream it reads, [rows.count(),
/// D]; by attribution(). Undefined when the receiver is of a kind without one.
using ReceiverGradients = std::vector<at::Tensor>;
ReceiverGradients receiver_gradients(const BatchRuns &runs, const Terms &terms, const std::vector<Node> &receivers,
                                     const std::shared_ptr<const RowMap> &rows, const CancelToken &cancel);

/// d(metric)/d(MLP input stream) of layer l for rows x [n, D] with gradient g [n, D] of its output, before it is
/// added to g.
at::Tensor mlp_stream_gradient(const EngineModel &model, int l, const at::Tensor &x, const at::Tensor &g);

} // namespace patchbay::detail
