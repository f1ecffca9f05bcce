// The copy score of a head: does what it writes name the token it reads?
#pragma once

#include "batch.h"
#include "network.h"

namespace patchbay::trainer {

struct CopyScore {
    double positive = 0, negative = 0; ///< in %
};

/// x = residual stream after the first layer at IO, S1 and S2; the share of them whose own name is among the top five
/// of ± x W_V W_O W_U + b_U, with the norms' gains folded into the matrices and the value bias left out. resid [batch,
/// pos, d_model].
CopyScore copy_score(const Network &network, const torch::Tensor &resid, const Batch &batch, int64_t layer,
                     int64_t head);

} // namespace patchbay::trainer
