// How fast this machine multiplies matrices: the yardstick that the engine's speed is reported against.
#pragma once

#include "nouns/precision.h"

namespace patchbay {

/// Multiply-adds × 2 a second of the engine's own product [rows, inner] x [inner, columns] with weights, with the
/// number of threads set by set_threads: the best of six, which takes some tenths of a second at most. A product that
/// is computed as several counts once. precision: none is float32.
double gemm_rate(int rows = 840, int columns = 3072, int inner = 768, std::optional<Precision> precision = {});

} // namespace patchbay
