// TransformerLens' weight processing, in place. For core's sources only.
#pragma once

#include "model/detail/weights.h"

namespace patchbay {

/// Norm weights that are folded become undefined. Leaves log-probabilities as they are, up to rounding.
void process_weights(Weights &weights, const ModelConfig &config, const Processing &processing);

/// bias + row W, summed in double precision: bias [.., k], row [n], W [.., n, k]; bias has one row for each matrix in
/// W.
at::Tensor plus_product(const at::Tensor &bias, const at::Tensor &row, const at::Tensor &W);

} // namespace patchbay
