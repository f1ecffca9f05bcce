#include "device/detail/tensor_block.h"

#include <limits>

namespace patchbay::detail {

namespace {

at::Tensor moved(const at::Tensor &tensor, const at::TensorOptions &on)
{
    return tensor.defined() ? tensor.to(on).contiguous() : tensor;
}

at::Tensor product(const at::Tensor &x, const at::Tensor &W, const at::Tensor &bias)
{
    return bias.defined() ? at::addmm(bias, x, W) : at::mm(x, W);
}

at::Tensor activated(Activation activation, const at::Tensor &x)
{
    switch (activation) {
    case Activation::Gelu:
        return at::gelu(x);
    case Activation::GeluNew:
        return at::gelu(x, "tanh");
    case Activation::Silu:
        return at::silu(x);
    case Activation::QuickGelu:
        return x * at::sigmoid(1.702 * x);
    case Activation::Solu:
        return x * at::softmax(x, -1);
    case Activation::Relu2:
        return at::relu(x).square();
    case Activation::Relu:
        break;
    }
    return at::relu(x);
}

} // namespace

at::Tensor bare_norm(const at::Tensor &x, bool rms, double eps)
{
    if (rms)
        return x * at::rsqrt(x.square().mean(-1, true) + eps);
    return at::layer_norm(x, {x.size(-1)}, {}, {}, eps);
}

TensorNorm::TensorNorm(const RowNorm &norm, const at::TensorOptions &on)
    : m_identity(norm.identity()), m_rms(norm.rms()), m_eps(double(norm.eps())), m_weight(moved(norm.weight(), on)),
      m_bias(moved(norm.bias(), on))
{
}

at::Tensor TensorNorm::operator()(const at::Tensor &x) const
{
    if (m_identity)
        return x;
    at::Tensor y = bare_norm(x, m_rms, m_eps);
    if (m_weight.defined())
        y = y * m_weight;
    return m_bias.defined() ? y + m_bias : y;
}

TensorBlock::TensorBlock(const Block &block, const at::TensorOptions &on) : m_traits(block.traits())
{
    const BlockWeights &w = block.weights();
    m_attn_norm = TensorNorm(w.attn_norm, on);
    m_mlp_norm = TensorNorm(w.mlp_norm, on);
    m_attn_post = TensorNorm(w.attn_post, on);
    m_mid_norm = TensorNorm(w.mid_norm, on);
    m_mlp_post = TensorNorm(w.mlp_post, on);
    m_W_qkv = moved(w.W_qkv, on);
    m_b_qkv = moved(w.b_qkv, on);
    m_q_norm = moved(w.q_norm, on);
    m_k_norm = moved(w.k_norm, on);
    m_W_O = moved(w.W_O, on);
    m_b_O = moved(w.b_O, on);
    m_W_in = moved(w.W_in, on);
    m_b_in = moved(w.b_in, on);
    m_W_gate = moved(w.W_gate, on);
    m_b_gate = moved(w.b_gate, on);
    m_W_out = moved(w.W_out, on);
    m_b_out = moved(w.b_out, on);
    m_cos = moved(block.rotary().cosines(), on);
    m_sin = moved(block.rotary().sines(), on);
    m_interleaved = block.rotary().interleaved();
    if (!m_traits.alibi_slopes.empty())
        m_slopes = moved(at::tensor(m_traits.alibi_slopes), on);
}

at::Tensor TensorBlock::project(const at::Tensor &xn, int64_t first, int64_t columns) const
{
    const at::Tensor out = product(xn, m_W_qkv.narrow(1, first, columns),
                                   m_b_qkv.defined() ? m_b_qkv.narrow(0, first, columns) : at::Tensor());
    return m_traits.clip_qkv > 0 ? at::clamp(out, -m_traits.clip_qkv, m_traits.clip_qkv) : out;
}

at::Tensor TensorBlock::norm_part(Part part, const at::Tensor &rows) const
{
    const int64_t n = rows.size(0), heads = rows.size(1), d = rows.size(2);
    const bool whole = m_traits.qk_norm == QkNorm::WholeWidth;
    const at::Tensor &weight = part == Part::Query ? m_q_norm : m_k_norm; // [H, d] or [G, d]
    const at::Tensor normed = bare_norm(whole ? rows.reshape({n, heads * d}) : rows, m_traits.norm == Norm::RmsNorm,
                                        double(float(m_traits.eps)));
    return normed.reshape({n, heads, d}) * weight.repeat_interleave(heads / weight.size(0), 0);
}

at::Tensor TensorBlock::rotate(const at::Tensor &rows, const at::Tensor &positions) const
{
    if (!m_cos.defined())
        return rows;
    const int64_t half = m_cos.size(1), d = rows.size(2);
    const at::Tensor c = m_cos.index_select(0, positions).unsqueeze(1),
                     s = m_sin.index_select(0, positions).unsqueeze(1);
    const at::Tensor turned = rows.narrow(2, 0, 2 * half), rest = rows.narrow(2, 2 * half, d - 2 * half);
    if (m_interleaved) {
        const at::Tensor pairs = turned.unflatten(2, {half, 2});
        const at::Tensor a = pairs.select(3, 0), b = pairs.select(3, 1);
        return at::cat({at::stack({a * c - b * s, b * c + a * s}, 3).flatten(2), rest}, 2);
    }
    const at::Tensor a = turned.narrow(2, 0, half), b = turned.narrow(2, half, half);
    return at::cat({a * c - b * s, b * c + a * s, rest}, 2);
}

at::Tensor TensorBlock::turn(Part part, const at::Tensor &rows, const at::Tensor &positions) const
{
    return rotate(m_traits.norms_queries() ? norm_part(part, rows) : rows, positions);
}

at::Tensor TensorBlock::turn_row(const at::Tensor &qkv, const at::Tensor &positions) const
{
    if (!m_cos.defined() && !m_traits.norms_queries())
        return qkv;
    const int64_t n = qkv.size(0), HD = m_traits.q_width(), GD = m_traits.kv_width(), d = m_traits.d_head,
                  queries = qkv.size(1) - 2 * GD;
    const at::Tensor keys = turn(Part::Key, qkv.narrow(1, queries, GD).reshape({n, GD / d, d}), positions).flatten(1),
                     values = qkv.narrow(1, queries + GD, GD);
    if (queries == 0)
        return at::cat({keys, values}, 1);
    return at::cat(
        {turn(Part::Query, qkv.narrow(1, 0, HD).reshape({n, HD / d, d}), positions).flatten(1), keys, values}, 1);
}

at::Tensor TensorBlock::attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                               const at::Tensor &positions, const at::Tensor &slopes) const
{
    const int64_t B = q.size(0), Q = q.size(1), h = q.size(2), d = q.size(3), T = k.size(1), g = k.size(2), r = h / g;
    const AttendRule &rule = m_traits.attend_rule;
    // A KV head's queries stand below one another, so that it is multiplied once for all of them.
    const at::Tensor queries = q.reshape({B, Q, g, r, d}).permute({0, 2, 3, 1, 4}).reshape({B * g, r * Q, d}),
                     keys = k.permute({0, 2, 3, 1}).reshape({B * g, d, T}),
                     values = v.permute({0, 2, 1, 3}).reshape({B * g, T, d});
    at::Tensor scores = (at::bmm(queries, keys) * rule.scale).reshape({B, g, r, Q, T});
    if (rule.cap > 0)
        scores = rule.cap * at::tanh(scores / rule.cap);
    const at::Tensor key = at::arange(T, positions.options()), at_row = positions.reshape({B, 1, 1, Q, 1});
    if (slopes.defined()) {
        const at::Tensor slope =
            slopes.size(0) == h && h > 1 ? slopes.reshape({1, g, r, 1, 1}) : slopes.reshape({-1, 1, 1, 1, 1});
        const auto rounded = [](const at::Tensor &x) { return x.to(at::kBFloat16).to(at::kFloat); };
        scores = scores
            + rule.slope_scale
                * (rule.slope_bf16 ? rounded(rounded(slope) * key) - slope * at_row : slope * (key - at_row));
    }
    at::Tensor hidden = key > at_row;
    if (rule.window > 0)
        hidden = at::logical_or(hidden, key <= at_row - rule.window);
    scores = scores.masked_fill(hidden, -std::numeric_limits<float>::infinity());
    const at::Tensor pattern = at::softmax(scores, -1).reshape({B * g, r * Q, T});
    return at::bmm(pattern, values).reshape({B, g, r, Q, d}).permute({0, 3, 1, 2, 4}).reshape({B, Q, h, d});
}

at::Tensor TensorBlock::sum_heads(const at::Tensor &z) const
{
    return product(z, m_W_O, m_b_O);
}

at::Tensor TensorBlock::write_head(int head, const at::Tensor &z) const
{
    return at::mm(z, m_W_O.narrow(0, int64_t(head) * m_traits.d_head, m_traits.d_head));
}

at::Tensor TensorBlock::mlp_pre(const at::Tensor &xn) const
{
    if (m_traits.d_mlp == 0)
        return at::empty({xn.size(0), 0}, xn.options());
    return m_traits.gated_mlp ? product(xn, m_W_gate, m_b_gate) : product(xn, m_W_in, m_b_in);
}

at::Tensor TensorBlock::mlp_from_pre(at::Tensor pre, const at::Tensor &xn) const
{
    if (m_traits.d_mlp == 0)
        return m_b_out.expand({pre.size(0), m_traits.d_model});
    at::Tensor post = activated(m_traits.activation, pre);
    pre = at::Tensor(); // given back before the product
    if (m_traits.gated_mlp)
        post = post * product(xn, m_W_in, m_b_in);
    return m_mlp_post(product(m_mid_norm(post), m_W_out, m_b_out));
}

} // namespace patchbay::detail
