#include "patching/detail/attribution.h"

#include "patching/detail/backward.h"

#include <cstring>
#include <utility>

namespace patchbay::detail {

namespace {

at::Tensor norm_gradient(const RowNorm &norm, const at::Tensor &x, const at::Tensor &g_normed)
{
    at::Tensor gx = at::zeros_like(x);
    norm.backward(x.data_ptr<float>(), g_normed.data_ptr<float>(), gx.data_ptr<float>(), x.size(0));
    return gx;
}

} // namespace

bool has_estimates(Metric metric, bool base_flipped)
{
    return info(metric).slope && (!info(metric).from_clean || base_flipped);
}

Backward::Backward(const BatchRuns &runs, const Terms &terms, bool with_mlp_out, const OverRun &over)
    : m_runs(runs), m_model(runs.model()), m_config(m_model.config()),
      m_base(over.run ? *over.run : runs.run(terms.base_flipped)), m_source(runs.run(!terms.base_flipped)),
      m_metric(terms.metric), m_zero(terms.zero), m_mlp_out(with_mlp_out), m_D(m_config.d_model),
      m_S(m_model.traits().qkv_width()), m_HD(m_model.traits().q_width()), m_over(over)
{
    std::vector<std::vector<int>> rows(size_t(runs.layout().prompts));
    for (int p = 0; p < runs.layout().prompts; ++p)
        for (int pos = m_zero ? 0 : runs.layout().first_difference[size_t(p)]; pos <= runs.layout().end[size_t(p)];
             ++pos)
            rows[size_t(p)].push_back(pos);
    m_effects.rows = std::make_shared<const RowMap>(std::move(rows));
    m_list = m_effects.rows->list();
    m_R = int64_t(m_list.size());
}

void Backward::capture(const std::vector<Node> &receivers)
{
    m_receivers = receivers;
    m_captured.assign(receivers.size(), at::Tensor());
}

RowEffects Backward::run(const CancelToken &cancel)
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
    if (m_tell)
        m_tell(L, m_g.unsqueeze(0));
    for (int l = L - 1; l >= 0; --l) {
        cancel.check();
        layer(l, cancel);
    }
    return m_effects;
}

// Through the final norm and the readout, at END.
void Backward::start()
{
    std::vector<int> prompts;
    for (int64_t r = 0; r < m_R; ++r)
        if (const auto [p, pos] = m_list[size_t(r)]; pos == m_runs.layout().end[size_t(p)]) {
            m_end_rows.push_back(r);
            prompts.push_back(p);
        }
    const at::Tensor ends = gathered(m_base.resid.back(), m_end_rows);
    at::Tensor normed = at::empty_like(ends), g = at::empty_like(ends);
    m_model.final_norm().apply(ends.data_ptr<float>(), normed.data_ptr<float>(), ends.size(0));
    m_runs.readout(m_metric).gradients(normed.data_ptr<float>(), prompts, g.data_ptr<float>());
    for (size_t i = 0; i < prompts.size(); ++i)
        m_model.final_norm().backward(ends.data_ptr<float>() + int64_t(i) * m_D, g.data_ptr<float>() + int64_t(i) * m_D,
                                      m_g.data_ptr<float>() + m_end_rows[i] * m_D, 1);
}

at::Tensor Backward::gathered(const at::Tensor &stream, const std::vector<int64_t> &rows) const
{
    std::vector<std::pair<int, int>> list;
    for (const int64_t r : rows)
        list.push_back(m_list[size_t(r)]);
    return m_runs.stream_rows(stream, list);
}

at::Tensor Backward::through_norm(const RowNorm &norm, const at::Tensor &x, const at::Tensor &g_normed,
                                  const std::vector<int64_t> &rows)
{
    const at::Tensor gx = norm_gradient(norm, x, g_normed);
    for (size_t i = 0; i < rows.size(); ++i)
        kernels().axpy(1.f, gx.data_ptr<float>() + int64_t(i) * m_D, m_g.data_ptr<float>() + rows[i] * m_D, m_D);
    return gx;
}

std::vector<int64_t> Backward::all_rows() const
{
    std::vector<int64_t> rows(static_cast<size_t>(m_R));
    for (int64_t r = 0; r < m_R; ++r)
        rows[size_t(r)] = r;
    return rows;
}

void Backward::layer(int l, const CancelToken &cancel)
{
    const BlockRef block_ref = m_model.block(l);
    const Block &block = *block_ref;
    // In the last layer only END's row has a gradient before attention spreads it.
    const std::vector<int64_t> every = all_rows(), &live = last(l) ? m_end_rows : every;
    const at::Tensor arrived = m_g.clone();
    if (m_mlp_out)
        mlp_out_effect(l);
    const int64_t heads = 3 * int64_t(m_config.n_heads);
    if (m_tell)
        m_readers = at::zeros({heads + m_config.has_mlp(), m_R, m_D}, at::kFloat);
    const bool held = m_over.held_layer == l;
    for (size_t first = 0; first < live.size() && !(held && m_over.held_mlp); first += size_t(block_rows)) {
        cancel.check();
        const std::vector<int64_t> rows(live.begin() + std::ptrdiff_t(first),
                                        live.begin()
                                            + std::ptrdiff_t(std::min(live.size(), first + size_t(block_rows))));
        const at::Tensor x = gathered(m_runs.mlp_input(m_base, l), rows);
        at::Tensor xn = at::empty_like(x);
        block.mlp_norm().apply(x.data_ptr<float>(), xn.data_ptr<float>(), x.size(0));
        const at::Tensor g = arrived.index_select(0, at::tensor(rows, at::kLong)).contiguous();
        const at::Tensor gx = through_norm(block.mlp_norm(), x, block.mlp_backward(xn, g), rows);
        if (m_tell && m_config.has_mlp())
            m_readers[heads].index_copy_(0, at::tensor(rows, at::kLong), gx);
    }
    if (!m_config.parallel)
        stream_effect(Site::ResidMid, l, m_base.mid[size_t(l)], m_source.mid[size_t(l)]);
    capture_stream(Site::ResidMid, l);
    // Attention of a parallel block is reached by the gradient that arrived, of a serial one by that at resid_mid.
    const at::Tensor g_attention = m_config.parallel ? arrived : m_g.clone();
    const bool attends = !held || m_over.held_mlp;
    const Projected before = attends ? projected(l) : Projected();
    const at::Tensor g_qkv = attends ? attention_gradient(l, g_attention, before, cancel) : at::Tensor();
    for (size_t first = 0; first < every.size() && attends; first += size_t(block_rows)) {
        cancel.check();
        const std::vector<int64_t> rows(every.begin() + std::ptrdiff_t(first),
                                        every.begin()
                                            + std::ptrdiff_t(std::min(every.size(), first + size_t(block_rows))));
        const int64_t n = int64_t(rows.size());
        at::Tensor g_xn = at::empty({n, m_D}, at::kFloat);
        const int64_t at = int64_t(first) * m_S;
        block.project_backward(g_qkv.data_ptr<float>() + at, m_S,
                               before.base.defined() ? before.base.data_ptr<float>() + at : nullptr, m_S, n, 0, m_S,
                               g_xn.data_ptr<float>());
        through_norm(block.attn_norm(), gathered(m_base.resid[size_t(l)], rows), g_xn, rows);
    }
    stream_effect(Site::ResidPre, l, m_base.resid[size_t(l)], m_source.resid[size_t(l)]);
    capture_stream(Site::ResidPre, l);
    capture_stream(Site::ResidPost, l - 1);
    if (m_tell)
        m_tell(l, std::exchange(m_readers, at::Tensor()));
}

void Backward::capture_stream(Site site, int layer)
{
    for (size_t i = 0; i < m_receivers.size(); ++i)
        if (m_receivers[i].site == site && m_receivers[i].layer == layer)
            m_captured[i] = m_g.clone();
}

void Backward::stream_effect(Site site, int l, const at::Tensor &base, const at::Tensor &source)
{
    float *e = m_effects.by_site[site].data_ptr<float>() + int64_t(l) * m_R;
    for (int64_t r = 0; r < m_R; ++r) {
        const int64_t row = m_runs.layout().row(m_list[size_t(r)].first, m_list[size_t(r)].second) * m_D;
        const float *g = m_g.data_ptr<float>() + r * m_D;
        e[r] = (m_zero ? 0.f : kernels().dot(g, source.data_ptr<float>() + row, m_D))
            - kernels().dot(g, base.data_ptr<float>() + row, m_D);
    }
}

void Backward::mlp_out_effect(int l)
{
    at::Tensor change = m_runs.mlp_out_rows(m_base, l, m_list).neg();
    if (!m_zero)
        change += m_runs.mlp_out_rows(m_source, l, m_list);
    m_effects.by_site[Site::MlpOut][l].copy_((m_g * change).sum(1));
}

RowEffects attribution(const BatchRuns &runs, const Terms &terms, bool with_mlp_out, const CancelToken &cancel)
{
    return Backward(runs, terms, with_mlp_out).run(cancel);
}

ReceiverGradients receiver_gradients(const BatchRuns &runs, const Terms &terms, const std::vector<Node> &receivers,
                                     const std::shared_ptr<const RowMap> &rows, const CancelToken &cancel)
{
    Backward backward(runs, terms, false);
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
                    std::memcpy(chosen.data_ptr<float>() + r * D, all.data_ptr<float>() + from * D,
                                size_t(D) * sizeof(float));
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
    const BlockRef held = model.block(l);
    const Block &block = *held;
    block.mlp_norm().apply(x.data_ptr<float>(), xn.data_ptr<float>(), x.size(0));
    return norm_gradient(block.mlp_norm(), x, block.mlp_backward(xn, g));
}

} // namespace patchbay::detail
