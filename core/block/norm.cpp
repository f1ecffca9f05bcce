#include "block/detail/norm.h"

#include "block/detail/kernels.h"
#include "block/detail/parallel.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace patchbay::detail {

RowNorm::RowNorm(Norm kind, double eps, int width, at::Tensor weight, at::Tensor bias)
    : m_kind(kind), m_eps(float(eps)), m_identity(false), m_width(width), m_weight(std::move(weight)),
      m_bias(std::move(bias))
{
}

void RowNorm::apply(const float *x, float *y, int64_t rows) const
{
    if (m_identity) {
        if (x != y)
            std::memcpy(y, x, size_t(rows * m_width) * sizeof(float));
        return;
    }
    parallel_rows(rows, 64, [&](int64_t begin, int64_t end) {
        kernels().norm(x + begin * m_width, y + begin * m_width, end - begin, m_width, m_eps, rms());
    });
    weigh(y, rows);
}

void RowNorm::scales(const float *x, float *scale, int64_t rows) const
{
    for (int64_t r = 0; r < rows; ++r)
        scale[r] = 1.f / inverse_scale(x + r * m_width);
}

void RowNorm::divide(const float *x, const float *scale, float *y, int64_t rows) const
{
    parallel_rows(rows, 64, [&](int64_t begin, int64_t end) {
        kernels().norm_by(x + begin * m_width, scale + begin, y + begin * m_width, end - begin, m_width, rms());
    });
}

void RowNorm::weigh(float *y, int64_t rows) const
{
    if (!m_weight.defined())
        return;
    const float *w = m_weight.data_ptr<float>(), *b = m_bias.defined() ? m_bias.data_ptr<float>() : nullptr;
    parallel_rows(rows, 64, [&](int64_t begin, int64_t end) {
        for (float *row = y + begin * m_width; row != y + end * m_width; row += m_width)
            for (int i = 0; i < m_width; ++i)
                row[i] = row[i] * w[i] + (b ? b[i] : 0.f);
    });
}

float RowNorm::inverse_scale(const float *x) const
{
    return m_identity ? 1.f : kernels().inverse_scale(x, m_width, m_eps, rms());
}

void RowNorm::backward(const float *x, const float *gy, float *gx, int64_t rows) const
{
    if (m_identity) {
        kernels().axpy(1.f, gy, gx, rows * m_width);
        return;
    }
    if (!m_weight.defined()) {
        kernels().norm_backward(x, gy, gx, rows, m_width, m_eps, rms());
        return;
    }
    const float *w = m_weight.data_ptr<float>();
    std::vector<float> weighed(static_cast<size_t>(m_width));
    for (int64_t r = 0; r < rows; ++r) {
        for (int i = 0; i < m_width; ++i)
            weighed[size_t(i)] = gy[r * m_width + i] * w[i];
        kernels().norm_backward(x + r * m_width, weighed.data(), gx + r * m_width, 1, m_width, m_eps, rms());
    }
}

} // namespace patchbay::detail
