// What each reader of a circuit reads.
#include "edges/detail/circuit_pass.h"

#include "block/detail/gemm.h"

#include <algorithm>

namespace patchbay::detail {

bool CircuitPass::nearer_to_other(int reader) const
{
    const int sources = m_graph.sources(reader);
    int left_out = 0;
    for (int w = 0; w < sources; ++w)
        left_out += missing(w, reader) != 0;
    return 2 * left_out > sources;
}

const at::Tensor &CircuitPass::other_stream(int index) const
{
    const EdgeReader reader = m_graph.reader(index);
    if (reader.kind == EdgeReader::Kind::Logits)
        return m_other_pre.back();
    return (reader.kind == EdgeReader::Kind::Mlp && !m_graph.parallel() ? m_other_mid
                                                                        : m_other_pre)[size_t(reader.layer)];
}

// Now, plus Σ over missing writers of the difference, or with everything replaced, less Σ over kept ones: a product of
// 0 and ±1 with the differences.
at::Tensor CircuitPass::inputs(const std::vector<int> &readers, const at::Tensor &now) const
{
    const int sources = m_graph.sources(readers.front());
    const bool normed = !m_runs.model().block(0)->attn_post().identity();
    at::Tensor out = at::empty({int64_t(readers.size()), m_R, m_D}, at::kFloat);
    std::vector<float> factors(readers.size() * size_t(sources));
    std::vector<bool> from_other;
    for (size_t r = 0; r < readers.size(); ++r) {
        from_other.push_back(nearer_to_other(readers[r]));
        out[int64_t(r)].copy_(from_other[r] ? other_stream(readers[r]) : now);
        for (int w = 0; w < sources; ++w)
            if (!normed || m_graph.writer(w).kind != EdgeWriter::Kind::Head)
                factors[r * size_t(sources) + size_t(w)] = missing(w, readers[r]) - (from_other[r] ? 1.f : 0.f);
    }
    gemm(int64_t(readers.size()), m_R * m_D, sources, factors.data(), sources, m_difference.data_ptr<float>(),
         m_R * m_D, out.data_ptr<float>(), m_R * m_D, true);
    for (int l = 0; normed && l < m_graph.layers() && m_graph.first_writer(l) < sources; ++l)
        add_normed_heads(readers, from_other, l, out);
    return out;
}

void CircuitPass::add_normed_heads(const std::vector<int> &all, const std::vector<bool> &from_other, int layer,
                                   at::Tensor &out) const
{
    const int H = m_graph.heads(), first = m_graph.first_writer(layer);
    const int64_t size = m_R * m_D;
    const BlockRef held = m_runs.model().block(layer);
    for (const bool other : {false, true}) {
        std::vector<size_t> readers;
        std::vector<float> factors;
        for (size_t r = 0; r < all.size(); ++r) {
            if (from_other[r] != other)
                continue;
            std::vector<float> own;
            for (int h = 0; h < H; ++h)
                own.push_back(missing(first + h, all[r]) - (other ? 1.f : 0.f));
            if (std::all_of(own.begin(), own.end(), [](float factor) { return factor == 0; }))
                continue;
            factors.insert(factors.end(), own.begin(), own.end());
            readers.push_back(r);
        }
        if (readers.empty())
            continue;
        const Sums &sums = (other ? m_other_sums : m_sums)[size_t(layer)];
        const auto n = int64_t(readers.size());
        at::Tensor changed = sums.before.unsqueeze(0).repeat({n, 1, 1});
        gemm(n, size, H, factors.data(), H, m_difference.data_ptr<float>() + first * size, size,
             changed.data_ptr<float>(), size, true);
        held->attn_post().apply(changed.data_ptr<float>(), changed.data_ptr<float>(), n * m_R);
        for (size_t i = 0; i < readers.size(); ++i)
            out[int64_t(readers[i])] += changed[int64_t(i)] - sums.after;
    }
}

} // namespace patchbay::detail
