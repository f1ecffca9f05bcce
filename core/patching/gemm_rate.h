// How fast this machine multiplies matrices: the yardstick that the engine's speed is reported against.
#pragma once

#include <string>
#include <vector>

namespace patchbay {

/// One measured way of computing C = A B in float32.
struct GemmPath {
    std::string name;         ///< "oneDNN", "OpenBLAS SkylakeX"
    double flops_per_second;  ///< best of several products of the given shape
};
/// Measures every path at hand on [rows, inner] x [inner, columns]; with the number of threads set by set_threads. Takes about 0.2 s.
std::vector<GemmPath> measure_gemm(int rows = 840, int columns = 3072, int inner = 768);
/// Multiply-adds × 2 a second of the path that the engine takes for this shape.
double chosen_gemm_rate(int rows, int columns, int inner);
/// The fastest of measure_gemm().
double best_gemm_rate();

/// True when OpenBLAS has taken this CPU for one without AVX-512: it reads OPENBLAS_CORETYPE only while it loads, so the program
/// has to be started again with the variable set (app/blas_setup.h does).
bool blas_misjudges_cpu();

} // namespace patchbay
