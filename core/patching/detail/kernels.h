// The loops between matrix products: norms, rotary, attention over short windows. Compiled for several instruction sets, chosen at start.
#pragma once

#include <cstdint>

namespace patchbay::detail {

/// A run of consecutive key and value rows of one head.
struct KeyRows {
    const float *k;
    const float *v;
    int64_t stride; ///< floats from one row to the next
    int count;
};

struct Kernels {
    /// y = (x − mean) / sqrt(var + eps), or x / sqrt(mean(x²) + eps) when rms; rows of d_model floats, contiguous.
    void (*norm)(const float *x, float *y, int64_t rows, int d, float eps, bool rms);
    /// 1 / sqrt(var + eps) of one row, or 1 / sqrt(mean(x²) + eps): what norm multiplies with.
    float (*inverse_scale)(const float *x, int d, float eps, bool rms);
    /// Gradient of norm: gx += dL/dx for gy = dL/dy, at x.
    void (*norm_backward)(const float *x, const float *gy, float *gx, int64_t rows, int d, float eps, bool rms);
    /// y += bias, row by row, y contiguous [rows, n] with stride ld.
    void (*add_bias)(float *y, const float *bias, int64_t rows, int n, int64_t ld);
    /// Rotates the first 2 * half dimensions of one head's row: pairs (i, i + half).
    void (*rotate)(float *x, const float *cosines, const float *sines, int half);
    /// Attention of one head for nq queries at positions first…: each sees the keys at positions ≤ its own, in the order of the key runs.
    /// scratch: one float per key. z may be null when only the pattern is wanted; pattern [nq, pattern_stride], zeros above the diagonal, or null.
    void (*attend)(const float *q, int64_t q_stride, int nq, int first, const KeyRows *keys, int key_runs, int d, float scale, float *z,
                   int64_t z_stride, float *scratch, float *pattern, int64_t pattern_stride);
    float (*dot)(const float *a, const float *b, int64_t n);
    /// y += f * x
    void (*axpy)(float f, const float *x, float *y, int64_t n);
    /// y = f * y + g * x
    void (*blend)(float *y, float f, const float *x, float g, int64_t n);
};

/// The fastest set that this CPU can run.
const Kernels &kernels();

} // namespace patchbay::detail
