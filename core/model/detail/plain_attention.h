// The steps of attention over whole prompts, between which the plain pass has its hook points. All tensors contiguous.
#pragma once

#include "block/detail/block.h"

namespace patchbay::detail {

/// Scores [P, H, T (query), T (key)] of q [P, T, H, d] and k [P, T, heads, d]; what is not seen is −∞.
at::Tensor plain_scores(const Block &block, const at::Tensor &q, const at::Tensor &k);
/// Over the keys; a row without any finite score attends to nothing.
at::Tensor plain_softmax(const at::Tensor &scores);
/// z [P, T, H, d] of a pattern [P, H, T, T] and v [P, T, heads, d].
at::Tensor plain_mix(const at::Tensor &pattern, const at::Tensor &v);

} // namespace patchbay::detail
