// Queries, keys and values: projection, bias, clipping, QK-norm, rotary.
#include "block/detail/block.h"

#include "block/detail/parallel.h"

#include <algorithm>

namespace patchbay::detail {

namespace {

void clip(float *y, int64_t rows, int64_t n, int64_t stride, float most)
{
    if (most > 0)
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t i = 0; i < n; ++i)
                y[r * stride + i] = std::clamp(y[r * stride + i], -most, most);
}

} // namespace

void Block::project(const float *xn, int64_t xn_stride, int64_t rows, int64_t first, int64_t columns, float *out,
                    int64_t stride) const
{
    const ColumnRange range{first, columns};
    m_qkv.multiply(rows, xn, xn_stride, 0, m_traits.d_model, {&range, 1}, out, stride);
    add_bias(out, m.b_qkv, first, rows, columns, stride);
    clip(out, rows, columns, stride, m_traits.clip_qkv);
}

Block::HeadColumns Block::head_columns(const std::vector<int64_t> &firsts) const
{
    std::vector<at::Tensor> columns, biases;
    std::vector<ColumnRange> ranges;
    for (const int64_t first : firsts) {
        ranges.push_back({first, m_traits.d_head});
        biases.push_back(m.b_qkv.narrow(0, first, m_traits.d_head));
    }
    const int64_t width = int64_t(firsts.size()) * m_traits.d_head;
    if (m_qkv.gathers())
        return {std::move(ranges), m_qkv, at::cat(biases), width};
    for (const ColumnRange &range : ranges)
        columns.push_back(m.W_qkv.narrow(1, range.first, range.count));
    return {{{0, width}}, WeightMatrix(at::cat(columns, 1), {}), at::cat(biases), width};
}

void Block::project(const float *xn, int64_t rows, const HeadColumns &columns, float *out) const
{
    const int64_t D = m_traits.d_model, width = columns.width;
    columns.W.multiply(rows, xn, D, 0, D, columns.ranges, out, width);
    add_bias(out, columns.b, 0, rows, width, width);
    clip(out, rows, width, width, m_traits.clip_qkv);
}

void Block::norm_part(Part part, float *x, int heads) const
{
    const int d = m_traits.d_head;
    const bool rms = m_traits.norm == Norm::RmsNorm, whole = m_traits.qk_norm == QkNorm::WholeWidth;
    kernels().norm(x, x, whole ? 1 : heads, whole ? heads * d : d, float(m_traits.eps), rms);
    const at::Tensor &weight = part == Part::Query ? m.q_norm : m.k_norm;
    const int64_t copies = heads / weight.size(0);
    const float *w = weight.data_ptr<float>();
    for (int h = 0; h < heads; ++h)
        for (int i = 0; i < d; ++i)
            x[h * d + i] *= w[(h / copies) * d + i];
}

void Block::turn_part(Part part, float *row, int heads, int position) const
{
    if (m_traits.norms_queries())
        norm_part(part, row, heads);
    rotate(row, heads, position);
}

void Block::rotate(float *row, int heads, int position) const
{
    for (int h = 0; h < heads; ++h)
        m_rotary.turn(row + int64_t(h) * m_traits.d_head, position);
}

void Block::turn_part_backward(Part part, float *g, const float *before, int heads, int position) const
{
    const int d = m_traits.d_head;
    for (int h = 0; h < heads; ++h)
        m_rotary.turn_back(g + int64_t(h) * d, position);
    if (!m_traits.norms_queries())
        return;
    const bool rms = m_traits.norm == Norm::RmsNorm, whole = m_traits.qk_norm == QkNorm::WholeWidth;
    const at::Tensor &weight = part == Part::Query ? m.q_norm : m.k_norm;
    const int64_t copies = heads / weight.size(0);
    const float *w = weight.data_ptr<float>();
    std::vector<float> weighed(size_t(heads) * size_t(d));
    for (int h = 0; h < heads; ++h)
        for (int i = 0; i < d; ++i)
            weighed[size_t(h * d + i)] = g[h * d + i] * w[(h / copies) * d + i];
    std::fill_n(g, heads * d, 0.f);
    kernels().norm_backward(before, weighed.data(), g, whole ? 1 : heads, whole ? heads * d : d, float(m_traits.eps),
                            rms);
}

void Block::turn(float *rows, int64_t count, int64_t stride, int64_t first, int64_t columns, const int *positions) const
{
    if (!m_rotary.turns() && !m_traits.norms_queries())
        return;
    // The parts that lie in the columns, wholly or (without a norm over them) by some heads.
    struct Piece {
        Part part;
        int64_t at;
        int heads;
    };
    std::vector<Piece> pieces;
    const auto piece = [&](Part part, int64_t from, int64_t until) {
        from = std::max(from, first);
        until = std::min(until, first + columns);
        if (from < until)
            pieces.push_back({part, from - first, int((until - from) / m_traits.d_head)});
    };
    piece(Part::Query, 0, m_traits.q_width());
    piece(Part::Key, m_traits.q_width(), m_traits.q_width() + m_traits.kv_width());
    parallel_rows(count, 64, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r)
            for (const Piece &p : pieces)
                turn_part(p.part, rows + r * stride + p.at, p.heads, positions[r]);
    });
}

void Block::project_backward(float *g, int64_t stride, const float *projected, int64_t projected_stride, int64_t rows,
                             int64_t first, int64_t columns, float *g_xn) const
{
    if (m_traits.clip_qkv > 0)
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t i = 0; i < columns; ++i)
                if (std::abs(projected[r * projected_stride + i]) >= m_traits.clip_qkv)
                    g[r * stride + i] = 0;
    m_qkv.multiply_back(rows, g, stride, first, columns, g_xn);
}

} // namespace patchbay::detail
