// Weights without a checkpoint, for benchmarks and tests. For core's sources only.
#pragma once

#include "model/detail/weights.h"

namespace patchbay {

/// Unprocessed: norm weights about one, everything else normal about zero, biases included. The same seed gives the
/// same weights.
Weights random_weights(const ModelConfig &config, uint64_t seed);

} // namespace patchbay
