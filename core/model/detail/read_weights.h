// From a checkpoint's tensors to Weights in TransformerLens' layout. For core's sources only.
#pragma once

#include "base/cancel.h"
#include "model/detail/checkpoint.h"
#include "model/detail/weights.h"

#include <functional>
#include <string>
#include <vector>

namespace patchbay {

/// Checks names and shapes of all tensors against the configuration, then reads each once. attention_bias: whether the attention's
/// projections have biases. progress gets the share done, 0..1. Throws Error naming the file and the tensor that is missing, extra, of
/// another shape, or not finite; Cancelled.
Weights read_weights(const Checkpoint &checkpoint, const ModelConfig &config, bool attention_bias,
                     const std::function<void(double)> &progress, const CancelToken &cancel);

/// Tensors of older checkpoints that are computed, not learned: causal masks, rotary tables.
bool is_known_buffer(const std::string &tensor);

} // namespace patchbay
