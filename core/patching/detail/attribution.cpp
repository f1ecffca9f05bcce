#include "patching/detail/attribution.h"

#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"
#include "patching/detail/path_estimate.h"

#include <cstring>

namespace patchbay::detail {

namespace {

at::Tensor activation_gradient(const ModelConfig &config, const at::Tensor &g, const at::Tensor &pre)
{
    switch (config.activation) {
    case Activation::Gelu: return at::gelu_backward(g, pre);
    case Activation::GeluNew: return at::gelu_backward(g, pre, "tanh");
    case Activation::Silu: return at::silu_backward(g, pre);
    case Activation::Relu: break;
    }
    return at::threshold_backward(g, pre, 0);
}

// d(logit diff)/d(normed MLP input), [n, D].
at::Tensor mlp_gradient(const EngineModel &model, int l, const at::Tensor &xn, const at::Tensor &g)
{
    const ModelConfig &c = model.config();
    const EngineLayer &w = model.layer(l);
    const int64_t n = xn.size(0), M = c.d_mlp, D = c.d_model;
    at::Tensor pre = at::empty({n, M}, at::kFloat), g_post = at::empty({n, M}, at::kFloat), out = at::empty({n, D}, at::kFloat);
    model.mlp_pre(l, xn.data_ptr<float>(), n, pre.data_ptr<float>());
    gemm_bt(n, M, D, g.data_ptr<float>(), D, w.W_out.data_ptr<float>(), D, g_post.data_ptr<float>(), M);
    const at::Tensor &W_act = c.gated_mlp ? w.W_gate : w.W_in;
    if (c.gated_mlp) {
        at::Tensor up = at::empty({n, M}, at::kFloat);
        gemm(n, M, D, xn.data_ptr<float>(), D, w.W_in.data_ptr<float>(), M, up.data_ptr<float>(), M);
        up += w.b_in;
        at::Tensor acted = pre.clone();
        model.activate(acted.data_ptr<float>(), n * M);
        acted *= g_post; // gradient of the up projection
        gemm_bt(n, D, M, acted.data_ptr<float>(), M, w.W_in.data_ptr<float>(), M, out.data_ptr<float>(), D);
        g_post *= up;
    }
    const at::Tensor g_pre = activation_gradient(c, g_post, pre).contiguous();
    gemm_bt(n, D, M, g_pre.data_ptr<float>(), M, W_act.data_ptr<float>(), M, out.data_ptr<float>(), D, c.gated_mlp);
    return out;
}

at::Tensor norm_gradient(const ModelConfig &c, const at::Tensor &x, const at::Tensor &g_normed)
{
    at::Tensor gx = at::zeros_like(x);
    kernels().norm_backward(x.data_ptr<float>(), g_normed.data_ptr<float>(), gx.data_ptr<float>(), x.size(0), c.d_model, float(c.eps),
                            c.norm == Norm::RmsNorm);
    return gx;
}

// One backward pass over the changed rows. g [R, D] is the gradient of each prompt's logit difference with respect to the residual stream.
class Backward {
public:
    Backward(const BatchRuns &runs, bool base_flipped, bool zero, bool with_mlp_out)
        : m_runs(runs), m_model(runs.model()), m_config(m_model.config()), m_base(runs.run(base_flipped)), m_source(runs.run(!base_flipped)), m_zero(zero),
          m_mlp_out(with_mlp_out), m_D(m_config.d_model), m_S(m_model.qkv_width()), m_HD(int64_t(m_config.n_heads) * m_config.d_head)
    {
        std::vector<std::vector<int>> rows(size_t(runs.layout().prompts));
        for (int p = 0; p < runs.layout().prompts; ++p)
            for (int pos = zero ? 0 : runs.layout().first_difference[size_t(p)]; pos <= runs.layout().end[size_t(p)]; ++pos)
                rows[size_t(p)].push_back(pos);
        m_effects.rows = std::make_shared<const RowMap>(std::move(rows));
        m_list = m_effects.rows->list();
        m_R = int64_t(m_list.size());
    }

    /// Receivers whose activations' gradients run() keeps in captured(), as gradients of the stream that they read, [R, D].
    void capture(const std::vector<Node> &receivers)
    {
        m_receivers = receivers;
        m_captured.assign(receivers.size(), at::Tensor());
    }
    const std::vector<at::Tensor> &captured() const { return m_captured; }
    const std::shared_ptr<const RowMap> &rows() const { return m_effects.rows; }

    RowEffects run(const CancelToken &cancel)
    {
        const int L = m_config.n_layers, H = m_config.n_heads;
        for (const Site site : {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern})
            m_effects.by_site[site] = at::zeros({L, H, m_R}, at::kFloat);
        for (const Site site : {Site::AttnOut, Site::ResidPre, Site::ResidMid})
            m_effects.by_site[site] = at::zeros({site == Site::ResidPre ? L + 1 : L, m_R}, at::kFloat);
        if (m_mlp_out)
            m_effects.by_site[Site::MlpOut] = at::zeros({L, m_R}, at::kFloat);
        m_g = at::zeros({m_R, m_D}, at::kFloat);
        start();
        stream_effect(Site::ResidPre, L, m_base.resid[size_t(L)], m_source.resid[size_t(L)]);
        capture_stream(Site::ResidPost, L - 1);
        for (int l = L - 1; l >= 0; --l) {
            cancel.check();
            layer(l, cancel);
        }
        return m_effects;
    }

private:
    bool last(int l) const { return l == m_config.n_layers - 1; }

    // Through the final norm and the readout, at END.
    void start()
    {
        const int64_t n = m_R;
        const bool rms = m_config.norm == Norm::RmsNorm;
        for (int64_t r = 0; r < n; ++r) {
            const auto [p, pos] = m_list[size_t(r)];
            if (pos != m_runs.layout().end[size_t(p)])
                continue;
            m_end_rows.push_back(r);
            kernels().norm_backward(m_base.resid.back().data_ptr<float>() + m_runs.layout().row(p, pos) * m_D,
                                    m_runs.readout().u.data_ptr<float>() + int64_t(p) * m_D, m_g.data_ptr<float>() + r * m_D, 1, int(m_D),
                                    float(m_config.eps), rms);
        }
    }

    at::Tensor gathered(const at::Tensor &stream, const std::vector<int64_t> &rows) const
    {
        at::Tensor out = at::empty({int64_t(rows.size()), m_D}, at::kFloat);
        for (size_t i = 0; i < rows.size(); ++i) {
            const auto [p, pos] = m_list[size_t(rows[i])];
            std::memcpy(out.data_ptr<float>() + int64_t(i) * m_D, stream.data_ptr<float>() + m_runs.layout().row(p, pos) * m_D, size_t(m_D) * sizeof(float));
        }
        return out;
    }

    void through_norm(const at::Tensor &x, const at::Tensor &g_normed, const std::vector<int64_t> &rows)
    {
        const at::Tensor gx = norm_gradient(m_config, x, g_normed);
        for (size_t i = 0; i < rows.size(); ++i)
            kernels().axpy(1.f, gx.data_ptr<float>() + int64_t(i) * m_D, m_g.data_ptr<float>() + rows[i] * m_D, m_D);
    }

    std::vector<int64_t> all_rows() const
    {
        std::vector<int64_t> rows(static_cast<size_t>(m_R));
        for (int64_t r = 0; r < m_R; ++r)
            rows[size_t(r)] = r;
        return rows;
    }

    void layer(int l, const CancelToken &cancel)
    {
        // In the last layer only END's row has a gradient before attention spreads it.
        const std::vector<int64_t> every = all_rows(), &live = last(l) ? m_end_rows : every;
        const at::Tensor arrived = m_g.clone();
        if (m_mlp_out)
            mlp_out_effect(l);
        for (size_t first = 0; first < live.size(); first += size_t(block_rows)) {
            cancel.check();
            const std::vector<int64_t> rows(live.begin() + std::ptrdiff_t(first), live.begin() + std::ptrdiff_t(std::min(live.size(), first + size_t(block_rows))));
            const at::Tensor x = gathered(m_runs.mlp_input(m_base, l), rows);
            at::Tensor xn = at::empty_like(x);
            m_model.norm(x.data_ptr<float>(), xn.data_ptr<float>(), x.size(0));
            const at::Tensor g = arrived.index_select(0, at::tensor(rows, at::kLong)).contiguous();
            through_norm(x, mlp_gradient(m_model, l, xn, g), rows);
        }
        if (!m_config.parallel)
            stream_effect(Site::ResidMid, l, m_base.mid[size_t(l)], m_source.mid[size_t(l)]);
        capture_stream(Site::ResidMid, l);
        // Attention of a parallel block is reached by the gradient that arrived, of a serial one by that at resid_mid.
        const at::Tensor g_attention = m_config.parallel ? arrived : m_g.clone();
        const at::Tensor g_qkv = attention_gradient(l, g_attention, cancel);
        for (size_t first = 0; first < every.size(); first += size_t(block_rows)) {
            cancel.check();
            const std::vector<int64_t> rows(every.begin() + std::ptrdiff_t(first), every.begin() + std::ptrdiff_t(std::min(every.size(), first + size_t(block_rows))));
            const int64_t n = int64_t(rows.size());
            at::Tensor g_xn = at::empty({n, m_D}, at::kFloat);
            gemm_bt(n, m_D, m_S, g_qkv.data_ptr<float>() + int64_t(first) * m_S, m_S, m_model.layer(l).W_qkv.data_ptr<float>(), m_S, g_xn.data_ptr<float>(), m_D);
            through_norm(gathered(m_base.resid[size_t(l)], rows), g_xn, rows);
        }
        stream_effect(Site::ResidPre, l, m_base.resid[size_t(l)], m_source.resid[size_t(l)]);
        capture_stream(Site::ResidPre, l);
        capture_stream(Site::ResidPost, l - 1);
    }

    void capture_stream(Site site, int layer)
    {
        for (size_t i = 0; i < m_receivers.size(); ++i)
            if (m_receivers[i].site == site && m_receivers[i].layer == layer)
                m_captured[i] = m_g.clone();
    }

    // From the gradient of one head's query, key or value to that of the stream: projection and norm backwards.
    void capture_heads(int l)
    {
        for (size_t i = 0; i < m_receivers.size(); ++i) {
            const Node &node = m_receivers[i];
            if (node.layer != l || !m_head_gradients.count(i))
                continue;
            const int64_t d = m_config.d_head, column = receiver_column(node);
            at::Tensor g_xn = at::empty({m_R, m_D}, at::kFloat);
            gemm_bt(m_R, m_D, d, m_head_gradients[i].data_ptr<float>(), d, m_model.layer(l).W_qkv.data_ptr<float>() + column, m_S, g_xn.data_ptr<float>(), m_D);
            m_captured[i] = norm_gradient(m_config, gathered(m_base.resid[size_t(l)], all_rows()), g_xn);
            m_head_gradients.erase(i);
        }
    }

    int64_t receiver_column(const Node &node) const
    {
        switch (node.site) {
        case Site::Q:
        case Site::QInput: return m_model.q_column(node.head);
        case Site::K:
        case Site::KInput: return m_model.k_column(node.head);
        default: return m_model.v_column(node.head);
        }
    }

    // Effects of z, pattern, v, q, k; returns the gradient of the fused projection's output, [R, S], before rotary.
    at::Tensor attention_gradient(int l, const at::Tensor &g, const CancelToken &cancel)
    {
        cancel.check();
        at::Tensor gz = at::empty({m_R, m_HD}, at::kFloat), g_qkv = at::zeros({m_R, m_S}, at::kFloat);
        gemm_bt(m_R, m_HD, m_D, g.data_ptr<float>(), m_D, m_model.layer(l).W_O.data_ptr<float>(), m_D, gz.data_ptr<float>(), m_HD);
        for (size_t i = 0; i < m_receivers.size(); ++i)
            if (m_receivers[i].layer == l && m_receivers[i].head >= 0)
                m_head_gradients[i] = at::zeros({m_R, m_config.d_head}, at::kFloat);
        const int64_t groups = m_config.n_kv_heads;
        // A group of heads shares the rows of its keys and values, so it is one piece of work.
        parallel_rows(int64_t(m_runs.layout().prompts) * groups, 2, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                for (int h = int(i % groups) * m_config.kv_group(); h < (int(i % groups) + 1) * m_config.kv_group(); ++h)
                    head_gradient(l, h, int(i / groups), gz.data_ptr<float>(), g_qkv.data_ptr<float>());
        });
        capture_heads(l);
        if (!m_zero) {
            at::Tensor out = m_effects.by_site[Site::AttnOut][l];
            out.copy_(m_effects.by_site[Site::Z][l].sum(0));
        } else {
            const at::Tensor before = m_runs.attn_out_rows(m_base, l, m_list);
            m_effects.by_site[Site::AttnOut][l].copy_((g * before).sum(1).neg());
        }
        return g_qkv;
    }

    void head_gradient(int l, int h, int p, const float *gz_all, float *g_qkv)
    {
        const std::vector<int> &positions = m_effects.rows->rows(p);
        if (positions.empty())
            return;
        const int d = m_config.d_head, first = positions.front(), end = m_runs.layout().end[size_t(p)], n = end + 1 - first, keys = end + 1;
        const int64_t row0 = m_effects.rows->find(p, first);
        const float scale = m_model.attention_scale();
        const int64_t qc = m_model.q_column(h), kc = m_model.k_column(h), vc = m_model.v_column(h);
        const float *base = m_base.qkv[size_t(l)].data_ptr<float>() + m_runs.layout().row(p, 0) * m_S;
        const float *source = m_source.qkv[size_t(l)].data_ptr<float>() + m_runs.layout().row(p, 0) * m_S;
        const Kernels &k = kernels();
        std::vector<float> pattern(size_t(n) * size_t(keys)), other(pattern.size()), scratch(static_cast<size_t>(keys)), z(size_t(n) * size_t(d)), z_other(z.size(), 0.f);
        const auto attend = [&](const float *rows, std::vector<float> &out_pattern, std::vector<float> &out_z) {
            const KeyRows run{rows + kc, rows + vc, m_S, keys};
            k.attend(rows + first * m_S + qc, m_S, n, first, &run, 1, d, scale, out_z.data(), d, scratch.data(), out_pattern.data(), keys);
        };
        attend(base, pattern, z);
        if (!m_zero)
            attend(source, other, z_other);
        std::vector<float> gk(size_t(n) * size_t(d), 0.f), gv(gk), gq(gk), ds(static_cast<size_t>(keys));
        float *ez = effect(Site::Z, l, h) + row0, *ep = effect(Site::Pattern, l, h) + row0;
        for (int i = last(l) ? n - 1 : 0; i < n; ++i) {
            const float *gz = gz_all + (row0 + i) * m_HD + int64_t(h) * d;
            const float *p_row = pattern.data() + int64_t(i) * keys, *o_row = other.data() + int64_t(i) * keys;
            ez[i] = k.dot(gz, z_other.data() + int64_t(i) * d, d) - k.dot(gz, z.data() + int64_t(i) * d, d);
            const int visible = first + i + 1;
            float along = 0;
            for (int j = 0; j < visible; ++j) {
                ds[size_t(j)] = k.dot(gz, base + j * m_S + vc, d); // gradient of the pattern
                along += ds[size_t(j)] * p_row[j];
                ep[i] += ds[size_t(j)] * ((m_zero ? 0.f : o_row[j]) - p_row[j]);
                if (j >= first)
                    k.axpy(p_row[j], gz, gv.data() + int64_t(j - first) * d, d);
            }
            const float *q = base + (first + i) * m_S + qc;
            for (int j = 0; j < visible; ++j) {
                const float s = p_row[j] * (ds[size_t(j)] - along) * scale;
                k.axpy(s, base + j * m_S + kc, gq.data() + int64_t(i) * d, d);
                if (j >= first)
                    k.axpy(s, q, gk.data() + int64_t(j - first) * d, d);
            }
        }
        const auto finish = [&](Site site, std::vector<float> &gradient, int64_t column, bool rotated) {
            float *e = effect(site, l, h) + row0;
            for (int i = 0; i < n; ++i) {
                float *gr = gradient.data() + int64_t(i) * d;
                const float *b = base + (first + i) * m_S + column, *s = source + (first + i) * m_S + column;
                e[i] = (m_zero ? 0.f : k.dot(gr, s, d)) - k.dot(gr, b, d);
                if (rotated)
                    m_model.unrotate(gr, first + i);
                k.axpy(1.f, gr, g_qkv + (row0 + i) * m_S + column, d);
                for (size_t r = 0; r < m_receivers.size(); ++r)
                    if (m_receivers[r].layer == l && m_receivers[r].head == h && receiver_column(m_receivers[r]) == column)
                        std::memcpy(m_head_gradients.at(r).data_ptr<float>() + (row0 + i) * d, gr, size_t(d) * sizeof(float));
            }
        };
        finish(Site::Q, gq, qc, true);
        finish(Site::K, gk, kc, true);
        finish(Site::V, gv, vc, false);
    }

    float *effect(Site site, int l, int h) { return m_effects.by_site[site].data_ptr<float>() + (int64_t(l) * m_config.n_heads + h) * m_R; }

    void stream_effect(Site site, int l, const at::Tensor &base, const at::Tensor &source)
    {
        float *e = m_effects.by_site[site].data_ptr<float>() + int64_t(l) * m_R;
        for (int64_t r = 0; r < m_R; ++r) {
            const int64_t row = m_runs.layout().row(m_list[size_t(r)].first, m_list[size_t(r)].second) * m_D;
            const float *g = m_g.data_ptr<float>() + r * m_D;
            e[r] = (m_zero ? 0.f : kernels().dot(g, source.data_ptr<float>() + row, m_D)) - kernels().dot(g, base.data_ptr<float>() + row, m_D);
        }
    }

    void mlp_out_effect(int l)
    {
        at::Tensor change = m_runs.mlp_out_rows(m_base, l, m_list).neg();
        if (!m_zero)
            change += m_runs.mlp_out_rows(m_source, l, m_list);
        m_effects.by_site[Site::MlpOut][l].copy_((m_g * change).sum(1));
    }

    const BatchRuns &m_runs;
    const EngineModel &m_model;
    const ModelConfig m_config;
    const Run &m_base, &m_source;
    const bool m_zero, m_mlp_out;
    const int64_t m_D, m_S, m_HD;
    RowEffects m_effects;
    std::vector<std::pair<int, int>> m_list;
    std::vector<int64_t> m_end_rows;
    int64_t m_R = 0;
    at::Tensor m_g;
    std::vector<Node> m_receivers;
    std::vector<at::Tensor> m_captured;
    std::map<size_t, at::Tensor> m_head_gradients; ///< receiver → [R, d], of the layer at hand
};

} // namespace

RowEffects attribution(const BatchRuns &runs, bool base_flipped, bool zero, bool with_mlp_out, const CancelToken &cancel)
{
    return Backward(runs, base_flipped, zero, with_mlp_out).run(cancel);
}

ReceiverGradients receiver_gradients(const BatchRuns &runs, bool base_flipped, bool zero, const std::vector<Node> &receivers,
                                     const std::shared_ptr<const RowMap> &rows, const CancelToken &cancel)
{
    Backward backward(runs, base_flipped, zero, false);
    backward.capture(receivers);
    backward.run(cancel);
    ReceiverGradients out;
    const int64_t D = runs.model().config().d_model;
    for (const at::Tensor &all : backward.captured()) {
        at::Tensor chosen;
        if (all.defined()) {
            chosen = at::zeros({rows->count(), D}, at::kFloat);
            int64_t r = 0;
            for (const auto &[prompt, pos] : rows->list()) {
                if (const int64_t from = backward.rows()->find(prompt, pos); from >= 0)
                    std::memcpy(chosen.data_ptr<float>() + r * D, all.data_ptr<float>() + from * D, size_t(D) * sizeof(float));
                ++r;
            }
        }
        out.push_back(chosen);
    }
    return out;
}

at::Tensor mlp_stream_gradient(const EngineModel &model, int l, const at::Tensor &x, const at::Tensor &g)
{
    at::Tensor xn = at::empty_like(x);
    model.norm(x.data_ptr<float>(), xn.data_ptr<float>(), x.size(0));
    return norm_gradient(model.config(), x, mlp_gradient(model, l, xn, g));
}

} // namespace patchbay::detail
