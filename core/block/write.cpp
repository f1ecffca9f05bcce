// What attention writes to the residual stream: the heads' z through W_O, summed, and normed where blocks norm their
// output. A post norm couples the heads of a layer: what one of them changes is known only from the whole sum.
#include "block/detail/block.h"

#include "block/detail/parallel.h"

namespace patchbay::detail {

void Block::sum_heads(const float *z, int64_t rows, float *out, bool accumulate) const
{
    const int64_t D = m_traits.d_model;
    m_o.multiply(rows, z, m_traits.q_width(), out, accumulate);
    add_bias(out, m.b_O, 0, rows, D, D);
}

void Block::write(const float *z, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const
{
    if (m.attn_post.identity()) {
        sum_heads(z, rows, out, accumulate);
        return;
    }
    float *sum = work.sum.floats(rows * m_traits.d_model);
    sum_heads(z, rows, sum);
    add_normed(m.attn_post, sum, rows, out, accumulate);
}

void Block::write_head(int head, const float *z, int64_t z_stride, int64_t rows, float *out, bool accumulate) const
{
    const int64_t D = m_traits.d_model, d = m_traits.d_head;
    const ColumnRange all{0, D};
    m_o.multiply(rows, z, z_stride, head * d, d, {&all, 1}, out, D, accumulate);
}

void Block::write_backward(const float *z, const float *g, int64_t rows, float *gz) const
{
    const int64_t D = m_traits.d_model;
    at::Tensor g_sum;
    if (!m.attn_post.identity()) {
        at::Tensor sum = at::empty({rows, D}, at::kFloat);
        sum_heads(z, rows, sum.data_ptr<float>());
        g_sum = at::zeros({rows, D}, at::kFloat);
        m.attn_post.backward(sum.data_ptr<float>(), g, g_sum.data_ptr<float>(), rows);
        g = g_sum.data_ptr<float>();
    }
    m_o.multiply_back(rows, g, D, 0, D, gz);
}

} // namespace patchbay::detail
