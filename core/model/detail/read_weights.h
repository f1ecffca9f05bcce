// From a checkpoint's tensors to Weights in TransformerLens' layout. For core's sources only.
#pragma once

#include "base/cancel.h"
#include "model/detail/checkpoint.h"
#include "model/detail/family.h"
#include "model/detail/weights.h"

#include <functional>
#include <string>
#include <vector>

namespace patchbay {

/// The 16-bit type that all matrices of a checkpoint have, else float32.
DType stored_dtype(const Checkpoint &checkpoint, const std::string &family);

/// Checks names and shapes of all tensors against the configuration, then reads each once, as the family's table says.
/// Large matrices are kept as `kept`: F32, F16 or BF16. progress gets the share done, 0..1. Throws Error naming the
/// file and the tensor that is missing, extra, of another shape, or not finite; Cancelled.
Weights read_weights(const Checkpoint &checkpoint, const ModelConfig &config, const FamilyTensors &family, DType kept,
                     const std::function<void(double)> &progress, const CancelToken &cancel);

} // namespace patchbay
