// Angles of rotary position embeddings.
#pragma once

#include "model/config.h"

#include <vector>

namespace patchbay {

/// [rotary_dim / 2] radians by which a position turns each pair of dimensions: base^(−2i / rotary_dim), slowed down as
/// rope_scaling says. Source of the scaled ones: transformers' modeling_rope_utils, "linear" (Chen et al. 2023),
/// "llama3" (Llama 3.1: long waves slowed by the factor, short ones left, a linear blend between), "yarn" (Peng et al.
/// 2023: the same with a ramp over pairs) and "longrope" (Ding et al. 2024: a factor for each pair, others in batches
/// that are wider than the first training's context). A layer whose base is its own (LayerTraits) is not slowed down.
std::vector<double> rotary_frequencies(const ModelConfig &config, int layer = 0, int64_t batch_width = 1);

} // namespace patchbay
