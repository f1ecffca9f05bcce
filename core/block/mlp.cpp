#include "block/detail/block.h"

#include "base/memory.h"
#include "block/detail/parallel.h"

namespace patchbay::detail {

namespace {

// LibTorch leaves GELU to oneDNN, which generates a kernel for each new shape without looking whether it got the memory
// for it.
void need_room_for_kernel()
{
    need_memory(size_t(8) << 20);
}

// In place over rows of M floats.
void activate(Activation activation, float *values, int64_t rows, int64_t M)
{
    need_room_for_kernel();
    at::Tensor t = at::from_blob(values, {rows, M}, at::kFloat);
    switch (activation) {
    case Activation::Gelu:
        at::gelu_out(t, t);
        break;
    case Activation::GeluNew:
        at::gelu_out(t, t, "tanh");
        break;
    case Activation::Silu:
        at::silu_out(t, t);
        break;
    case Activation::QuickGelu:
        t.mul_(at::sigmoid(1.702 * t));
        break;
    case Activation::Solu:
        t.mul_(at::softmax(t, -1));
        break;
    case Activation::Relu2:
        at::clamp_min_(t, 0);
        t.mul_(t);
        break;
    case Activation::Relu:
        at::clamp_min_(t, 0);
        break;
    }
}

// g, pre [rows, M].
at::Tensor activation_gradient(Activation activation, const at::Tensor &g, const at::Tensor &pre)
{
    need_room_for_kernel();
    switch (activation) {
    case Activation::Gelu:
        return at::gelu_backward(g, pre);
    case Activation::GeluNew:
        return at::gelu_backward(g, pre, "tanh");
    case Activation::Silu:
        return at::silu_backward(g, pre);
    case Activation::QuickGelu: {
        const at::Tensor s = at::sigmoid(1.702 * pre);
        return g * s * (1 + 1.702 * pre * (1 - s));
    }
    case Activation::Solu: {
        const at::Tensor s = at::softmax(pre, -1);
        return s * (g * (1 + pre) - (g * pre * s).sum(-1, true));
    }
    case Activation::Relu2:
        return 2 * g * at::clamp_min(pre, 0);
    case Activation::Relu:
        break;
    }
    return at::threshold_backward(g, pre, 0);
}

} // namespace

void Block::mlp_pre(const float *xn, int64_t rows, float *pre) const
{
    const int64_t M = m_traits.d_mlp;
    (m_traits.gated_mlp ? m_gate : m_in).multiply(rows, xn, m_traits.d_model, pre);
    add_bias(pre, m_traits.gated_mlp ? m.b_gate : m.b_in, 0, rows, M, M);
}

void Block::mlp_linear(const float *xn, int64_t rows, float *linear) const
{
    const int64_t M = m_traits.d_mlp;
    m_in.multiply(rows, xn, m_traits.d_model, linear);
    add_bias(linear, m.b_in, 0, rows, M, M);
}

void Block::mlp_activate(float *pre, const float *linear, int64_t rows) const
{
    const int64_t M = m_traits.d_mlp;
    activate(m_traits.activation, pre, rows, M);
    if (!m_traits.gated_mlp)
        return;
    parallel_rows(rows, 32, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin * M; i < end * M; ++i)
            pre[i] *= linear[i];
    });
}

void Block::mlp_act(float *pre, const float *linear, int64_t rows) const
{
    mlp_activate(pre, linear, rows);
    m.mid_norm.apply(pre, pre, rows);
}

void Block::mlp_write(const float *post, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const
{
    if (m.mlp_post.identity()) {
        mlp_sum(post, rows, out, accumulate);
        return;
    }
    float *sum = work.sum.floats(rows * m_traits.d_model);
    mlp_sum(post, rows, sum);
    add_normed(m.mlp_post, sum, rows, out, accumulate);
}

void Block::mlp_sum(const float *post, int64_t rows, float *out, bool accumulate) const
{
    const int64_t D = m_traits.d_model;
    m_out.multiply(rows, post, m_traits.d_mlp, out, accumulate);
    add_bias(out, m.b_out, 0, rows, D, D);
}

void Block::mlp(const float *xn, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const
{
    mlp_pre(xn, rows, work.hidden.floats(rows * m_traits.d_mlp));
    mlp_from_pre(xn, rows, out, accumulate, work);
}

void Block::mlp_from_pre(const float *xn, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const
{
    float *hidden = work.hidden.floats(rows * m_traits.d_mlp), *linear = nullptr; // [rows, M]
    if (m_traits.gated_mlp) {
        linear = work.up.floats(rows * m_traits.d_mlp);
        mlp_linear(xn, rows, linear);
    }
    mlp_act(hidden, linear, rows);
    mlp_write(hidden, rows, out, accumulate, work);
}

at::Tensor Block::mlp_backward(const at::Tensor &xn, const at::Tensor &g) const
{
    const int64_t n = xn.size(0), M = m_traits.d_mlp, D = m_traits.d_model;
    const float *x = xn.data_ptr<float>();
    at::Tensor pre = at::empty({n, M}, at::kFloat), g_post = at::empty({n, M}, at::kFloat),
               out = at::empty({n, D}, at::kFloat), linear;
    mlp_pre(x, n, pre.data_ptr<float>());
    if (m_traits.gated_mlp) {
        linear = at::empty({n, M}, at::kFloat);
        mlp_linear(x, n, linear.data_ptr<float>());
    }
    at::Tensor g_sum = g;
    if (!m.mlp_post.identity()) {
        at::Tensor post = pre.clone(), sum = at::empty({n, D}, at::kFloat);
        mlp_act(post.data_ptr<float>(), m_traits.gated_mlp ? linear.data_ptr<float>() : nullptr, n);
        mlp_sum(post.data_ptr<float>(), n, sum.data_ptr<float>());
        g_sum = at::zeros({n, D}, at::kFloat);
        m.mlp_post.backward(sum.data_ptr<float>(), g.data_ptr<float>(), g_sum.data_ptr<float>(), n);
    }
    m_out.multiply_back(n, g_sum.data_ptr<float>(), D, 0, D, g_post.data_ptr<float>());
    if (!m.mid_norm.identity()) {
        at::Tensor mid = pre.clone(), g_mid = at::zeros({n, M}, at::kFloat);
        mlp_activate(mid.data_ptr<float>(), m_traits.gated_mlp ? linear.data_ptr<float>() : nullptr, n);
        m.mid_norm.backward(mid.data_ptr<float>(), g_post.data_ptr<float>(), g_mid.data_ptr<float>(), n);
        g_post = g_mid;
    }
    if (m_traits.gated_mlp) {
        at::Tensor acted = pre.clone();
        activate(m_traits.activation, acted.data_ptr<float>(), n, M);
        acted *= g_post; // gradient of the linear part
        m_in.multiply_back(n, acted.data_ptr<float>(), M, 0, M, out.data_ptr<float>());
        g_post *= linear;
    }
    const at::Tensor g_pre = activation_gradient(m_traits.activation, g_post, pre).contiguous();
    (m_traits.gated_mlp ? m_gate : m_in)
        .multiply_back(n, g_pre.data_ptr<float>(), M, 0, M, out.data_ptr<float>(), m_traits.gated_mlp);
    return out;
}

} // namespace patchbay::detail
