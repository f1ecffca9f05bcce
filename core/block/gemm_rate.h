// How fast this machine multiplies matrices: the yardstick that the engine's speed is reported against.
#pragma once

namespace patchbay {

/// Multiply-adds × 2 a second of the engine's own product [rows, inner] x [inner, columns], with the number of threads
/// set by set_threads: the best of six, which takes some tenths of a second at most.
double gemm_rate(int rows = 840, int columns = 3072, int inner = 768);

} // namespace patchbay
