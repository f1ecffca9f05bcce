// What the receivers of a path patch hold, from the rows of a changed stream.
#include "patching/detail/frozen_pass.h"

#include <cstring>

namespace patchbay::detail {

namespace {

bool is_projection(Site site)
{
    return site == Site::Q || site == Site::QInput || site == Site::K || site == Site::KInput || site == Site::V
        || site == Site::VInput;
}

} // namespace

at::Tensor FrozenPass::base_stream(const at::Tensor &stream) const
{
    return m_runs.stream_rows(stream, m_list);
}

// What the receiver holds when the stream it reads is `stream` [R, D].
at::Tensor FrozenPass::project(const Node &receiver, const at::Tensor &stream) const
{
    const int64_t d = m_model.config().d_head;
    if (!is_projection(receiver.site) && receiver.site != Site::MlpPre)
        return stream.clone();
    const BlockRef held = m_model.block(receiver.layer);
    const Block &block = *held;
    at::Tensor normed = at::empty_like(stream);
    float *xn = normed.data_ptr<float>();
    if (receiver.site == Site::MlpPre) {
        block.mlp_norm().apply(stream.data_ptr<float>(), xn, m_R);
        at::Tensor pre = at::empty({m_R, m_model.config().d_mlp}, at::kFloat);
        block.mlp_pre(xn, m_R, pre.data_ptr<float>());
        return pre;
    }
    block.attn_norm().apply(stream.data_ptr<float>(), xn, m_R);
    const int64_t column = block.column(part_of(receiver.site), receiver.head);
    at::Tensor out = at::empty({m_R, d}, at::kFloat);
    block.project(xn, m_D, m_R, column, d, out.data_ptr<float>(), d);
    if (!block.traits().norms_queries())
        block.turn(out.data_ptr<float>(), m_R, d, column, d, positions_of(m_list).data());
    return out;
}

at::Tensor FrozenPass::base_value(const Node &receiver)
{
    const bool after_attention = reads_after_attention(receiver, m_model.config().parallel);
    return project(
        receiver,
        base_stream(after_attention ? m_base.mid[size_t(receiver.layer)] : m_base.resid[size_t(layer_read(receiver))]));
}

// Queries, keys and values that are read here, for all sets at once: their columns side by side make one product.
void FrozenPass::record_projections(int layer, std::span<const Set> active, const std::vector<Node> &receivers,
                                    const float *y, Records &records) const
{
    std::vector<size_t> here;
    for (size_t r = 0; r < receivers.size(); ++r)
        if (receivers[r].layer == layer && is_projection(receivers[r].site))
            here.push_back(r);
    if (here.empty() || active.empty())
        return;
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    const int64_t d = m_model.config().d_head, width = int64_t(here.size()) * d;
    std::vector<int64_t> firsts;
    for (const size_t r : here)
        firsts.push_back(block.column(part_of(receivers[r].site), receivers[r].head));
    const Block::HeadColumns columns = block.head_columns(firsts);
    const std::vector<int> positions = positions_of(m_list);
    // A few sets at a time, so that what is in between stays small.
    const size_t at_once = size_t(std::max<int64_t>(1, block_rows / std::max<int64_t>(1, m_R)));
    for (size_t first = 0; first < active.size(); first += at_once) {
        const std::span<const Set> some = active.subspan(first, std::min(at_once, active.size() - first));
        const int64_t n = int64_t(some.size()) * m_R;
        float *normed = m_work.frozen.record_normed.floats(n * m_D), *out = m_work.frozen.recorded.floats(n * width);
        block.attn_norm().apply(y + some.front().row * m_D, normed, n);
        block.project(normed, n, columns, out);
        for (size_t i = 0; i < some.size(); ++i)
            for (size_t k = 0; k < here.size(); ++k) {
                if (!reached(some[i], receivers[here[k]]))
                    continue;
                at::Tensor value = at::empty({m_R, d}, at::kFloat);
                float *to = value.data_ptr<float>();
                const float *from = out + int64_t(i) * m_R * width + int64_t(k) * d;
                parallel_rows(m_R, 256, [&](int64_t begin, int64_t end) {
                    for (int64_t row = begin; row < end; ++row)
                        std::memcpy(to + row * d, from + row * width, size_t(d) * sizeof(float));
                });
                if (!block.traits().norms_queries())
                    block.turn(to, m_R, d, firsts[k], d, positions.data());
                records.values[some[i].index][here[k]] = value;
            }
    }
}

bool FrozenPass::reached(const Set &set, const Node &receiver) const
{
    return std::any_of(set.senders->begin(), set.senders->end(),
                       [&](const Node &sender) { return reaches(sender, receiver, m_model.config().parallel); });
}

void FrozenPass::record(int layer, bool after_attention, std::span<const Set> active,
                        const std::vector<Node> &receivers, const float *y, Records &records) const
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
                records.values[set.index][r] =
                    project(receiver, at::from_blob(const_cast<float *>(y) + set.row * m_D, {m_R, m_D}, at::kFloat));
    }
}

} // namespace patchbay::detail
