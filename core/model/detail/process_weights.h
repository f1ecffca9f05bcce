// TransformerLens' weight processing, in place. For core's sources only.
#pragma once

#include "model/detail/weights.h"

namespace patchbay {

/// All wanted steps but those left off. Norm weights that are folded become undefined. Leaves log-probabilities as they
/// are, up to rounding. Of weights that are kept as stored it changes what is small, and notes for the rest what is to
/// be done when it is widened.
void process_weights(Weights &weights, const ModelConfig &config, const Processing &processing);

// Its parts, of which none is left off, for what is widened: a layer, rows of the embedding [.., D], and columns of the
// unembedding, [D, n] from stored rows [n, D].
void process_layer(LayerWeights &layer, const ModelConfig &config, const Processing &processing);
void process_embedding(at::Tensor &rows, const Processing &processing);
at::Tensor processed_columns(const StoredUnembedding &unembed, const at::Tensor &rows);

/// bias + row W, summed in double precision: bias [.., k], row [n], W [.., n, k]; bias has one row for each matrix in
/// W.
at::Tensor plus_product(const at::Tensor &bias, const at::Tensor &row, const at::Tensor &W);

/// x W + bias of every row, in float32: x [n, D], contiguous, W [D, k] with rows stride(0) apart, bias [k] → [n, k] in
/// memory of its own, also for one row.
at::Tensor times_plus(const at::Tensor &x, const at::Tensor &W, const at::Tensor &bias);

} // namespace patchbay
