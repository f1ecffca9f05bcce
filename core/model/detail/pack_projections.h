// Queries', keys' and values' weights side by side, as a fast product wants them. For core's sources only.
#pragma once

#include "model/detail/weights.h"

namespace patchbay {

/// Makes a layer's W_qkv, and W_Q, W_K, W_V views of it, so that they are in memory once. Call when the weights no
/// longer change.
void pack_projections(LayerWeights &layer, const ModelConfig &config);
/// Of every layer, unless they are kept as stored and widened when they are used.
void pack_projections(Weights &weights, const ModelConfig &config);

} // namespace patchbay
