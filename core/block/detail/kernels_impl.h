// The bodies of Kernels. Included once per instruction set with PATCHBAY_KERNELS naming the namespace; plain loops that
// the compiler vectorises, and no library templates (an instantiation with wide instructions could be linked in for
// everybody).

#include "block/detail/kernels.h"

#include <math.h>

namespace patchbay::detail::PATCHBAY_KERNELS {

static float dot(const float *a, const float *b, int64_t n)
{
    float sum = 0;
    for (int64_t i = 0; i < n; ++i)
        sum += a[i] * b[i];
    return sum;
}

static void axpy(float f, const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; ++i)
        y[i] += f * x[i];
}

static void row_moments(const float *x, int d, bool rms, float eps, float &mean, float &inverse)
{
    float sum = 0;
    if (!rms)
        for (int i = 0; i < d; ++i)
            sum += x[i];
    mean = sum / float(d);
    float squares = 0;
    for (int i = 0; i < d; ++i)
        squares += (x[i] - mean) * (x[i] - mean);
    inverse = 1.f / sqrtf(squares / float(d) + eps);
}

static void blend(float *y, float f, const float *x, float g, int64_t n)
{
    for (int64_t i = 0; i < n; ++i)
        y[i] = f * y[i] + g * x[i];
}

static float inverse_scale(const float *x, int d, float eps, bool rms)
{
    float mean, inverse;
    row_moments(x, d, rms, eps, mean, inverse);
    return inverse;
}

static void norm(const float *x, float *y, int64_t rows, int d, float eps, bool rms)
{
    for (int64_t r = 0; r < rows; ++r, x += d, y += d) {
        float mean, inverse;
        row_moments(x, d, rms, eps, mean, inverse);
        for (int i = 0; i < d; ++i)
            y[i] = (x[i] - mean) * inverse;
    }
}

static void norm_by(const float *x, const float *scale, float *y, int64_t rows, int d, bool rms)
{
    for (int64_t r = 0; r < rows; ++r, x += d, y += d) {
        float mean, inverse;
        row_moments(x, d, rms, 1.f, mean, inverse);
        for (int i = 0; i < d; ++i)
            y[i] = (x[i] - mean) / scale[r];
    }
}

static void norm_backward(const float *x, const float *gy, float *gx, int64_t rows, int d, float eps, bool rms)
{
    for (int64_t r = 0; r < rows; ++r, x += d, gy += d, gx += d) {
        float mean, inverse;
        row_moments(x, d, rms, eps, mean, inverse);
        float g_sum = 0, g_dot = 0;
        for (int i = 0; i < d; ++i) {
            g_sum += gy[i];
            g_dot += gy[i] * (x[i] - mean) * inverse;
        }
        const float g_mean = rms ? 0.f : g_sum / float(d);
        const float along = g_dot / float(d);
        for (int i = 0; i < d; ++i)
            gx[i] += inverse * (gy[i] - g_mean - (x[i] - mean) * inverse * along);
    }
}

static void add_bias(float *y, const float *bias, int64_t rows, int n, int64_t ld)
{
    for (int64_t r = 0; r < rows; ++r, y += ld)
        for (int i = 0; i < n; ++i)
            y[i] += bias[i];
}

static void rotate(float *x, const float *cosines, const float *sines, int half)
{
    for (int i = 0; i < half; ++i) {
        const float a = x[i], b = x[i + half];
        x[i] = a * cosines[i] - b * sines[i];
        x[i + half] = b * cosines[i] + a * sines[i];
    }
}

static void scores(const float *q, int position, const KeyRows *keys, int key_runs, const AttendRule &rule, float *out)
{
    const int from = rule.first_seen(position), until = position + 1;
    int start = 0; // position of the run's first key
    for (int run = 0; run < key_runs && start < until; start += keys[run].count, ++run) {
        const int begin = from > start ? from - start : 0,
                  end = keys[run].count < until - start ? keys[run].count : until - start;
        const float *k = keys[run].k + begin * keys[run].stride;
        for (int j = begin; j < end; ++j, k += keys[run].stride)
            out[start + j] = dot(q, k, rule.d) * rule.scale;
    }
    if (rule.cap > 0)
        for (int j = from; j < until; ++j)
            out[j] = rule.cap * tanhf(out[j] / rule.cap);
    if (rule.slope != 0)
        for (int j = from; j < until; ++j)
            out[j] += rule.bias(j, position);
}

static void softmax(float *scores, int count)
{
    float top = -3.0e38f;
    for (int j = 0; j < count; ++j)
        top = scores[j] > top ? scores[j] : top;
    float sum = 0;
    for (int j = 0; j < count; ++j) {
        scores[j] = expf(scores[j] - top);
        sum += scores[j];
    }
    const float inverse = 1.f / sum;
    for (int j = 0; j < count; ++j)
        scores[j] *= inverse;
}

static void mix(const float *pattern, int from, int until, const KeyRows *keys, int key_runs, int d, float *z)
{
    for (int c = 0; c < d; ++c)
        z[c] = 0;
    int start = 0;
    for (int run = 0; run < key_runs && start < until; start += keys[run].count, ++run) {
        const int begin = from > start ? from - start : 0,
                  end = keys[run].count < until - start ? keys[run].count : until - start;
        const float *v = keys[run].v + begin * keys[run].stride;
        for (int j = begin; j < end; ++j, v += keys[run].stride)
            axpy(pattern[start + j], v, z, d);
    }
}

static void attend(const float *q, int64_t q_stride, int nq, int first, const KeyRows *keys, int key_runs,
                   const AttendRule &rule, float *z, int64_t z_stride, float *scratch, float *pattern,
                   int64_t pattern_stride)
{
    for (int i = 0; i < nq; ++i, q += q_stride) {
        const int position = first + i, from = rule.first_seen(position), until = position + 1;
        scores(q, position, keys, key_runs, rule, scratch);
        softmax(scratch + from, until - from);
        if (pattern) {
            for (int j = 0; j < from; ++j)
                pattern[j] = 0;
            for (int j = from; j < until; ++j)
                pattern[j] = scratch[j];
            for (int64_t j = until; j < pattern_stride; ++j)
                pattern[j] = 0;
            pattern += pattern_stride;
        }
        if (!z)
            continue;
        mix(scratch, from, until, keys, key_runs, rule.d, z);
        z += z_stride;
    }
}

// e^y as 2^n e^r with |r| ≤ ln 2 / 2. Where n is 0, y is r and the series of e^r − 1 − r is the answer; elsewhere the
// difference is large enough to be taken.
static float excess(const float *p, const float *x, float shift, int64_t n, double *sums)
{
    float top = -3.0e38f;
    for (int64_t begin = 0; begin < n; begin += 1024) { // floats add up a part, doubles the parts
        const int64_t end = begin + 1024 < n ? begin + 1024 : n;
        float above = 0, mean = 0;
        for (int64_t i = begin; i < end; ++i) {
            const float y = x[i] - shift;
            top = y > top ? y : top;
            float e = y > excess_limit ? excess_limit : y;
            e = e < -excess_limit ? -excess_limit : e;
            const int k = int(e * 1.44269504f + (e < 0 ? -0.5f : 0.5f));
            const float r = (e - float(k) * 0.693145752f) - float(k) * 1.42860677e-6f;
            const float tail = 1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720 + r * (1.f / 5040))));
            const float series = r * r * (0.5f + r * tail);
            const float power = __builtin_bit_cast(float, (k + 127) << 23);
            const float f = k == 0 ? series : power * (1.f + r + series) - 1.f - y;
            above += p[i] * f;
            mean += p[i] * y;
        }
        sums[0] += double(above);
        sums[1] += double(mean);
    }
    return top;
}

static const Kernels table = {norm,   inverse_scale, norm_by, norm_backward, add_bias, rotate, attend,
                              scores, softmax,       mix,     dot,           axpy,     blend,  excess};

} // namespace patchbay::detail::PATCHBAY_KERNELS
