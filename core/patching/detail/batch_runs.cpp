#include "patching/detail/batch_runs.h"

#include "patching/detail/device_model.h"

#include <algorithm>
#include <cstring>

namespace patchbay::detail {

Array BatchLayout::reached() const
{
    std::vector<int64_t> counts(size_t(*std::max_element(end.begin(), end.end())) + 1);
    for (const int last : end)
        for (int pos = 0; pos <= last; ++pos)
            ++counts[size_t(pos)];
    return {{int64_t(counts.size())}, counts};
}

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

BatchRuns::BatchRuns(std::shared_ptr<const EngineModel> model, const PromptBatch &batch, RunExtent extent)
    : m_model(std::move(model)), m_batch(batch), m_same(batch.clean == batch.flipped), m_extent(extent), m_layout(batch)
{
}

size_t BatchRuns::bytes_per_row(const ModelConfig &c)
{
    const size_t per_layer =
        size_t(c.d_model) * (c.parallel ? 1 : 2) + size_t(c.n_heads + 2 * c.n_kv_heads) * size_t(c.d_head);
    return 2 * sizeof(float) * (per_layer * size_t(c.n_layers) + size_t(c.d_model));
}

void BatchRuns::compute(const CancelToken &cancel)
{
    if (m_done)
        return;
    compute_run(m_clean, false, cancel);
    if (!m_same)
        compute_run(m_flipped, true, cancel);
    m_done = true;
}

const Readout &BatchRuns::readout(Metric metric) const
{
    const auto found = m_readouts.find(metric);
    return found != m_readouts.end()
        ? found->second
        : m_readouts.emplace(metric, m_model->readout(metric, answers(m_batch), m_clean.at_end)).first->second;
}

const std::vector<float> &BatchRuns::values(Metric metric, bool flipped) const
{
    std::vector<float> &kept = m_values[{metric, flipped}];
    if (kept.empty()) {
        const at::Tensor values = readout(metric).values(run(flipped).at_end);
        kept.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
    }
    return kept;
}

void BatchRuns::drop()
{
    m_clean = m_flipped = Run();
    m_device_runs.reset();
    m_done = false;
}

void BatchRuns::compute_run(Run &run, bool flipped, const CancelToken &cancel)
{
    const int64_t D = m_model->config().d_model;
    run = Run();
    run.resid.push_back(at::empty({m_layout.rows, D}, at::kFloat));
    for (int p = 0; p < m_layout.prompts; ++p)
        for (int pos = 0; pos <= m_layout.end[size_t(p)]; ++pos)
            m_model->embed(m_batch.at(flipped, p, pos), pos, run.resid[0].data_ptr<float>() + m_layout.row(p, pos) * D);
    if (m_model->device())
        compute_on_device(run, flipped, cancel);
    else
        compute_layers(run, 0, nullptr, cancel);
    if (m_extent.to != RunExtent::To::Readout)
        return;
    std::vector<std::pair<int, int>> ends;
    for (int p = 0; p < m_layout.prompts; ++p)
        ends.emplace_back(p, m_layout.end[size_t(p)]);
    const at::Tensor final = stream_rows(run.resid.back(), ends); // [P, D]
    run.at_end = at::empty_like(final);
    m_model->final_norm().apply(final.data_ptr<float>(), run.at_end.data_ptr<float>(), m_layout.prompts);
    run.rank0 = m_model->rank0(final.data_ptr<float>(), m_layout.prompts, m_batch.io);
}

void BatchRuns::compute_on_device(Run &run, bool flipped, const CancelToken &cancel)
{
    if (!m_device_runs)
        m_device_runs = std::make_shared<DeviceRuns>();
    DeviceRun &there = flipped ? m_device_runs->flipped : m_device_runs->clean;
    const int to = m_extent.to == RunExtent::To::Attention ? m_extent.layer : m_model->config().n_layers;
    there = m_model->device()->run(run.resid[0], m_layout, to, cancel);
    const auto copy = [](const std::vector<at::Tensor> &from, std::vector<at::Tensor> &to) {
        for (size_t i = to.size(); i < from.size(); ++i)
            to.push_back(from[i].to(at::kCPU).contiguous());
    };
    copy(there.resid, run.resid);
    copy(there.mid, run.mid);
    copy(there.qkv, run.qkv);
}

const DeviceRun &BatchRuns::on_device(bool flipped) const
{
    return flipped && !m_same ? m_device_runs->flipped : m_device_runs->clean;
}

Run BatchRuns::blended(const Blend &blend, const CancelToken &cancel) const
{
    const Run &base = run(blend.base_flipped), &other = run(!blend.base_flipped);
    Run out;
    if (blend.layer < 0) {
        // Position embeddings are the same in both.
        out.resid.push_back(blend.share * base.resid[0] + (1 - blend.share) * other.resid[0]);
    } else {
        const auto before = [&](const std::vector<at::Tensor> &all, int count) {
            return std::vector<at::Tensor>(all.begin(), all.begin() + std::min(count, int(all.size())));
        };
        out.resid = before(base.resid, blend.layer + 1);
        out.mid = before(base.mid, blend.layer);
        out.qkv = before(base.qkv, blend.layer);
    }
    compute_layers(out, std::max(blend.layer, 0), blend.layer < 0 ? nullptr : &blend, cancel);
    return out;
}

std::vector<std::pair<int, int>> BatchRuns::all_rows() const
{
    std::vector<std::pair<int, int>> rows;
    for (int p = 0; p < m_layout.prompts; ++p)
        for (int pos = 0; pos <= m_layout.end[size_t(p)]; ++pos)
            rows.emplace_back(p, pos);
    return rows;
}

void BatchRuns::compute_layers(Run &run, int from, const Blend *blend, const CancelToken &cancel) const
{
    const ModelConfig &c = m_model->config();
    const BlockTraits &t = m_model->traits();
    const int64_t D = c.d_model, S = t.qkv_width(), HD = t.q_width(), F = m_layout.rows;
    BlockBuffers work;
    Buffer normed, heads;
    float *xn = normed.floats(std::min(F, block_rows) * D), *z = heads.floats(F * HD);
    const auto blended_rows = [&](const auto &rows_of) { // of the two runs
        return blend->share * rows_of(this->run(blend->base_flipped))
            + (1 - blend->share) * rows_of(this->run(!blend->base_flipped));
    };
    for (int l = from; l < c.n_layers; ++l) {
        const BlockRef held = m_model->block(l);
        const Block &block = *held;
        const float *x = run.resid[size_t(l)].data_ptr<float>();
        run.qkv.push_back(at::empty({F, S}, at::kFloat));
        float *qkv = run.qkv.back().data_ptr<float>();
        for (int64_t r = 0; r < F; r += block_rows) {
            cancel.check();
            const int64_t n = std::min(block_rows, F - r);
            block.attn_norm().apply(x + r * D, xn, n);
            block.project(xn, D, n, 0, S, qkv + r * S, S);
            block.turn(qkv + r * S, n, S, 0, S, m_layout.position.data() + r);
        }
        if (m_extent.to == RunExtent::To::Attention && l == m_extent.layer)
            return;
        parallel_rows(int64_t(m_layout.prompts) * c.n_heads, 4, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int p = int(i / c.n_heads), h = int(i % c.n_heads);
                head_z(run, l, h, p, 0, m_layout.end[size_t(p)], z + m_layout.row(p, 0) * HD + int64_t(h) * c.d_head,
                       HD);
            }
        });
        const bool here = blend && blend->layer == l;
        at::Tensor blended_z, blended_mlp;
        if (here && !blend->mlp) // what is written is linear in z, up to a post norm
            blended_z = blended_rows([&](const Run &of) { return z_rows(of, l, all_rows()); });
        else if (here)
            blended_mlp = blended_rows([&](const Run &of) { return mlp_out_rows(of, l, all_rows()); });
        const float *written = blended_z.defined() ? blended_z.data_ptr<float>() : z;
        run.resid.push_back(at::empty({F, D}, at::kFloat));
        if (!c.parallel)
            run.mid.push_back(at::empty({F, D}, at::kFloat));
        float *next = run.resid.back().data_ptr<float>();
        for (int64_t r = 0; r < F; r += block_rows) {
            cancel.check();
            const int64_t n = std::min(block_rows, F - r);
            float *mid = c.parallel ? next + r * D : run.mid.back().data_ptr<float>() + r * D;
            std::memcpy(mid, x + r * D, size_t(n * D) * sizeof(float));
            block.write(written + r * HD, n, mid, true, work);
            block.mlp_norm().apply(c.parallel ? x + r * D : mid, xn, n);
            if (!c.parallel)
                std::memcpy(next + r * D, mid, size_t(n * D) * sizeof(float));
            if (blended_mlp.defined())
                kernels().axpy(1.f, blended_mlp.data_ptr<float>() + r * D, next + r * D, n * D);
            else
                block.mlp(xn, n, next + r * D, true, work);
        }
    }
}

void BatchRuns::head_z(const Run &run, int layer, int head, int prompt, int first, int last, float *z,
                       int64_t stride) const
{
    const BlockTraits &t = m_model->traits();
    const int64_t S = t.qkv_width();
    const float *rows = run.qkv[size_t(layer)].data_ptr<float>() + m_layout.row(prompt, 0) * S;
    const KeyRows keys{rows + t.k_column(head), rows + t.v_column(head), S, last + 1};
    std::vector<float> scratch(size_t(last) + 1);
    m_model->block(layer)->attend(head, rows + first * S + t.q_column(head), S, last - first + 1, first, &keys, 1, z,
                                  stride, scratch.data());
}

std::vector<float> BatchRuns::pattern(const Run &run, int layer, int head, int prompt) const
{
    const BlockTraits &t = m_model->traits();
    const int64_t S = t.qkv_width();
    const int size = m_layout.end[size_t(prompt)] + 1;
    const float *rows = run.qkv[size_t(layer)].data_ptr<float>() + m_layout.row(prompt, 0) * S;
    const KeyRows keys{rows + t.k_column(head), rows + t.v_column(head), S, size};
    std::vector<float> scratch(static_cast<size_t>(size)), pattern(size_t(size) * size_t(size));
    m_model->block(layer)->attend(head, rows + t.q_column(head), S, size, 0, &keys, 1, nullptr, 0, scratch.data(),
                                  pattern.data(), size);
    return pattern;
}

at::Tensor BatchRuns::z_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const BlockTraits &t = m_model->traits();
    const int64_t HD = t.q_width();
    at::Tensor z = at::empty({int64_t(rows.size()), HD}, at::kFloat);
    parallel_rows(int64_t(rows.size()), 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            for (int h = 0; h < t.n_heads; ++h)
                head_z(run, layer, h, rows[size_t(i)].first, rows[size_t(i)].second, rows[size_t(i)].second,
                       z.data_ptr<float>() + i * HD + t.q_column(h), HD);
    });
    return z;
}

at::Tensor BatchRuns::stream_rows(const at::Tensor &stream, const std::vector<std::pair<int, int>> &rows) const
{
    const int64_t D = stream.size(1);
    at::Tensor out = at::empty({int64_t(rows.size()), D}, at::kFloat);
    for (size_t i = 0; i < rows.size(); ++i)
        std::memcpy(out.data_ptr<float>() + int64_t(i) * D,
                    stream.data_ptr<float>() + m_layout.row(rows[i].first, rows[i].second) * D,
                    size_t(D) * sizeof(float));
    return out;
}

at::Tensor BatchRuns::head_sum_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const at::Tensor z = z_rows(run, layer, rows);
    at::Tensor out = at::empty({z.size(0), int64_t(m_model->config().d_model)}, at::kFloat);
    m_model->block(layer)->sum_heads(z.data_ptr<float>(), z.size(0), out.data_ptr<float>());
    return out;
}

at::Tensor BatchRuns::attn_out_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    at::Tensor out = head_sum_rows(run, layer, rows);
    m_model->block(layer)->attn_post().apply(out.data_ptr<float>(), out.data_ptr<float>(), out.size(0));
    return out;
}

at::Tensor BatchRuns::mlp_out_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const int64_t D = m_model->config().d_model, n = int64_t(rows.size());
    const BlockRef held = m_model->block(layer);
    const Block &block = *held;
    at::Tensor x = stream_rows(mlp_input(run, layer), rows), out = at::empty({n, D}, at::kFloat);
    block.mlp_norm().apply(x.data_ptr<float>(), x.data_ptr<float>(), n);
    BlockBuffers work;
    for (int64_t r = 0; r < n; r += block_rows)
        block.mlp(x.data_ptr<float>() + r * D, std::min(block_rows, n - r), out.data_ptr<float>() + r * D, false, work);
    return out;
}

at::Tensor BatchRuns::projected_rows(const Run &run, int layer, const std::vector<std::pair<int, int>> &rows) const
{
    const int64_t D = m_model->config().d_model, S = m_model->traits().qkv_width(), n = int64_t(rows.size());
    const BlockRef held = m_model->block(layer);
    const Block &block = *held;
    at::Tensor x = stream_rows(run.resid[size_t(layer)], rows), out = at::empty({n, S}, at::kFloat);
    block.attn_norm().apply(x.data_ptr<float>(), x.data_ptr<float>(), n);
    for (int64_t r = 0; r < n; r += block_rows)
        block.project(x.data_ptr<float>() + r * D, D, std::min(block_rows, n - r), 0, S, out.data_ptr<float>() + r * S,
                      S);
    return out;
}

} // namespace patchbay::detail
