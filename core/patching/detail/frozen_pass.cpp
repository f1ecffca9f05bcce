#include "patching/detail/frozen_pass.h"

#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"

#include <cstring>

namespace patchbay::detail {

namespace {

constexpr int64_t block_rows = 1536;
enum Slot { SlotY = 40, SlotNormed };

// resid_post of a layer is read where the next layer's resid_pre is.
int layer_read(const Node &receiver)
{
    return receiver.site == Site::ResidPost ? receiver.layer + 1 : receiver.layer;
}

} // namespace

/// One sender set with its rows of the packed stream.
struct FrozenPass::Set {
    const SenderSet *senders;
    size_t index;
    int first_layer;
    int64_t row;
};

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

FrozenPass::FrozenPass(const BatchRuns &runs, bool base_flipped, bool zero, std::shared_ptr<const RowMap> rows, Workspace &work)
    : m_runs(runs), m_model(runs.model()), m_base(runs.run(base_flipped)), m_source(runs.run(!base_flipped)), m_zero(zero), m_rows(std::move(rows)),
      m_list(m_rows->list()), m_work(work), m_R(m_rows->count()), m_D(m_model.config().d_model)
{
}

at::Tensor FrozenPass::sender_change(const Node &sender)
{
    const ModelConfig &c = m_model.config();
    const int d = c.d_head;
    if (sender.site != Site::Z) {
        const auto rows_of = [&](const Run &run) {
            return sender.site == Site::AttnOut ? m_runs.attn_out_rows(run, sender.layer, m_list) : m_runs.mlp_out_rows(run, sender.layer, m_list);
        };
        const at::Tensor before = rows_of(m_base);
        return m_zero ? before.neg() : rows_of(m_source) - before;
    }
    at::Tensor dz = at::empty({m_R, d}, at::kFloat), change = at::empty({m_R, m_D}, at::kFloat);
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
    gemm(m_R, m_D, d, dz.data_ptr<float>(), d, m_model.layer(sender.layer).W_O.data_ptr<float>() + int64_t(sender.head) * d * m_D, m_D,
         change.data_ptr<float>(), m_D);
    return change;
}

const at::Tensor &FrozenPass::frozen_attention(int layer)
{
    at::Tensor &rows = m_frozen[layer];
    if (!rows.defined())
        rows = m_runs.attn_out_rows(m_base, layer, m_list);
    return rows;
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
    const EngineLayer *w = receiver.layer < m_model.config().n_layers ? &m_model.layer(receiver.layer) : nullptr;
    const int64_t d = m_model.config().d_head, S = m_model.qkv_width();
    int64_t column = 0;
    switch (receiver.site) {
    case Site::Q:
    case Site::QInput: column = m_model.q_column(receiver.head); break;
    case Site::K:
    case Site::KInput: column = m_model.k_column(receiver.head); break;
    case Site::V:
    case Site::VInput: column = m_model.v_column(receiver.head); break;
    case Site::MlpPre: {
        at::Tensor normed = at::empty_like(stream), pre = at::empty({m_R, m_model.config().d_mlp}, at::kFloat);
        m_model.norm(stream.data_ptr<float>(), normed.data_ptr<float>(), m_R);
        m_model.mlp_pre(receiver.layer, normed.data_ptr<float>(), m_R, pre.data_ptr<float>());
        return pre;
    }
    default: return stream.clone();
    }
    at::Tensor normed = at::empty_like(stream), out = at::empty({m_R, d}, at::kFloat);
    m_model.norm(stream.data_ptr<float>(), normed.data_ptr<float>(), m_R);
    gemm(m_R, d, m_D, normed.data_ptr<float>(), m_D, w->W_qkv.data_ptr<float>() + column, S, out.data_ptr<float>(), d);
    kernels().add_bias(out.data_ptr<float>(), w->b_qkv.data_ptr<float>() + column, m_R, int(d), d);
    if (receiver.site != Site::V && receiver.site != Site::VInput)
        for (int64_t i = 0; i < m_R; ++i)
            m_model.rotate(out.data_ptr<float>() + i * d, m_list[size_t(i)].second);
    return out;
}

at::Tensor FrozenPass::base_value(const Node &receiver)
{
    const bool after_attention = reads_after_attention(receiver, m_model.config().parallel);
    return project(receiver, base_stream(after_attention ? m_base.mid[size_t(receiver.layer)] : m_base.resid[size_t(layer_read(receiver))]));
}

void FrozenPass::record(int layer, bool after_attention, std::vector<Set> &active, const std::vector<Node> &receivers, const float *y,
                        Records &records) const
{
    for (size_t r = 0; r < receivers.size(); ++r) {
        const Node &receiver = receivers[r];
        if (layer_read(receiver) != layer || reads_after_attention(receiver, m_model.config().parallel) != after_attention)
            continue;
        for (const Set &set : active) {
            bool reached = false;
            for (const Node &sender : *set.senders)
                reached = reached || reaches(sender, receiver, m_model.config().parallel);
            if (reached)
                records.values[set.index][r] = project(receiver, at::from_blob(const_cast<float *>(y) + set.row * m_D, {m_R, m_D}, at::kFloat));
        }
    }
}

// Through one layer's MLP: rows of sets whose MLP input has changed. y holds the stream after attention, mlp_input what the MLP reads.
void FrozenPass::advance(int layer, std::span<Set> active, float *y, const CancelToken &cancel)
{
    if (active.empty())
        return;
    const int64_t first = active.front().row, n = int64_t(active.size()) * m_R;
    const bool parallel = m_model.config().parallel;
    const float *frozen = frozen_attention(layer).data_ptr<float>();
    for (int64_t r = 0; r < n; r += block_rows) {
        cancel.check();
        const int64_t count = std::min(block_rows, n - r);
        float *rows = y + (first + r) * m_D;
        float *xn = m_work.get(SlotNormed, count * m_D);
        if (parallel) {
            m_model.norm(rows, xn, count);
            for (int64_t i = 0; i < count; ++i)
                kernels().axpy(1.f, frozen + ((r + i) % m_R) * m_D, rows + i * m_D, m_D);
        } else {
            m_model.norm(rows, xn, count);
        }
        m_model.mlp(layer, xn, count, rows, true, m_work);
    }
}

Records FrozenPass::run(std::span<const SenderSet> sender_sets, const std::vector<Node> &receivers, const CancelToken &cancel)
{
    const ModelConfig &c = m_model.config();
    Records records;
    records.values.assign(sender_sets.size(), std::vector<at::Tensor>(receivers.size()));
    std::vector<Set> sets;
    for (size_t i = 0; i < sender_sets.size(); ++i) {
        int first = c.n_layers;
        for (const Node &sender : sender_sets[i])
            first = std::min(first, sender.layer);
        sets.push_back({&sender_sets[i], i, first, 0});
    }
    std::stable_sort(sets.begin(), sets.end(), [](const Set &a, const Set &b) { return a.first_layer < b.first_layer; });
    for (size_t i = 0; i < sets.size(); ++i)
        sets[i].row = int64_t(i) * m_R;
    int last_read = 0;
    for (const Node &receiver : receivers)
        last_read = std::max(last_read, layer_read(receiver));

    float *y = m_work.get(SlotY, int64_t(sets.size()) * m_R * m_D);
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
            if (const Node *whole = sender_here(set, Site::AttnOut)) {
                attention_change[set.index] = sender_change(*whole);
            } else {
                for (const Node &sender : *set.senders)
                    if (sender.layer == l && sender.site == Site::Z) {
                        at::Tensor &sum = attention_change[set.index];
                        const at::Tensor change = sender_change(sender);
                        sum = sum.defined() ? sum + change : change;
                    }
            }
            if (sender_here(set, Site::MlpOut))
                mlp_new[set.index] = m_zero ? at::zeros({m_R, m_D}, at::kFloat) : m_runs.mlp_out_rows(m_source, l, m_list);
        }
        const auto add = [&](const Set &set, const at::Tensor &rows) { kernels().axpy(1.f, rows.data_ptr<float>(), y + set.row * m_D, m_R * m_D); };
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
        std::vector<at::Tensor> change;
        for (const Node &sender : set)
            change.push_back(sender_change(sender));
        std::vector<at::Tensor> values(receivers.size());
        for (size_t r = 0; r < receivers.size(); ++r)
            for (size_t s = 0; s < set.size(); ++s)
                if (reaches(set[s], receivers[r], m_model.config().parallel))
                    values[r] = values[r].defined() ? values[r] + change[s] : change[s];
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
    return double(m_R) * (double(set.size()) * head + projections + double(mlps) * m_model.mlp_flops());
}

} // namespace patchbay::detail
