#include "patching/detail/head_entry.h"

#include <cstring>

namespace patchbay::detail {

HeadEntry::HeadEntry(const BatchRuns &runs, bool base_flipped, const std::vector<int> &first)
    : m_runs(runs), m_model(runs.model()), m_base(runs.run(base_flipped)), m_first(first),
      m_pre(size_t(m_model.config().n_layers))
{
    for (size_t p = 0; p < first.size(); ++p) {
        m_offset.push_back(m_rows);
        m_rows += std::max(0, runs.layout().end[p] + 1 - first[p]);
    }
}

size_t HeadEntry::bytes(const BatchRuns &runs, const std::vector<int> &first)
{
    const ModelConfig &c = runs.model().config();
    size_t rows = 0;
    for (size_t p = 0; p < first.size(); ++p)
        rows += size_t(std::max(0, runs.layout().end[p] + 1 - first[p]));
    // The first layer has none before it, and the last one computes END alone.
    return rows * size_t(c.d_mlp) * sizeof(float) * size_t(std::max(0, c.n_layers - 2));
}

std::unique_ptr<HeadEntry> HeadEntry::make(const BatchRuns &runs, bool base_flipped, const std::vector<int> &first,
                                           size_t allowed_bytes)
{
    const ModelConfig &c = runs.model().config();
    if (!c.parallel || c.gated_mlp || !c.has_mlp() || !runs.model().traits().linear_reads()
        || bytes(runs, first) > allowed_bytes)
        return nullptr;
    return std::unique_ptr<HeadEntry>(new HeadEntry(runs, base_flipped, first));
}

bool HeadEntry::pays(int64_t rows, int64_t heads) const
{
    // A tenth is left for what the detour costs beside its products.
    return saved_flops(rows, heads, 1) > 0.1 * 2.0 * double(rows) * double(m_model.config().d_model);
}

double HeadEntry::saved_flops(int64_t rows, int64_t heads, int64_t width) const
{
    const double D = m_model.config().d_model, rank = double(heads) * m_model.config().d_head;
    return 2.0 * double(width) * (double(rows) * D - rank * (D + double(rows)));
}

const float *HeadEntry::through(int layer, const std::vector<int> &heads, const WeightMatrix &W, Buffer &out,
                                Workspace &work) const
{
    const ModelConfig &c = m_model.config();
    const int64_t D = c.d_model, d = c.d_head, width = W.columns(), rank = int64_t(heads.size()) * d;
    float *write = work.entry.write.floats(rank * D);
    for (size_t i = 0; i < heads.size(); ++i)
        std::memcpy(write + int64_t(i) * d * D,
                    m_model.block(layer - 1)->W_O().data_ptr<float>() + int64_t(heads[i]) * d * D,
                    size_t(d * D) * sizeof(float));
    // A norm that subtracts the mean sees the change without its mean.
    if (c.norm != Norm::RmsNorm)
        for (int64_t r = 0; r < rank; ++r) {
            double sum = 0;
            for (int64_t i = 0; i < D; ++i)
                sum += double(write[r * D + i]);
            const float mean = float(sum / double(D));
            for (int64_t i = 0; i < D; ++i)
                write[r * D + i] -= mean;
        }
    float *product = out.floats(rank * width);
    W.multiply(rank, write, D, product);
    return product;
}

std::vector<HeadEntry::Scale> HeadEntry::scales(int layer, const Rows &rows) const
{
    const int64_t D = m_model.config().d_model;
    const RowNorm norm = m_model.block(layer)->attn_norm(); // bare, so the MLP's is the same
    const float *base = m_base.resid[size_t(layer)].data_ptr<float>();
    std::vector<Scale> out(size_t(rows.count));
    parallel_rows(rows.count, 64, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
            const auto [prompt, pos] = rows.at[r];
            const float before = norm.inverse_scale(base + m_runs.layout().row(prompt, pos) * D);
            const float inverse = norm.inverse_scale(rows.x + r * D);
            out[size_t(r)] = {inverse, inverse / before};
        }
    });
    return out;
}

void HeadEntry::enter(int layer, const std::vector<int> &heads, const Rows &rows, const std::vector<Scale> &scales,
                      const WeightMatrix &W, const at::Tensor &bias, const std::function<const float *(int, int)> &base,
                      const std::function<void(float *, int)> &rotate, float *out, Buffer &through_buffer,
                      Workspace &work) const
{
    const int64_t width = W.columns(), rank = int64_t(heads.size()) * m_model.config().d_head;
    const float *P = through(layer, heads, W, through_buffer, work), *b = bias.data_ptr<float>();
    m_model.arithmetic().multiply(rows.count, rows.dz, rows.stride, rank, P, width, out);
    parallel_rows(rows.count, 16, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
            const auto [prompt, pos] = rows.at[r];
            const Scale &s = scales[size_t(r)];
            float *y = out + r * width;
            kernels().blend(y, s.inverse, b, 1.f - s.ratio, width);
            if (rotate)
                rotate(y, pos);
            kernels().axpy(s.ratio, base(prompt, pos), y, width);
        }
    });
}

void HeadEntry::queries_keys_values(int layer, const std::vector<int> &heads, const Rows &rows,
                                    const std::vector<Scale> &scales, float *qkv, Workspace &work) const
{
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    const BlockTraits &t = block.traits();
    const float *base = m_base.qkv[size_t(layer)].data_ptr<float>();
    // Rotation is linear: the base run's queries and keys have had theirs.
    const auto rotate = [&](float *row, int pos) {
        block.turn_part(Part::Query, row, t.n_heads, pos);
        block.turn_part(Part::Key, row + t.q_width(), t.n_kv_heads, pos);
    };
    enter(
        layer, heads, rows, scales, block.W_qkv(), block.b_qkv(),
        [&](int prompt, int pos) { return base + m_runs.layout().row(prompt, pos) * t.qkv_width(); }, rotate, qkv,
        work.entry.through_qkv, work);
}

const float *HeadEntry::base_pre(int layer, Workspace &work)
{
    at::Tensor &pre = m_pre[size_t(layer)];
    if (pre.defined())
        return pre.data_ptr<float>();
    const int64_t D = m_model.config().d_model;
    pre = at::empty({m_rows, int64_t(m_model.config().d_mlp)}, at::kFloat);
    float *xn = work.entry.base_rows.floats(m_rows * D);
    const float *stream = m_base.resid[size_t(layer)].data_ptr<float>();
    for (size_t p = 0; p < m_first.size(); ++p)
        if (const int64_t n = m_runs.layout().end[p] + 1 - m_first[p]; n > 0)
            std::memcpy(xn + m_offset[p] * D, stream + m_runs.layout().row(int(p), m_first[p]) * D,
                        size_t(n * D) * sizeof(float));
    m_model.block(layer)->mlp_norm().apply(xn, xn, m_rows);
    m_model.block(layer)->mlp_pre(xn, m_rows, pre.data_ptr<float>());
    return pre.data_ptr<float>();
}

void HeadEntry::mlp_pre(int layer, const std::vector<int> &heads, const Rows &rows, const std::vector<Scale> &scales,
                        float *pre, Workspace &work)
{
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    const int64_t M = m_model.config().d_mlp;
    const float *base = base_pre(layer, work);
    enter(
        layer, heads, rows, scales, block.W_in(), block.b_in(),
        [&](int prompt, int pos) { return base + (m_offset[size_t(prompt)] + pos - m_first[size_t(prompt)]) * M; },
        nullptr, pre, work.entry.through_hidden, work);
}

} // namespace patchbay::detail
