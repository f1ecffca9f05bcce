// C = A B in float32: the one way in which the engine multiplies.
//
// By oneDNN, for these reasons. Measured by processor time on one core with AVX-512 (AMD Zen 5), at the 22 shapes that
// the engine multiplies, its 2.6.3 was about as fast as OpenBLAS 0.3.21 (told the right CPU) at the large shapes (0.97
// to 1.13 times as fast) and up to 6 times as fast where there are few rows. It finds out itself what the CPU can do,
// where OpenBLAS takes newer CPUs for much older ones. And it computes on OpenMP's threads, as the rest of the engine
// does; a second pool would spin in the way of the first. The price: its kernels must not be interrupted by signals
// (base/signals.h).
#pragma once

#include <cstdint>

namespace patchbay::detail {

/// C [m, n] = A [m, k] B [k, n] (+ C when accumulate), row-major with leading dimensions. Throws std::bad_alloc, Error.
void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
          int64_t ldc, bool accumulate = false);
/// C = A Bᵀ with B [n, k].
void gemm_bt(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
             int64_t ldc, bool accumulate = false);

/// Makes oneDNN generate its kernels, once. It does so at the first product anyway, but without looking whether it got
/// the memory for them: whoever starts a thread that allocates (a new malloc arena takes 128 MB for a moment) calls
/// this before. Throws std::bad_alloc.
void prepare_gemm();

/// Threads that matrix products and kernels use; set through patchbay::set_threads.
void set_gemm_threads(int threads);
int gemm_threads();

} // namespace patchbay::detail
