// Where each tensor of a family stands in Weights. For core's sources only.
#pragma once

#include "model/detail/family.h"
#include "model/detail/weights.h"

#include <vector>

namespace patchbay {

/// Where a family's tensor goes, and the shape that it has there.
struct Place {
    at::Tensor *tensor;
    std::vector<int64_t> shape;
};
/// Throws Error for those that hold several (W_qkv and the like).
Place place_of(Weight weight, const ModelConfig &config, Weights &weights, LayerWeights &layer);

} // namespace patchbay
