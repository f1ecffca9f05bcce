// TransformerLens' weight processing, in place. For core's sources only.
#pragma once

#include "model/detail/weights.h"

namespace patchbay {

/// Norm weights that are folded become undefined. Leaves log-probabilities as they are, up to rounding.
void process_weights(Weights &weights, const ModelConfig &config, const Processing &processing);

} // namespace patchbay
