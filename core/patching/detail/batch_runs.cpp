#include "patching/detail/batch_runs.h"

#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"

#include <cstring>

namespace patchbay::detail {

BatchLayout::BatchLayout(const PromptBatch &batch) : prompts(batch.prompts), end(batch.end)
{
    for (int p = 0; p < prompts; ++p) {
        offset.push_back(rows);
        int first = 0;
        while (first <= end[size_t(p)] && batch.at(false, p, first) == batch.at(true, p, first))
            ++first;
        first_difference.push_back(first);
        for (int pos = 0; pos <= end[size_t(p)]; ++pos)
            position.push_back(pos);
        rows += end[size_t(p)] + 1;
    }
}

BatchRuns::BatchRuns(std::shared_ptr<const EngineModel> model, const PromptBatch &batch)
    : m_model(std::move(model)), m_batch(batch), m_layout(batch), m_readout(m_model->readout(batch.io, batch.s))
{
}

size_t BatchRuns::bytes(const ModelConfig &c, int64_t rows)
{
    const size_t per_layer = size_t(c.d_model) * (c.parallel ? 1 : 2) + size_t(c.n_heads + 2 * c.n_kv_heads) * size_t(c.d_head);
    return 2 * size_t(rows) * sizeof(float) * (per_layer * size_t(c.n_layers) + size_t(c.d_model));
}

void BatchRuns::compute(const CancelToken &cancel)
{
    if (m_done)
        return;
    compute_run(m_clean, false, cancel);
    compute_run(m_flipped, true, cancel);
    m_done = true;
}

void BatchRuns::compute_run(Run &run, bool flipped, const CancelToken &cancel)
{
    const ModelConfig &c = m_model->config();
    const int64_t D = c.d_model, S = m_model->qkv_width(), HD = int64_t(c.n_heads) * c.d_head, F = m_layout.rows;
    run = Run();
    run.resid.push_back(at::empty({F, D}, at::kFloat));
    for (int p = 0; p < m_layout.prompts; ++p)
        for (int pos = 0; pos <= m_layout.end[size_t(p)]; ++pos)
            m_model->embed(m_batch.at(flipped, p, pos), pos, run.resid[0].data_ptr<float>() + m_layout.row(p, pos) * D);

    Workspace work;
    float *xn = work.get(0, std::min(F, block_rows) * D);
    float *z = work.get(1, F * HD);
    for (int l = 0; l < c.n_layers; ++l) {
        const EngineLayer &w = m_model->layer(l);
        const float *x = run.resid[size_t(l)].data_ptr<float>();
        run.qkv.push_back(at::empty({F, S}, at::kFloat));
        float *qkv = run.qkv.back().data_ptr<float>();
        for (int64_t r = 0; r < F; r += block_rows) {
            cancel.check();
            const int64_t n = std::min(block_rows, F - r);
            m_model->norm(x + r * D, xn, n);
            gemm(n, S, D, xn, D, w.W_qkv.data_ptr<float>(), S, qkv + r * S, S);
            kernels().add_bias(qkv + r * S, w.b_qkv.data_ptr<float>(), n, int(S), S);
            m_model->rotate_rows(qkv + r * S, n, S, c.n_heads + c.n_kv_heads, m_layout.position.data() + r);
        }
        parallel_rows(int64_t(m_layout.prompts) * c.n_heads, 4, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int p = int(i / c.n_heads), h = int(i % c.n_heads);
                head_z(run, l, h, p, 0, m_layout.end[size_t(p)], z + m_layout.row(p, 0) * HD + int64_t(h) * c.d_head, HD);
            }
        });
        run.resid.push_back(at::empty({F, D}, at::kFloat));
        if (!c.parallel)
            run.mid.push_back(at::empty({F, D}, at::kFloat));
        float *next = run.resid.back().data_ptr<float>();
        for (int64_t r = 0; r < F; r += block_rows) {
            cancel.check();
            const int64_t n = std::min(block_rows, F - r);
            float *mid = c.parallel ? next + r * D : run.mid.back().data_ptr<float>() + r * D;
            std::memcpy(mid, x + r * D, size_t(n * D) * sizeof(float));
            gemm(n, D, HD, z + r * HD, HD, w.W_O.data_ptr<float>(), D, mid, D, true);
            kernels().add_bias(mid, w.b_O.data_ptr<float>(), n, int(D), D);
            m_model->norm(c.parallel ? x + r * D : mid, xn, n);
            if (!c.parallel)
                std::memcpy(next + r * D, mid, size_t(n * D) * sizeof(float));
            m_model->mlp(l, xn, n, next + r * D, true, work);
        }
    }

    at::Tensor at_end = at::empty({m_layout.prompts, D}, at::kFloat), normed = at::empty({m_layout.prompts, D}, at::kFloat);
    for (int p = 0; p < m_layout.prompts; ++p)
        std::memcpy(at_end.data_ptr<float>() + int64_t(p) * D,
                    run.resid.back().data_ptr<float>() + m_layout.row(p, m_layout.end[size_t(p)]) * D, size_t(D) * sizeof(float));
    m_model->norm(at_end.data_ptr<float>(), normed.data_ptr<float>(), m_layout.prompts);
    for (int p = 0; p < m_layout.prompts; ++p)
        run.logit_diff.push_back(kernels().dot(normed.data_ptr<float>() + int64_t(p) * D, m_readout.u.data_ptr<float>() + int64_t(p) * D, D)
                                 + m_readout.c[size_t(p)]);
    run.rank0 = m_model->rank0(at_end.data_ptr<float>(), m_layout.prompts, m_batch.io);
}

void BatchRuns::head_z(const Run &run, int layer, int head, int prompt, int first, int last, float *z, int64_t stride) const
{
    const int64_t S = m_model->qkv_width();
    const float *rows = run.qkv[size_t(layer)].data_ptr<float>() + m_layout.row(prompt, 0) * S;
    const KeyRows keys{rows + m_model->k_column(head), rows + m_model->v_column(head), S, last + 1};
    std::vector<float> scratch(size_t(last) + 1);
    kernels().attend(rows + first * S + m_model->q_column(head), S, last - first + 1, first, &keys, 1, m_model->config().d_head,
                     m_model->attention_scale(), z, stride, scratch.data(), nullptr, 0);
}

at::Tensor BatchRuns::z_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const ModelConfig &c = m_model->config();
    const int64_t HD = int64_t(c.n_heads) * c.d_head;
    at::Tensor z = at::empty({int64_t(rows.size()), HD}, at::kFloat);
    parallel_rows(int64_t(rows.size()), 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            for (int h = 0; h < c.n_heads; ++h)
                head_z(run, layer, h, rows[size_t(i)].first, rows[size_t(i)].second, rows[size_t(i)].second,
                       z.data_ptr<float>() + i * HD + int64_t(h) * c.d_head, HD);
    });
    return z;
}

at::Tensor BatchRuns::attn_out_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const ModelConfig &c = m_model->config();
    const int64_t HD = int64_t(c.n_heads) * c.d_head, n = int64_t(rows.size());
    const at::Tensor z = z_rows(run, layer, rows);
    // repeat, not expand: a single expanded row would be the bias itself, and be added into.
    at::Tensor out = m_model->layer(layer).b_O.repeat({n, 1});
    gemm(n, c.d_model, HD, z.data_ptr<float>(), HD, m_model->layer(layer).W_O.data_ptr<float>(), c.d_model, out.data_ptr<float>(), c.d_model, true);
    return out;
}

at::Tensor BatchRuns::mlp_out_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const int64_t D = m_model->config().d_model, n = int64_t(rows.size());
    at::Tensor x = at::empty({n, D}, at::kFloat), out = at::empty({n, D}, at::kFloat);
    const float *input = mlp_input(run, layer).data_ptr<float>();
    for (int64_t i = 0; i < n; ++i)
        std::memcpy(x.data_ptr<float>() + i * D, input + m_layout.row(rows[size_t(i)].first, rows[size_t(i)].second) * D, size_t(D) * sizeof(float));
    m_model->norm(x.data_ptr<float>(), x.data_ptr<float>(), n);
    Workspace work;
    for (int64_t r = 0; r < n; r += block_rows)
        m_model->mlp(layer, x.data_ptr<float>() + r * D, std::min(block_rows, n - r), out.data_ptr<float>() + r * D, false, work);
    return out;
}

std::vector<float> BatchRuns::pattern(const Run &run, int layer, int head, int prompt) const
{
    const int64_t S = m_model->qkv_width();
    const int size = m_layout.end[size_t(prompt)] + 1;
    const float *rows = run.qkv[size_t(layer)].data_ptr<float>() + m_layout.row(prompt, 0) * S;
    const KeyRows keys{rows + m_model->k_column(head), rows + m_model->v_column(head), S, size};
    std::vector<float> scratch(static_cast<size_t>(size)), pattern(size_t(size) * size_t(size));
    kernels().attend(rows + m_model->q_column(head), S, size, 0, &keys, 1, m_model->config().d_head, m_model->attention_scale(), nullptr, 0,
                     scratch.data(), pattern.data(), size);
    return pattern;
}

} // namespace patchbay::detail
