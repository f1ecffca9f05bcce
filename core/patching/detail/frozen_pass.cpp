#include "patching/detail/frozen_pass.h"

#include <cstring>

namespace patchbay::detail {

int layer_read(const Node &receiver)
{
    return receiver.site == Site::ResidPost ? receiver.layer + 1 : receiver.layer;
}

int last_layer_read(const std::vector<Node> &receivers)
{
    int last = 0;
    for (const Node &receiver : receivers)
        last = std::max(last, layer_read(receiver));
    return last;
}

int first_layer_of(const SenderSet &senders, int layers)
{
    for (const Node &sender : senders)
        layers = std::min(layers, sender.layer);
    return layers;
}

bool reads_after_attention(const Node &receiver, bool parallel)
{
    return receiver.site == Site::ResidMid || (receiver.site == Site::MlpPre && !parallel);
}

bool reaches(const Node &sender, const Node &receiver, bool parallel)
{
    if (receiver.site == Site::ResidPost)
        return sender.layer <= receiver.layer;
    if (sender.site != Site::MlpOut && reads_after_attention(receiver, parallel))
        return sender.layer <= receiver.layer;
    return sender.layer < receiver.layer;
}

FrozenPass::FrozenPass(const BatchRuns &runs, bool base_flipped, bool zero, std::shared_ptr<const RowMap> rows,
                       Workspace &work, HeadEntry *entry, bool own, int64_t rows_of_all)
    : m_runs(runs), m_model(runs.model()), m_base(runs.run(base_flipped)), m_source(runs.run(base_flipped == own)),
      m_zero(zero), m_rows(std::move(rows)), m_list(m_rows->list()), m_work(work), m_entry(entry), m_R(m_rows->count()),
      m_D(m_model.config().d_model), m_rows_of_all(rows_of_all < 0 ? m_R : rows_of_all)
{
}

// New minus base z of a head, [R, d].
at::Tensor FrozenPass::head_change(const Node &sender)
{
    const int d = m_model.config().d_head;
    at::Tensor dz = at::empty({m_R, d}, at::kFloat);
    parallel_rows(m_R, 16, [&](int64_t begin, int64_t end) {
        std::vector<float> before(static_cast<size_t>(d));
        for (int64_t i = begin; i < end; ++i) {
            const auto [prompt, pos] = m_list[size_t(i)];
            float *row = dz.data_ptr<float>() + i * d;
            m_runs.head_z(m_base, sender.layer, sender.head, prompt, pos, pos, before.data(), d);
            if (m_zero)
                std::memset(row, 0, size_t(d) * sizeof(float));
            else
                m_runs.head_z(m_source, sender.layer, sender.head, prompt, pos, pos, row, d);
            kernels().axpy(-1.f, before.data(), row, d);
        }
    });
    return dz;
}

// Senders that are heads of one layer, when their set enters the next layer cheaper by them than in full.
std::vector<int> FrozenPass::entering_heads(const SenderSet &set) const
{
    std::vector<int> heads;
    if (!m_entry)
        return heads;
    for (const Node &sender : set) {
        if (sender.site != Site::Z || sender.layer != set.front().layer)
            return {};
        heads.push_back(sender.head);
    }
    if (!m_entry->pays(m_rows_of_all, int64_t(heads.size())))
        return {};
    return heads;
}

at::Tensor FrozenPass::whole_change(const Node &sender)
{
    const auto rows_of = [&](const Run &run) {
        return sender.site == Site::AttnOut ? m_runs.attn_out_rows(run, sender.layer, m_list)
                                            : m_runs.mlp_out_rows(run, sender.layer, m_list);
    };
    const at::Tensor before = rows_of(m_base);
    return m_zero ? before.neg() : rows_of(m_source) - before;
}

at::Tensor FrozenPass::heads_change(std::span<const Node> heads, const at::Tensor &known_dz)
{
    const int layer = heads.front().layer, d = m_model.config().d_head;
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    // With a post norm, the sum of all heads, the others held, which it norms.
    at::Tensor sum = block.attn_post().identity() ? at::Tensor() : m_runs.head_sum_rows(m_base, layer, m_list);
    for (size_t i = 0; i < heads.size(); ++i) {
        const at::Tensor dz = known_dz.defined() ? known_dz.narrow(1, int64_t(i) * d, d) : head_change(heads[i]);
        const bool first = !sum.defined();
        at::Tensor written = at::empty({m_R, m_D}, at::kFloat);
        block.write_head(heads[i].head, dz.data_ptr<float>(), dz.stride(0), m_R, written.data_ptr<float>(), false);
        sum = first ? written : sum + written;
    }
    if (block.attn_post().identity())
        return sum;
    block.attn_post().apply(sum.data_ptr<float>(), sum.data_ptr<float>(), m_R);
    return sum - m_runs.attn_out_rows(m_base, layer, m_list);
}

std::vector<FrozenPass::Change> FrozenPass::changes(const SenderSet &set)
{
    std::vector<Change> out;
    std::map<int, std::vector<Node>> heads;
    for (const Node &sender : set)
        if (sender.site == Site::Z)
            heads[sender.layer].push_back(sender);
        else
            out.push_back({sender.site, sender.layer, whole_change(sender)});
    for (const auto &[layer, together] : heads)
        out.push_back({Site::Z, layer, heads_change(together)});
    return out;
}

Records FrozenPass::run(std::span<const SenderSet> sender_sets, const std::vector<Node> &receivers,
                        const CancelToken &cancel)
{
    const ModelConfig &c = m_model.config();
    Records records;
    records.values.assign(sender_sets.size(), std::vector<at::Tensor>(receivers.size()));
    const int last_read = last_layer_read(receivers);
    std::vector<Set> sets;
    for (size_t i = 0; i < sender_sets.size(); ++i) {
        const int first = first_layer_of(sender_sets[i], c.n_layers);
        Set set{&sender_sets[i], i, first, 0, {}, {}};
        if (first + 1 < last_read)
            set.entering = entering_heads(sender_sets[i]);
        sets.push_back(std::move(set));
    }
    std::stable_sort(sets.begin(), sets.end(),
                     [](const Set &a, const Set &b) { return a.first_layer < b.first_layer; });
    for (size_t i = 0; i < sets.size(); ++i)
        sets[i].row = int64_t(i) * m_R;

    float *y = m_work.frozen.stream.floats(int64_t(sets.size()) * m_R * m_D);
    std::vector<Set> active;
    for (int l = 0; l <= last_read; ++l) {
        record(l, false, active, receivers, y, records);
        if (l == c.n_layers)
            break;
        // Sets whose first sender is here start from the base stream.
        const size_t joined_before = active.size();
        while (active.size() < sets.size() && sets[active.size()].first_layer == l) {
            const Set &set = sets[active.size()];
            const at::Tensor base = base_stream(m_base.resid[size_t(l)]);
            std::memcpy(y + set.row * m_D, base.data_ptr<float>(), size_t(m_R * m_D) * sizeof(float));
            active.push_back(set);
            if (!set.entering.empty()) {
                std::vector<at::Tensor> dz;
                for (const Node &sender : *set.senders)
                    dz.push_back(head_change(sender));
                active.back().dz = at::cat(dz, 1);
            }
        }
        if (active.empty())
            continue;
        const std::span<Set> all(active);
        const auto sender_here = [&](const Set &set, Site site) -> const Node * {
            for (const Node &sender : *set.senders)
                if (sender.layer == l && sender.site == site)
                    return &sender;
            return nullptr;
        };
        std::map<size_t, at::Tensor> attention_change, mlp_new;
        for (const Set &set : active) {
            std::vector<Node> heads;
            for (const Node &sender : *set.senders)
                if (sender.layer == l && sender.site == Site::Z)
                    heads.push_back(sender);
            if (const Node *whole = sender_here(set, Site::AttnOut))
                attention_change[set.index] = whole_change(*whole);
            else if (!heads.empty())
                // A set that enters by its heads has their changes already, in the order of its senders.
                attention_change[set.index] = heads_change(heads, set.dz);
            if (sender_here(set, Site::MlpOut))
                mlp_new[set.index] =
                    m_zero ? at::zeros({m_R, m_D}, at::kFloat) : m_runs.mlp_out_rows(m_source, l, m_list);
        }
        const auto add = [&](const Set &set, const at::Tensor &rows) {
            kernels().axpy(1.f, rows.data_ptr<float>(), y + set.row * m_D, m_R * m_D);
        };
        const auto add_attention = [&](const Set &set) {
            add(set, frozen_attention(l));
            if (const auto found = attention_change.find(set.index); found != attention_change.end())
                add(set, found->second);
        };
        if (c.parallel) {
            // The MLP reads what entered the layer: unchanged for sets that start here.
            for (size_t i = 0; i < joined_before; ++i)
                if (mlp_new.count(active[i].index)) {
                    // Its MLP output is given, so nothing has to be recomputed for it.
                    add_attention(active[i]);
                    add(active[i], mlp_new[active[i].index]);
                }
            // Runs of neighbouring sets without a given MLP output go through together.
            for (size_t i = 0; i < joined_before;) {
                size_t stop = i;
                while (stop < joined_before && !mlp_new.count(active[stop].index))
                    ++stop;
                advance(l, all.subspan(i, stop - i), y, cancel);
                for (size_t j = i; j < stop; ++j)
                    if (const auto found = attention_change.find(active[j].index); found != attention_change.end())
                        add(active[j], found->second);
                i = std::max(stop, i + 1);
            }
            if (joined_before < active.size()) {
                const at::Tensor after = base_stream(m_base.resid[size_t(l) + 1]);
                at::Tensor base_mlp;
                for (size_t i = joined_before; i < active.size(); ++i) {
                    const Set &set = active[i];
                    std::memcpy(y + set.row * m_D, after.data_ptr<float>(), size_t(m_R * m_D) * sizeof(float));
                    if (const auto found = attention_change.find(set.index); found != attention_change.end())
                        add(set, found->second);
                    if (const auto found = mlp_new.find(set.index); found != mlp_new.end()) {
                        if (!base_mlp.defined())
                            base_mlp = m_runs.mlp_out_rows(m_base, l, m_list);
                        add(set, found->second - base_mlp);
                    }
                }
            }
            continue;
        }
        for (const Set &set : active)
            add_attention(set);
        record(l, true, active, receivers, y, records);
        for (size_t i = 0; i < active.size();) {
            if (mlp_new.count(active[i].index)) {
                add(active[i], mlp_new[active[i].index]);
                ++i;
                continue;
            }
            size_t stop = i;
            while (stop < active.size() && !mlp_new.count(active[stop].index))
                ++stop;
            advance(l, all.subspan(i, stop - i), y, cancel);
            i = stop;
        }
    }
    return records;
}

Records FrozenPass::changes(std::span<const SenderSet> sets, const std::vector<Node> &receivers)
{
    Records records;
    for (const SenderSet &set : sets) {
        const std::vector<Change> parts = changes(set);
        std::vector<at::Tensor> values(receivers.size());
        for (size_t r = 0; r < receivers.size(); ++r)
            for (const Change &part : parts)
                if (reaches({part.site, part.layer, -1}, receivers[r], m_model.config().parallel))
                    values[r] = values[r].defined() ? values[r] + part.rows : part.rows;
        records.values.push_back(std::move(values));
    }
    return records;
}

double FrozenPass::flops(const SenderSet &set, const std::vector<Node> &receivers) const
{
    int first = 1 << 20, last = -1;
    for (const Node &sender : set)
        first = std::min(first, sender.layer);
    for (const Node &receiver : receivers)
        if (layer_read(receiver) > first)
            last = std::max(last, layer_read(receiver));
    const double head = 2.0 * m_model.config().d_head * double(m_D);
    const double projections = double(receivers.size()) * head;
    const int mlps = std::max(0, last - first - (m_model.config().parallel ? 1 : 0));
    double total =
        double(m_R) * (double(set.size()) * head + projections + double(mlps) * m_model.traits().mlp_flops());
    if (const size_t heads = mlps > 0 ? entering_heads(set).size() : 0; heads > 0)
        total -= m_entry->saved_flops(m_R, int64_t(heads), m_model.config().d_mlp);
    return total;
}

} // namespace patchbay::detail
