// Norms of rows: whole, in steps for those who look in between, and backwards.
#pragma once

#include "model/config.h"

#include <ATen/ATen.h>

namespace patchbay::detail {

class RowNorm {
public:
    /// Changes nothing: rows of `width` floats are handed on as they are.
    explicit RowNorm(int width = 0) : m_width(width) { }
    /// Rows of `width` floats. weight, bias [width]: undefined where there are none (or folded into what reads the
    /// norm).
    RowNorm(Norm kind, double eps, int width, at::Tensor weight = {}, at::Tensor bias = {});

    bool identity() const { return m_identity; }

    /// y [rows, width] = norm of x; y may be x.
    void apply(const float *x, float *y, int64_t rows) const;
    /// The steps: sqrt(var + eps) [rows] (RMSNorm: of x itself); y = (x − mean) / scale; y · weight + bias.
    void scales(const float *x, float *scale, int64_t rows) const;
    void divide(const float *x, const float *scale, float *y, int64_t rows) const;
    void weigh(float *y, int64_t rows) const;
    /// 1 / scale of one row.
    float inverse_scale(const float *x) const;

    /// gx += dL/dx for gy = dL/dy, at x.
    void backward(const float *x, const float *gy, float *gx, int64_t rows) const;

    bool rms() const { return m_kind == Norm::RmsNorm; }
    float eps() const { return m_eps; }
    const at::Tensor &weight() const { return m_weight; }
    const at::Tensor &bias() const { return m_bias; }

private:
    Norm m_kind = Norm::LayerNorm;
    float m_eps = 0;
    bool m_identity = true;
    int m_width = 0;
    at::Tensor m_weight, m_bias;
};

} // namespace patchbay::detail
