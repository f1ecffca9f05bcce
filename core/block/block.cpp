#include "block/detail/block.h"

#include "block/detail/parallel.h"

namespace patchbay::detail {

Block::Block(const BlockTraits &traits, BlockWeights weights, Rotary rotary, const Arithmetic &arithmetic)
    : m_traits(traits), m(std::move(weights)), m_qkv(m.W_qkv, arithmetic), m_o(m.W_O, arithmetic),
      m_in(m.W_in, arithmetic), m_gate(m.W_gate, arithmetic), m_out(m.W_out, arithmetic), m_rotary(std::move(rotary))
{
}

BlockWeights plain_weights(const ModelConfig &c, const LayerWeights &w)
{
    const auto norm = [&](bool there, const at::Tensor &weight, const at::Tensor &bias) {
        return there ? RowNorm(c.norm, c.eps, c.d_model, weight, bias) : RowNorm(c.d_model);
    };
    // [heads, D, d] -> [D, heads * d]
    const auto columns = [](const at::Tensor &W) { return W.permute({1, 0, 2}).reshape({W.size(1), -1}); };
    BlockWeights b;
    b.attn_norm = norm(c.pre_norms, w.ln1_w, w.ln1_b);
    b.mlp_norm = norm(c.pre_norms && c.has_mlp(), w.ln2_w, w.ln2_b);
    b.W_qkv = w.W_qkv.defined() ? w.W_qkv : at::cat({columns(w.W_Q), columns(w.W_K), columns(w.W_V)}, 1);
    b.b_qkv = at::cat({w.b_Q.flatten(), w.b_K.flatten(), w.b_V.flatten()});
    b.q_norm = w.q_norm;
    b.k_norm = w.k_norm;
    b.W_O = w.W_O.reshape({-1, c.d_model}).contiguous();
    b.b_O = w.b_O;
    b.attn_post = norm(c.post_norms, w.ln1_post_w, w.ln1_post_b);
    b.W_in = w.W_in;
    b.b_in = w.b_in;
    if (c.gated_mlp) {
        b.W_gate = w.W_gate;
        b.b_gate = w.b_gate;
    }
    b.mid_norm = c.mid_norm ? RowNorm(c.norm, c.eps, c.d_mlp, w.mid_norm_w, w.mid_norm_b) : RowNorm(c.d_mlp);
    b.W_out = w.W_out;
    b.b_out = w.b_out;
    b.mlp_post = norm(c.post_norms && c.has_mlp(), w.ln2_post_w, w.ln2_post_b);
    return b;
}

void add_bias(float *y, const at::Tensor &bias, int64_t first, int64_t rows, int64_t n, int64_t stride)
{
    if (!bias.defined())
        return;
    const float *b = bias.data_ptr<float>() + first;
    parallel_rows(rows, 64, [&](int64_t begin, int64_t end) {
        kernels().add_bias(y + begin * stride, b, end - begin, int(n), stride);
    });
}

void Block::add_normed(const RowNorm &post, float *sum, int64_t rows, float *out, bool accumulate) const
{
    const int64_t D = m_traits.d_model;
    if (!accumulate) {
        post.apply(sum, out, rows);
        return;
    }
    post.apply(sum, sum, rows);
    parallel_rows(rows, 64, [&](int64_t begin, int64_t end) {
        kernels().axpy(1.f, sum + begin * D, out + begin * D, (end - begin) * D);
    });
}

} // namespace patchbay::detail
