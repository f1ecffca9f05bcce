// The loops between matrix products: norms, rotary, attention over short windows. Compiled for several instruction
// sets, chosen at start.
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

/// How one head weighs the keys that a query sees.
struct AttendRule {
    int d;           ///< d_head
    float scale;     ///< score = scale * (q · k)
    float cap = 0;   ///< > 0: cap * tanh(score / cap)
    float slope = 0; ///< ALiBi: score − slope_scale * slope * (distance to the key)
    float slope_scale = 1;
    bool slope_bf16 = false; ///< slope, and slope * (position of the key), are rounded to bfloat16
    int window = 0;          ///< > 0: keys seen, the query's own included; 0: all

    /// First position that the query at `position` sees. (Inlined always: a copy compiled for one instruction set must
    /// not serve the others.)
    [[gnu::always_inline]] int first_seen(int position) const
    {
        return window > 0 && position >= window ? position - window + 1 : 0;
    }
    /// What ALiBi adds to the score of a key. (The same for all of a query's keys may be added to it: softmax does not
    /// tell.)
    [[gnu::always_inline]] float bias(int key, int position) const
    {
        return slope_scale
            * (slope_bf16 ? bf16(bf16(slope) * float(key)) - slope * float(position) : slope * float(key - position));
    }

private:
    // To the nearest, ties to even.
    [[gnu::always_inline]] static float bf16(float value)
    {
        uint32_t bits = __builtin_bit_cast(uint32_t, value);
        bits += 0x7fff + ((bits >> 16) & 1);
        return __builtin_bit_cast(float, bits & 0xffff0000u);
    }
};

struct Kernels {
    /// y = (x − mean) / sqrt(var + eps), or x / sqrt(mean(x²) + eps) when rms; rows of d_model floats, contiguous.
    void (*norm)(const float *x, float *y, int64_t rows, int d, float eps, bool rms);
    /// 1 / sqrt(var + eps) of one row, or 1 / sqrt(mean(x²) + eps): what norm multiplies with.
    float (*inverse_scale)(const float *x, int d, float eps, bool rms);
    /// y = (x − mean) / scale, or x / scale when rms, with a scale given for each row.
    void (*norm_by)(const float *x, const float *scale, float *y, int64_t rows, int d, bool rms);
    /// Gradient of norm: gx += dL/dx for gy = dL/dy, at x.
    void (*norm_backward)(const float *x, const float *gy, float *gx, int64_t rows, int d, float eps, bool rms);
    /// y += bias, row by row, y contiguous [rows, n] with stride ld.
    void (*add_bias)(float *y, const float *bias, int64_t rows, int n, int64_t ld);
    /// Rotates the first 2 * half dimensions of one head's row: pairs (i, i + half).
    void (*rotate)(float *x, const float *cosines, const float *sines, int half);
    /// Attention of one head for nq queries at positions first…: each sees the keys at positions ≤ its own, in the
    /// order of the key runs. scratch: one float per key. z may be null when only the pattern is wanted; pattern [nq,
    /// pattern_stride], zeros where nothing is seen, or null.
    void (*attend)(const float *q, int64_t q_stride, int nq, int first, const KeyRows *keys, int key_runs,
                   const AttendRule &rule, float *z, int64_t z_stride, float *scratch, float *pattern,
                   int64_t pattern_stride);
    /// The steps of attend for one query: scores[first_seen .. position], softmax over count scores, z = Σ pattern v
    /// over positions [from, until).
    void (*scores)(const float *q, int position, const KeyRows *keys, int key_runs, const AttendRule &rule,
                   float *scores);
    void (*softmax)(float *scores, int count);
    void (*mix)(const float *pattern, int from, int until, const KeyRows *keys, int key_runs, int d, float *z);
    float (*dot)(const float *a, const float *b, int64_t n);
    /// y += f * x
    void (*axpy)(float f, const float *x, float *y, int64_t n);
    /// y = f * y + g * x
    void (*blend)(float *y, float f, const float *x, float g, int64_t n);
    /// Sums over n values y = x − shift with weights p: sums[0] += Σ p (e^y − 1 − y), of which every term is ≥ 0 and
    /// exact to rounding for small y too; sums[1] += Σ p y. Returns the largest y; above excess_limit the sums are not
    /// to be trusted.
    float (*excess)(const float *p, const float *x, float shift, int64_t n, double *sums);
};

/// Where e^y comes near the end of what a float holds.
constexpr float excess_limit = 80;

/// The fastest set that this CPU can run.
const Kernels &kernels();

} // namespace patchbay::detail
