#include "edges/detail/writers.h"

#include "block/detail/gemm.h"

#include <cstring>

namespace patchbay::detail {

std::shared_ptr<const RowMap> edge_rows(const BatchLayout &layout, EdgeReplacement replacement)
{
    std::vector<std::vector<int>> rows(size_t(layout.prompts));
    for (size_t p = 0; p < rows.size(); ++p)
        for (int pos = replacement == EdgeReplacement::Patching ? layout.first_difference[p] : 0; pos <= layout.end[p];
             ++pos)
            rows[p].push_back(pos);
    return std::make_shared<const RowMap>(std::move(rows));
}

at::Tensor token_rows(const BatchRuns &runs, bool flipped, const RowList &rows)
{
    std::vector<int64_t> ids;
    for (const auto &[p, pos] : rows)
        ids.push_back(runs.batch().at(flipped, p, pos));
    return runs.model().model().weights().embedding(at::tensor(ids, at::kLong)).contiguous();
}

void head_results(const Block &block, const at::Tensor &z, int head, float *out)
{
    const int64_t column = block.traits().q_column(head);
    block.write_head(head, z.data_ptr<float>() + column, z.size(1), z.size(0), out, false);
}

void along(const RowNorm &norm, const at::Tensor &sum, const float *change, float *out)
{
    const int64_t n = sum.size(0), D = sum.size(1);
    // y = w (x − mean) / s + b has the derivative w (v − mean(v) − x̂ mean(x̂ v)) / s with x̂ = (x − mean) / s; an
    // RMSNorm takes no means off. What is multiplied by w is all that weigh does beside adding b.
    at::Tensor scale = at::empty({n}, at::kFloat), x = at::empty_like(sum);
    norm.scales(sum.data_ptr<float>(), scale.data_ptr<float>(), n);
    norm.divide(sum.data_ptr<float>(), scale.data_ptr<float>(), x.data_ptr<float>(), n);
    std::vector<float> ones(size_t(D), 1.f), zeros(size_t(D), 0.f);
    norm.weigh(ones.data(), 1);
    norm.weigh(zeros.data(), 1);
    parallel_rows(n, 16, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
            const float *v = change + r * D, *normed = x.data_ptr<float>() + r * D;
            double mean = 0;
            for (int64_t i = 0; i < D && !norm.rms(); ++i)
                mean += double(v[i]) / double(D);
            const float share = kernels().dot(normed, v, D) / float(D), s = scale.data_ptr<float>()[r];
            for (int64_t i = 0; i < D; ++i)
                out[r * D + i] = (ones[size_t(i)] - zeros[size_t(i)]) * (v[i] - float(mean) - normed[i] * share) / s;
        }
    });
}

Replacements::Replacements(EdgeReplacement kind, bool base_flipped, PromptGroups &groups, const CancelToken &cancel)
    : m_kind(kind), m_base_flipped(base_flipped)
{
    if (kind != EdgeReplacement::Mean && kind != EdgeReplacement::MeanPositional)
        return;
    const BatchRuns &any = groups[0].runs;
    const ModelConfig &c = any.model().config();
    std::set<std::pair<Site, int>> sites;
    for (int l = 0; l < c.n_layers; ++l) {
        sites.emplace(Site::Z, l);
        if (c.has_mlp())
            sites.emplace(Site::MlpOut, l);
    }
    m_means = std::make_unique<SiteMeans>(groups, sites, cancel);
    m_reached = groups.layout().reached().ints();
    const int64_t positions = int64_t(m_reached.size()), D = c.d_model;
    std::vector<double> sums(size_t(positions * D));
    for (int g = 0; g < groups.count(); ++g) { // token ids alone: the runs need not be there
        const BatchRuns &runs = groups[g].runs;
        for (int p = 0; p < runs.layout().prompts; ++p) {
            RowList rows;
            for (int pos = 0; pos <= runs.layout().end[size_t(p)]; ++pos)
                rows.emplace_back(p, pos);
            const at::Tensor embedded = token_rows(runs, false, rows);
            for (int64_t i = 0; i < embedded.numel(); ++i)
                sums[size_t(i)] += double(embedded.data_ptr<float>()[i]);
        }
    }
    m_embedding = at::empty({positions, D}, at::kFloat);
    for (int64_t i = 0; i < m_embedding.numel(); ++i)
        m_embedding.data_ptr<float>()[i] = float(sums[size_t(i)] / double(m_reached[size_t(i / D)]));
}

// Means [positions, width] where the rows stand, or one mean for all.
at::Tensor Replacements::of_positions(const at::Tensor &mean, const RowList &rows) const
{
    const int64_t width = mean.size(1);
    at::Tensor means = mean.contiguous();
    if (m_kind == EdgeReplacement::Mean) {
        std::vector<double> sum(static_cast<size_t>(width));
        double count = 0;
        for (size_t pos = 0; pos < m_reached.size(); ++pos) {
            count += double(m_reached[pos]);
            for (int64_t i = 0; i < width; ++i)
                sum[size_t(i)] += double(m_reached[pos]) * double(means.data_ptr<float>()[int64_t(pos) * width + i]);
        }
        means = at::empty({1, width}, at::kFloat);
        for (int64_t i = 0; i < width; ++i)
            means.data_ptr<float>()[i] = float(sum[size_t(i)] / count);
    }
    at::Tensor out = at::empty({int64_t(rows.size()), width}, at::kFloat);
    for (size_t r = 0; r < rows.size(); ++r)
        std::memcpy(out.data_ptr<float>() + int64_t(r) * width,
                    means.data_ptr<float>() + (means.size(0) == 1 ? 0 : rows[r].second) * width,
                    size_t(width) * sizeof(float));
    return out;
}

at::Tensor Replacements::input(const BatchRuns &runs, const RowList &rows) const
{
    if (m_means)
        return of_positions(m_embedding, rows);
    return m_kind == EdgeReplacement::Zero
        ? at::zeros({int64_t(rows.size()), int64_t(runs.model().config().d_model)}, at::kFloat)
        : token_rows(runs, !m_base_flipped, rows);
}

at::Tensor Replacements::z(const BatchRuns &runs, int layer, const RowList &rows) const
{
    if (m_means)
        return of_positions(m_means->of(Site::Z, layer, -1), rows);
    return m_kind == EdgeReplacement::Zero
        ? at::zeros({int64_t(rows.size()), runs.model().traits().q_width()}, at::kFloat)
        : runs.z_rows(runs.run(!m_base_flipped), layer, rows);
}

at::Tensor Replacements::mlp(const BatchRuns &runs, int layer, const RowList &rows) const
{
    if (m_means)
        return of_positions(m_means->of(Site::MlpOut, layer, -1), rows);
    return m_kind == EdgeReplacement::Zero
        ? at::zeros({int64_t(rows.size()), int64_t(runs.model().config().d_model)}, at::kFloat)
        : runs.mlp_out_rows(runs.run(!m_base_flipped), layer, rows);
}

WriterChanges::WriterChanges(const BatchRuns &runs, const EdgeGraph &graph, const Replacements &by,
                             std::shared_ptr<const RowMap> rows)
    : m_runs(runs), m_graph(graph), m_by(by), m_base(runs.run(by.base_flipped())), m_rows(std::move(rows)),
      m_list(m_rows->list())
{
}

at::Tensor WriterChanges::z_change(int layer) const
{
    return m_by.z(m_runs, layer, m_list) - m_runs.z_rows(m_base, layer, m_list);
}

// Of what is no head.
at::Tensor WriterChanges::plain(const EdgeWriter &writer) const
{
    return writer.kind == EdgeWriter::Kind::Input
        ? m_by.input(m_runs, m_list) - token_rows(m_runs, m_by.base_flipped(), m_list)
        : m_by.mlp(m_runs, writer.layer, m_list) - m_runs.mlp_out_rows(m_base, writer.layer, m_list);
}

at::Tensor WriterChanges::of(int index)
{
    at::Tensor &change = m_kept[index];
    if (change.defined())
        return change;
    const EdgeWriter writer = m_graph.writer(index);
    if (writer.kind != EdgeWriter::Kind::Head)
        return change = plain(writer);
    at::Tensor &dz = m_kept_z[writer.layer];
    if (!dz.defined())
        dz = z_change(writer.layer).contiguous();
    const BlockRef held = m_runs.model().block(writer.layer);
    change = at::empty({int64_t(m_list.size()), int64_t(m_runs.model().config().d_model)}, at::kFloat);
    head_results(*held, dz, writer.head, change.data_ptr<float>());
    if (!held->attn_post().identity()) {
        at::Tensor before = m_runs.head_sum_rows(m_base, writer.layer, m_list), after = before + change;
        for (at::Tensor *sum : {&before, &after})
            held->attn_post().apply(sum->data_ptr<float>(), sum->data_ptr<float>(), sum->size(0));
        change = after - before;
    }
    return change;
}

void WriterChanges::forget()
{
    m_kept.clear();
    m_kept_z.clear();
}

size_t WriterChanges::bytes() const
{
    int64_t floats = 0;
    for (const auto *kept : {&m_kept, &m_kept_z})
        for (const auto &[key, rows] : *kept)
            floats += rows.numel();
    return size_t(floats) * sizeof(float);
}

at::Tensor WriterChanges::all_to_first_order(const CancelToken &cancel)
{
    const int64_t n = int64_t(m_list.size()), D = m_runs.model().config().d_model;
    at::Tensor all = at::empty({m_graph.writers(), n, D}, at::kFloat);
    all[0].copy_(plain({}));
    for (int l = 0; l < m_graph.layers(); ++l) {
        cancel.check();
        const BlockRef held = m_runs.model().block(l);
        const at::Tensor dz = z_change(l).contiguous();
        const at::Tensor sum = held->attn_post().identity() ? at::Tensor() : m_runs.head_sum_rows(m_base, l, m_list);
        for (int h = 0; h < m_graph.heads(); ++h) {
            float *out = all.data_ptr<float>() + int64_t(m_graph.first_writer(l) + h) * n * D;
            head_results(*held, dz, h, out);
            if (sum.defined())
                along(held->attn_post(), sum, out, out);
        }
        if (m_graph.mlps())
            all[m_graph.first_writer(l) + m_graph.heads()].copy_(plain({EdgeWriter::Kind::Mlp, l, -1}));
    }
    return all;
}

} // namespace patchbay::detail
