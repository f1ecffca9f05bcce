// Pieces of a transformer's arithmetic that the plain run and the sweep engine share. For core's sources only.
#pragma once

#include "model/config.h"

#include <ATen/ATen.h>

namespace patchbay {

/// The activation of the MLP.
at::Tensor activate(const at::Tensor &pre, Activation activation);

/// What rotates queries and keys: cosines and sines [positions, rotary_dim / 2] of positions 0 … width - 1.
struct RotaryTable {
    at::Tensor cos, sin;
};
/// Angles in double precision, as float32 angles of late positions are not exact.
RotaryTable rotary_table(const ModelConfig &config, int64_t width);
/// x [.., heads, d_head]; cos and sin broadcast against [.., heads, rotary_dim / 2]. Dimension i pairs with i + rotary_dim / 2; the
/// dimensions after rotary_dim stay.
at::Tensor rotate(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin);

} // namespace patchbay
