// C = A B in float32 by whichever library is fastest here.
#pragma once

#include <cstdint>

namespace patchbay::detail {

/// C [m, n] = A [m, k] B [k, n] (+ C when accumulate), row-major with leading dimensions. The library is chosen per class of shapes, from
/// measurements made once per machine and kept in the user's cache folder, so that repeated runs use the same one and give the same bits.
void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
          bool accumulate = false);
/// C = A Bᵀ with B [n, k].
void gemm_bt(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
             bool accumulate = false);

/// Threads that matrix products and kernels use; set through patchbay::set_threads.
void set_gemm_threads(int threads);
int gemm_threads();

} // namespace patchbay::detail
