#include "patching/detail/engine_model.h"

#include "model/detail/process_weights.h"
#include "model/rotary.h"
#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"

#include <cstring>

namespace patchbay::detail {

float *Workspace::get(int slot, int64_t count)
{
    at::Tensor &buffer = m_slots[slot];
    if (!buffer.defined() || buffer.numel() < count)
        buffer = at::empty({count}, at::kFloat);
    return buffer.data_ptr<float>();
}

namespace {

// x·diag(w) W and the bias ln_b W that goes with it: the norm's weights moved into what reads it.
at::Tensor folded(const at::Tensor &ln_w, const at::Tensor &W)
{
    return ln_w.defined() ? (ln_w.unsqueeze(1) * W).contiguous() : W.contiguous();
}

at::Tensor folded_bias(const at::Tensor &ln_b, const at::Tensor &W, const at::Tensor &bias)
{
    return ln_b.defined() ? plus_product(bias, ln_b, W) : bias.contiguous();
}

EngineLayer pack(const LayerWeights &w, const ModelConfig &config)
{
    EngineLayer e;
    const at::Tensor bias = at::cat({w.b_Q.flatten(), w.b_K.flatten(), w.b_V.flatten()});
    e.b_qkv = folded_bias(w.ln1_b, w.W_qkv, bias);
    e.W_qkv = folded(w.ln1_w, w.W_qkv);
    e.W_O = w.W_O.reshape({-1, config.d_model}).contiguous();
    e.b_O = w.b_O;
    e.W_in = folded(w.ln2_w, w.W_in);
    if (config.gated_mlp) {
        const at::Tensor zeros = at::zeros({config.d_mlp}, at::kFloat);
        e.b_in = folded_bias(w.ln2_b, w.W_in, zeros);
        e.b_gate = folded_bias(w.ln2_b, w.W_gate, zeros);
        e.W_gate = folded(w.ln2_w, w.W_gate);
        e.b_post = w.b_in;
    } else {
        e.b_in = folded_bias(w.ln2_b, w.W_in, w.b_in);
    }
    e.W_out = w.W_out.contiguous();
    e.b_out = w.b_out;
    return e;
}

} // namespace

EngineModel::EngineModel(std::shared_ptr<const Model> model) : m_model(std::move(model))
{
    const ModelConfig &c = config();
    for (const LayerWeights &layer : m_model->weights().layers)
        m_layers.push_back(pack(layer, c));
    m_S = int64_t(c.n_heads + 2 * c.n_kv_heads) * c.d_head;
    m_scale = float(1.0 / std::sqrt(double(c.d_head)));
    if (c.rotary_dim > 0) {
        // Angles in double: at float32, far positions lose digits.
        const at::Tensor frequency = at::tensor(rotary_frequencies(c), at::kDouble); // [half]
        const at::Tensor angle = at::arange(c.n_ctx, at::kDouble).unsqueeze(1) * frequency.unsqueeze(0); // [n_ctx, half]
        m_cos = angle.cos().to(at::kFloat).contiguous();
        m_sin = angle.sin().to(at::kFloat).contiguous();
    }
}

void EngineModel::embed(int64_t token, int position, float *out) const
{
    const Weights &w = m_model->weights();
    const int64_t D = config().d_model;
    std::memcpy(out, w.W_E.data_ptr<float>() + token * D, size_t(D) * sizeof(float));
    if (w.W_pos.defined())
        kernels().axpy(1.f, w.W_pos.data_ptr<float>() + int64_t(position) * D, out, D);
}

void EngineModel::norm(const float *x, float *y, int64_t rows) const
{
    const ModelConfig &c = config();
    parallel_rows(rows, 64, [&](int64_t begin, int64_t end) {
        kernels().norm(x + begin * c.d_model, y + begin * c.d_model, end - begin, c.d_model, float(c.eps), c.norm == Norm::RmsNorm);
    });
}

void EngineModel::rotate(float *head_row, int position) const
{
    if (!m_cos.defined())
        return;
    const int half = config().rotary_dim / 2;
    kernels().rotate(head_row, m_cos.data_ptr<float>() + int64_t(position) * half, m_sin.data_ptr<float>() + int64_t(position) * half, half);
}

void EngineModel::unrotate(float *head_row, int position) const
{
    if (!m_cos.defined())
        return;
    const int half = config().rotary_dim / 2;
    const float *c = m_cos.data_ptr<float>() + int64_t(position) * half, *s = m_sin.data_ptr<float>() + int64_t(position) * half;
    for (int i = 0; i < half; ++i) {
        const float a = head_row[i], b = head_row[i + half];
        head_row[i] = a * c[i] + b * s[i];
        head_row[i + half] = b * c[i] - a * s[i];
    }
}

void EngineModel::rotate_rows(float *rows, int64_t count, int64_t row_stride, int heads, const int *positions) const
{
    if (!m_cos.defined())
        return;
    const int d = config().d_head;
    parallel_rows(count, 64, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r)
            for (int h = 0; h < heads; ++h)
                rotate(rows + r * row_stride + int64_t(h) * d, positions[r]);
    });
}

void EngineModel::activate(float *values, int64_t count) const
{
    at::Tensor t = at::from_blob(values, {count}, at::kFloat);
    switch (config().activation) {
    case Activation::Gelu: at::gelu_out(t, t); break;
    case Activation::GeluNew: at::gelu_out(t, t, "tanh"); break;
    case Activation::Silu: at::silu_out(t, t); break;
    case Activation::Relu: at::clamp_min_(t, 0); break;
    }
}

void EngineModel::mlp_pre(int l, const float *xn, int64_t rows, float *pre) const
{
    const EngineLayer &w = layer(l);
    const at::Tensor &W = config().gated_mlp ? w.W_gate : w.W_in;
    const at::Tensor &b = config().gated_mlp ? w.b_gate : w.b_in;
    const int64_t D = config().d_model, M = config().d_mlp;
    gemm(rows, M, D, xn, D, W.data_ptr<float>(), M, pre, M);
    parallel_rows(rows, 32, [&](int64_t begin, int64_t end) {
        kernels().add_bias(pre + begin * M, b.data_ptr<float>(), end - begin, int(M), M);
    });
}

float *EngineModel::mlp_hidden(int64_t rows, Workspace &work) const
{
    return work.get(100, rows * config().d_mlp);
}

void EngineModel::mlp(int l, const float *xn, int64_t rows, float *out, bool accumulate, Workspace &work) const
{
    mlp_pre(l, xn, rows, mlp_hidden(rows, work));
    mlp_from_pre(l, xn, rows, out, accumulate, work);
}

void EngineModel::mlp_from_pre(int l, const float *xn, int64_t rows, float *out, bool accumulate, Workspace &work) const
{
    const EngineLayer &w = layer(l);
    const int64_t D = config().d_model, M = config().d_mlp;
    float *hidden = mlp_hidden(rows, work); // [rows, M]
    activate(hidden, rows * M);
    if (config().gated_mlp) {
        float *up = work.get(101, rows * M);
        gemm(rows, M, D, xn, D, w.W_in.data_ptr<float>(), M, up, M);
        const float *b_in = w.b_in.data_ptr<float>(), *b_post = w.b_post.data_ptr<float>();
        parallel_rows(rows, 32, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r)
                for (int64_t i = 0; i < M; ++i)
                    hidden[r * M + i] = hidden[r * M + i] * (up[r * M + i] + b_in[i]) + b_post[i];
        });
    }
    gemm(rows, D, M, hidden, M, w.W_out.data_ptr<float>(), D, out, D, accumulate);
    parallel_rows(rows, 128, [&](int64_t begin, int64_t end) {
        kernels().add_bias(out + begin * D, w.b_out.data_ptr<float>(), end - begin, int(D), D);
    });
}

EngineModel::Readout EngineModel::readout(const std::vector<int64_t> &io, const std::vector<int64_t> &s) const
{
    const Weights &w = m_model->weights();
    const at::Tensor io_ids = at::tensor(io, at::kLong), s_ids = at::tensor(s, at::kLong);
    at::Tensor u = (w.W_U.index_select(1, io_ids) - w.W_U.index_select(1, s_ids)).t().contiguous(); // [P, D]
    at::Tensor c = w.b_U.index_select(0, io_ids) - w.b_U.index_select(0, s_ids);                     // [P]
    if (w.ln_final_b.defined())
        c = c + at::matmul(u, w.ln_final_b);
    if (w.ln_final_w.defined())
        u = (u * w.ln_final_w).contiguous();
    c = c.contiguous();
    return {u, std::vector<float>(c.data_ptr<float>(), c.data_ptr<float>() + c.numel())};
}

std::vector<uint8_t> EngineModel::rank0(const float *x, int64_t rows, const std::vector<int64_t> &io) const
{
    const Weights &w = m_model->weights();
    const int64_t D = config().d_model;
    at::Tensor xn = at::empty({rows, D}, at::kFloat);
    norm(x, xn.data_ptr<float>(), rows);
    if (w.ln_final_w.defined())
        xn = xn * w.ln_final_w;
    if (w.ln_final_b.defined())
        xn = xn + w.ln_final_b;
    const at::Tensor best = (at::mm(xn, w.W_U) + w.b_U).argmax(1).contiguous(); // [rows]
    std::vector<uint8_t> right(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r)
        right[size_t(r)] = best.data_ptr<int64_t>()[r] == io[size_t(r)];
    return right;
}

double EngineModel::mlp_flops() const
{
    const ModelConfig &c = config();
    return 2.0 * c.d_model * c.d_mlp * (c.gated_mlp ? 3 : 2);
}

double EngineModel::row_flops() const
{
    const ModelConfig &c = config();
    return 2.0 * c.d_model * (double(m_S) + double(c.n_heads) * c.d_head) + mlp_flops();
}

} // namespace patchbay::detail
