#include "patching/detail/device_frozen.h"

#include "base/error.h"
#include "patching/detail/frozen_pass.h"

#include <algorithm>

namespace patchbay::detail {

DeviceFrozen::DeviceFrozen(const BatchRuns &runs, bool base_flipped, bool zero, std::shared_ptr<const RowMap> rows,
                           bool own)
    : m_runs(runs), m_model(*runs.model().device()), m_base_flipped(base_flipped),
      m_source_flipped(base_flipped == own), m_zero(zero), m_rows(std::move(rows)), m_R(m_rows->count()),
      m_D(runs.model().config().d_model)
{
}

void DeviceFrozen::look_up()
{
    m_base = &m_runs.on_device(m_base_flipped);
    m_source = &m_runs.on_device(m_source_flipped);
    if (m_at.defined())
        return;
    std::vector<int64_t> at, positions;
    for (const auto &[prompt, pos] : m_rows->list()) {
        at.push_back(m_runs.layout().row(prompt, pos));
        positions.push_back(pos);
    }
    m_at = m_model.indices(at);
    m_positions = m_model.indices(positions);
}

void DeviceFrozen::forget()
{
    m_frozen.clear();
    m_at = m_positions = at::Tensor();
}

const at::Tensor &DeviceFrozen::frozen_attention(int layer)
{
    at::Tensor &rows = m_frozen[layer];
    if (!rows.defined())
        rows = m_model.attn_out(*m_base, layer, m_at);
    return rows;
}

at::Tensor DeviceFrozen::heads_change(const std::vector<Node> &heads)
{
    const int layer = heads.front().layer;
    const TensorBlock &b = m_model.block(layer);
    const int64_t d = b.traits().d_head;
    const auto z_of = [&](const DeviceRun &run, int head) {
        return run.z[size_t(layer)].narrow(1, head * d, d).index_select(0, m_at);
    };
    at::Tensor change;
    for (const Node &node : heads) {
        const at::Tensor before = z_of(*m_base, node.head),
                         dz = m_zero ? before.neg() : z_of(*m_source, node.head) - before;
        const at::Tensor written = b.write_head(node.head, dz);
        change = change.defined() ? change + written : written;
    }
    if (b.attn_post().identity())
        return change;
    // The sum of all heads, the others held, which the post norm norms.
    return b.attn_post()(m_model.head_sums(*m_base, layer, m_at) + change) - frozen_attention(layer);
}

at::Tensor DeviceFrozen::whole(const DeviceRun &run, const Node &sender) const
{
    return sender.site == Site::AttnOut ? m_model.attn_out(run, sender.layer, m_at)
                                        : m_model.mlp_out(run, sender.layer, m_at);
}

at::Tensor DeviceFrozen::whole_change(const Node &sender)
{
    const at::Tensor before = whole(*m_base, sender);
    return m_zero ? before.neg() : whole(*m_source, sender) - before;
}

at::Tensor DeviceFrozen::attention_change(const Set &set, int layer)
{
    std::vector<Node> heads;
    for (const Node &sender : *set.senders) {
        if (sender.layer != layer)
            continue;
        if (sender.site == Site::AttnOut)
            return whole_change(sender);
        if (sender.site == Site::Z)
            heads.push_back(sender);
    }
    return heads.empty() ? at::Tensor() : heads_change(heads);
}

at::Tensor DeviceFrozen::given_mlp(const Set &set, int layer) const
{
    for (const Node &sender : *set.senders)
        if (sender.layer == layer && sender.site == Site::MlpOut)
            return m_zero ? at::zeros({m_R, m_D}, m_model.on()) : whole(*m_source, sender);
    return {};
}

void DeviceFrozen::advance(int layer, std::span<const Set> sets, at::Tensor y, bool with_attention,
                           const CancelToken &cancel)
{
    const TensorBlock &b = m_model.block(layer);
    const size_t at_once = size_t(std::max<int64_t>(1, m_model.block_rows() / m_R));
    for (size_t first = 0; first < sets.size(); first += at_once) {
        cancel.check();
        const auto count = int64_t(std::min(at_once, sets.size() - first));
        at::Tensor rows = y.narrow(0, sets[first].row, count * m_R);
        const at::Tensor change = b.mlp(b.mlp_norm()(rows));
        if (with_attention)
            rows.view({count, m_R, m_D}).add_(frozen_attention(layer));
        rows.add_(change);
    }
}

Records DeviceFrozen::run(std::span<const SenderSet> sets, const std::vector<Node> &receivers,
                          const CancelToken &cancel)
{
    look_up();
    const int64_t rows = int64_t(sets.size()) * m_R;
    if (rows <= m_model.room() || sets.size() == 1) {
        try {
            return run_sets(sets, receivers, cancel);
        } catch (const std::exception &error) {
            if (!DeviceModel::out_of_memory(error))
                throw;
            if (sets.size() == 1)
                throw Error("device " + m_model.name(),
                            "has no room for the rows that one set of senders changes; use --device cpu, or fewer "
                            "prompts at a time (a smaller --memory-budget)");
        }
        m_model.set_room(rows / 2);
    }
    Records records = run(sets.first(sets.size() / 2), receivers, cancel);
    Records others = run(sets.subspan(sets.size() / 2), receivers, cancel);
    std::move(others.values.begin(), others.values.end(), std::back_inserter(records.values));
    return records;
}

Records DeviceFrozen::run_sets(std::span<const SenderSet> sender_sets, const std::vector<Node> &receivers,
                               const CancelToken &cancel)
{
    const int layers = m_runs.model().config().n_layers;
    const bool parallel = m_runs.model().config().parallel;
    Records records;
    records.values.assign(sender_sets.size(), std::vector<at::Tensor>(receivers.size()));
    const int last_read = last_layer_read(receivers);
    std::vector<Set> sets;
    for (size_t i = 0; i < sender_sets.size(); ++i) {
        const int first = first_layer_of(sender_sets[i], layers);
        sets.push_back({&sender_sets[i], i, first, 0});
    }
    std::stable_sort(sets.begin(), sets.end(),
                     [](const Set &a, const Set &b) { return a.first_layer < b.first_layer; });
    for (size_t i = 0; i < sets.size(); ++i)
        sets[i].row = int64_t(i) * m_R;
    m_model.need_rows(int64_t(sets.size()) * m_R);
    const at::Tensor y = at::empty({int64_t(sets.size()) * m_R, m_D}, m_model.on());
    const auto rows_of_set = [&](const Set &set) { return y.narrow(0, set.row, m_R); };

    size_t count = 0; // of sets whose stream differs, or begins to
    for (int l = 0; l <= last_read; ++l) {
        const std::span<const Set> before(sets.data(), count);
        record(l, false, before, receivers, y, records);
        if (l == layers)
            break;
        while (count < sets.size() && sets[count].first_layer == l)
            ++count;
        if (count == 0)
            continue;
        const std::span<const Set> active(sets.data(), count), joining = active.subspan(before.size());
        std::vector<at::Tensor> attention, mlp; // [active]
        for (const Set &set : active) {
            attention.push_back(attention_change(set, l));
            mlp.push_back(given_mlp(set, l));
        }
        const auto add = [&](size_t i, const at::Tensor &change) {
            if (change.defined())
                rows_of_set(active[i]).add_(change);
        };
        // Neighbours whose MLP output is not given go through together.
        const auto through_mlp = [&](size_t until, bool with_attention) {
            for (size_t i = 0; i < until;) {
                size_t stop = i;
                while (stop < until && !mlp[stop].defined())
                    ++stop;
                if (stop > i)
                    advance(l, active.subspan(i, stop - i), y, with_attention, cancel);
                i = std::max(stop, i + 1);
            }
        };
        if (parallel) {
            // The MLP reads what entered the layer: unchanged for sets that start here.
            for (size_t i = 0; i < before.size(); ++i)
                if (mlp[i].defined())
                    rows_of_set(active[i]).add_(frozen_attention(l)).add_(mlp[i]);
            through_mlp(before.size(), true);
            for (size_t i = 0; i < before.size(); ++i)
                add(i, attention[i]);
            if (joining.empty())
                continue;
            const at::Tensor after = rows_of(m_base->resid[size_t(l) + 1]);
            for (size_t i = before.size(); i < active.size(); ++i) {
                rows_of_set(active[i]).copy_(after);
                add(i, attention[i]);
                if (mlp[i].defined())
                    add(i, mlp[i] - m_model.mlp_out(*m_base, l, m_at));
            }
            continue;
        }
        if (!joining.empty()) {
            const at::Tensor base = rows_of(m_base->resid[size_t(l)]);
            for (const Set &set : joining)
                rows_of_set(set).copy_(base);
        }
        y.narrow(0, 0, int64_t(count) * m_R).view({int64_t(count), m_R, m_D}).add_(frozen_attention(l));
        for (size_t i = 0; i < count; ++i)
            add(i, attention[i]);
        record(l, true, active, receivers, y, records);
        for (size_t i = 0; i < count; ++i)
            add(i, mlp[i]);
        through_mlp(count, false);
    }
    return records;
}

// What a receiver holds when the streams of some sets are `stream` [sets R, D].
at::Tensor DeviceFrozen::received(const Node &receiver, const at::Tensor &stream, int64_t sets) const
{
    if (receiver.site != Site::MlpPre && info(receiver.site).stage != Stage::Heads)
        return stream.clone();
    const TensorBlock &b = m_model.block(receiver.layer);
    if (receiver.site == Site::MlpPre)
        return b.mlp_pre(b.mlp_norm()(stream));
    const BlockTraits &t = b.traits();
    const Part part = part_of(receiver.site);
    const at::Tensor out = b.project(b.attn_norm()(stream), t.column(part, receiver.head), t.d_head);
    if (part == Part::Value || t.norms_queries())
        return out;
    return b.rotate(out.unsqueeze(1), m_positions.repeat({sets})).squeeze(1);
}

void DeviceFrozen::record(int layer, bool after_attention, std::span<const Set> active,
                          const std::vector<Node> &receivers, const at::Tensor &y, Records &records) const
{
    const bool parallel = m_runs.model().config().parallel;
    const auto sets = int64_t(active.size());
    for (size_t r = 0; r < receivers.size() && sets > 0; ++r) {
        const Node &receiver = receivers[r];
        if (layer_read(receiver) != layer || reads_after_attention(receiver, parallel) != after_attention)
            continue;
        const at::Tensor all = received(receiver, y.narrow(0, 0, sets * m_R), sets);
        for (const Set &set : active)
            if (std::any_of(set.senders->begin(), set.senders->end(),
                            [&](const Node &sender) { return reaches(sender, receiver, parallel); }))
                records.values[set.index][r] = all.narrow(0, set.row, m_R);
    }
}

Records DeviceFrozen::changes(std::span<const SenderSet> sets, const std::vector<Node> &receivers)
{
    look_up();
    Records records;
    for (const SenderSet &set : sets) {
        struct Change {
            Node from;
            at::Tensor rows;
        };
        std::vector<Change> parts;
        std::map<int, std::vector<Node>> heads;
        for (const Node &sender : set)
            if (sender.site == Site::Z)
                heads[sender.layer].push_back(sender);
            else
                parts.push_back({sender, whole_change(sender)});
        for (const auto &[layer, together] : heads)
            parts.push_back({{Site::Z, layer, -1}, heads_change(together)});
        std::vector<at::Tensor> values(receivers.size());
        for (size_t r = 0; r < receivers.size(); ++r)
            for (const Change &part : parts)
                if (reaches({part.from.site, part.from.layer, -1}, receivers[r], m_model.traits().parallel))
                    values[r] = values[r].defined() ? values[r] + part.rows : part.rows;
        records.values.push_back(std::move(values));
    }
    return records;
}

} // namespace patchbay::detail
