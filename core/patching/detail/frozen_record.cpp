// What the receivers of a path patch hold, from the rows of a changed stream.
#include "patching/detail/frozen_pass.h"

#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"

#include <cstring>

namespace patchbay::detail {

namespace {

bool is_projection(Site site)
{
    return site == Site::Q || site == Site::QInput || site == Site::K || site == Site::KInput || site == Site::V || site == Site::VInput;
}

bool is_rotated(Site site)
{
    return is_projection(site) && site != Site::V && site != Site::VInput;
}

} // namespace

// First column of a receiver's head in W_qkv.
int64_t FrozenPass::column(const Node &receiver) const
{
    switch (receiver.site) {
    case Site::K:
    case Site::KInput: return m_model.k_column(receiver.head);
    case Site::V:
    case Site::VInput: return m_model.v_column(receiver.head);
    default: return m_model.q_column(receiver.head);
    }
}

at::Tensor FrozenPass::base_stream(const at::Tensor &stream) const
{
    at::Tensor rows = at::empty({m_R, m_D}, at::kFloat);
    for (int64_t i = 0; i < m_R; ++i)
        std::memcpy(rows.data_ptr<float>() + i * m_D, stream.data_ptr<float>() + m_runs.layout().row(m_list[size_t(i)].first, m_list[size_t(i)].second) * m_D,
                    size_t(m_D) * sizeof(float));
    return rows;
}

// What the receiver holds when the stream it reads is `stream` [R, D].
at::Tensor FrozenPass::project(const Node &receiver, const at::Tensor &stream) const
{
    const int64_t d = m_model.config().d_head, S = m_model.qkv_width();
    if (!is_projection(receiver.site) && receiver.site != Site::MlpPre)
        return stream.clone();
    at::Tensor normed = at::empty_like(stream);
    m_model.norm(stream.data_ptr<float>(), normed.data_ptr<float>(), m_R);
    if (receiver.site == Site::MlpPre) {
        at::Tensor pre = at::empty({m_R, m_model.config().d_mlp}, at::kFloat);
        m_model.mlp_pre(receiver.layer, normed.data_ptr<float>(), m_R, pre.data_ptr<float>());
        return pre;
    }
    const EngineLayer &w = m_model.layer(receiver.layer);
    at::Tensor out = at::empty({m_R, d}, at::kFloat);
    gemm(m_R, d, m_D, normed.data_ptr<float>(), m_D, w.W_qkv.data_ptr<float>() + column(receiver), S, out.data_ptr<float>(), d);
    kernels().add_bias(out.data_ptr<float>(), w.b_qkv.data_ptr<float>() + column(receiver), m_R, int(d), d);
    if (is_rotated(receiver.site))
        for (int64_t i = 0; i < m_R; ++i)
            m_model.rotate(out.data_ptr<float>() + i * d, m_list[size_t(i)].second);
    return out;
}

at::Tensor FrozenPass::base_value(const Node &receiver)
{
    const bool after_attention = reads_after_attention(receiver, m_model.config().parallel);
    return project(receiver, base_stream(after_attention ? m_base.mid[size_t(receiver.layer)] : m_base.resid[size_t(layer_read(receiver))]));
}

// Queries, keys and values that are read here, for all sets at once: their columns side by side make one product.
void FrozenPass::record_projections(int layer, std::span<const Set> active, const std::vector<Node> &receivers, const float *y, Records &records) const
{
    std::vector<size_t> here;
    for (size_t r = 0; r < receivers.size(); ++r)
        if (receivers[r].layer == layer && is_projection(receivers[r].site))
            here.push_back(r);
    if (here.empty() || active.empty())
        return;
    const EngineLayer &w = m_model.layer(layer);
    const int64_t d = m_model.config().d_head, width = int64_t(here.size()) * d;
    std::vector<at::Tensor> columns, biases;
    for (const size_t r : here) {
        columns.push_back(w.W_qkv.narrow(1, column(receivers[r]), d));
        biases.push_back(w.b_qkv.narrow(0, column(receivers[r]), d));
    }
    const at::Tensor W = at::cat(columns, 1), bias = at::cat(biases);
    // A few sets at a time, so that what is in between stays small.
    const size_t at_once = size_t(std::max<int64_t>(1, block_rows / std::max<int64_t>(1, m_R)));
    for (size_t first = 0; first < active.size(); first += at_once) {
        const std::span<const Set> some = active.subspan(first, std::min(at_once, active.size() - first));
        const int64_t n = int64_t(some.size()) * m_R;
        float *normed = m_work.get(SlotRecordNormed, n * m_D), *out = m_work.get(SlotRecorded, n * width);
        m_model.norm(y + some.front().row * m_D, normed, n);
        gemm(n, width, m_D, normed, m_D, W.data_ptr<float>(), width, out, width);
        kernels().add_bias(out, bias.data_ptr<float>(), n, int(width), width);
        for (size_t i = 0; i < some.size(); ++i)
            for (size_t k = 0; k < here.size(); ++k) {
                if (!reached(some[i], receivers[here[k]]))
                    continue;
                at::Tensor value = at::empty({m_R, d}, at::kFloat);
                float *to = value.data_ptr<float>();
                const float *from = out + int64_t(i) * m_R * width + int64_t(k) * d;
                const bool rotated = is_rotated(receivers[here[k]].site);
                parallel_rows(m_R, 256, [&](int64_t begin, int64_t end) {
                    for (int64_t row = begin; row < end; ++row) {
                        std::memcpy(to + row * d, from + row * width, size_t(d) * sizeof(float));
                        if (rotated)
                            m_model.rotate(to + row * d, m_list[size_t(row)].second);
                    }
                });
                records.values[some[i].index][here[k]] = value;
            }
    }
}

bool FrozenPass::reached(const Set &set, const Node &receiver) const
{
    return std::any_of(set.senders->begin(), set.senders->end(),
                       [&](const Node &sender) { return reaches(sender, receiver, m_model.config().parallel); });
}

void FrozenPass::record(int layer, bool after_attention, std::span<const Set> active, const std::vector<Node> &receivers, const float *y,
                        Records &records) const
{
    if (!after_attention)
        record_projections(layer, active, receivers, y, records);
    for (size_t r = 0; r < receivers.size(); ++r) {
        const Node &receiver = receivers[r];
        if (is_projection(receiver.site) || layer_read(receiver) != layer
            || reads_after_attention(receiver, m_model.config().parallel) != after_attention)
            continue;
        for (const Set &set : active)
            if (reached(set, receiver))
                records.values[set.index][r] = project(receiver, at::from_blob(const_cast<float *>(y) + set.row * m_D, {m_R, m_D}, at::kFloat));
    }
}

} // namespace patchbay::detail
