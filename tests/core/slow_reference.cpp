#include "slow_reference.h"

using namespace patchbay;

namespace {

std::string hook(const Node &node)
{
    return "blocks." + std::to_string(node.layer) + "." + info(node.site).hook;
}

// Each query head's own copy of the key and value (grouped models).
bool own_copy(const ModelConfig &config, Site site)
{
    return config.grouped() && (site == Site::K || site == Site::V || site == Site::KInput || site == Site::VInput);
}

} // namespace

SlowReference::SlowReference(std::shared_ptr<const Model> model, const PromptBatch &batch)
    : m_definition(*model), m_batch(batch), m_config(model->config())
{
}

SlowReference::Cache SlowReference::cache(bool flipped, const Changes &changes) const
{
    return m_definition
        .run({m_batch.prompts, m_batch.width, flipped ? m_batch.flipped : m_batch.clean}, changes, m_config.grouped())
        .cache;
}

std::vector<std::vector<double>> SlowReference::logits(bool flipped, const Changes &changes) const
{
    const Doubles all =
        m_definition.run({m_batch.prompts, m_batch.width, flipped ? m_batch.flipped : m_batch.clean}, changes).logits;
    std::vector<std::vector<double>> out;
    for (int p = 0; p < m_batch.prompts; ++p) {
        const double *row = all.values.data() + (p * m_batch.width + m_batch.end[size_t(p)]) * m_config.d_vocab;
        out.emplace_back(row, row + m_config.d_vocab);
    }
    return out;
}

std::vector<double> SlowReference::measured(Metric metric, bool flipped, const Changes &changes) const
{
    const std::vector<std::vector<double>> all = logits(flipped, changes),
                                           clean = metric == Metric::Kl ? logits(false, {}) : all;
    std::vector<double> out;
    for (size_t p = 0; p < all.size(); ++p) {
        const bool sets = !m_batch.answers.empty();
        const std::vector<int64_t> answers = sets ? m_batch.answers[p] : std::vector<int64_t>{m_batch.io[p]},
                                   wrongs = sets ? m_batch.wrongs[p] : std::vector<int64_t>{m_batch.s[p]};
        out.push_back(metric_of_logits(metric, all[p], answers, wrongs, clean[p]));
    }
    return out;
}

std::vector<double> SlowReference::baseline(bool flipped, Metric metric) const
{
    return measured(metric, flipped, {});
}

std::vector<double> SlowReference::slope(const RunSpec &spec, const Node &node) const
{
    const bool base_flipped = ablation_of(spec) == Ablation::None && direction_of(spec) == Direction::Denoise;
    const double step = 1e-6; // small beside the distance to a kink (relu, clipping), almost always
    Change change;
    change.hook = hook(node);
    change.kind = Intervention::Kind::Add;
    change.per_query_head = own_copy(m_config, node.site);
    change.positions = positions(spec, -1);
    if (node.head >= 0)
        change.heads = {node.head};
    const Doubles base = cache(base_flipped).at(change.hook);
    const Doubles way = ablation_of(spec) == Ablation::Zero ? -1 * base : cache(!base_flipped).at(change.hook) - base;
    change.values = step * way;
    std::vector<double> out = measured(metric_of(spec), base_flipped, {change});
    change.values = -step * way;
    const std::vector<double> back = measured(metric_of(spec), base_flipped, {change});
    for (size_t p = 0; p < out.size(); ++p)
        out[p] = (out[p] - back[p]) / (2 * step);
    return out;
}

std::vector<std::vector<int>> SlowReference::positions(const RunSpec &spec, int position) const
{
    std::vector<std::vector<int>> out;
    for (int p = 0; p < m_batch.prompts; ++p)
        switch (positions_of(spec).kind) {
        case Positions::Kind::Each:
            out.push_back({position});
            break;
        case Positions::Kind::Role: {
            const std::string role = positions_of(spec).role;
            out.push_back({(role == "end" ? m_batch.end : m_batch.roles.at(role))[size_t(p)]});
            break;
        }
        case Positions::Kind::List:
            out.push_back(positions_of(spec).list);
            break;
        case Positions::Kind::All:
            out.emplace_back();
            for (int pos = 0; pos < m_batch.width; ++pos)
                out.back().push_back(pos);
        }
    return out;
}

void SlowReference::take(Doubles &to, const Doubles &from, const std::vector<std::vector<int>> &positions, int head,
                         double share) const
{
    const int64_t T = to.shape[1], row = to.stride(2), width = head < 0 ? row : to.stride(3);
    for (size_t p = 0; p < positions.size(); ++p)
        for (const int pos : positions[p])
            for (int64_t i = 0; i < width; ++i) {
                const size_t at = size_t((int64_t(p) * T + pos) * row + (head < 0 ? 0 : head * width) + i);
                to.values[at] += share * (from.values[at] - to.values[at]);
            }
}

std::vector<double> SlowReference::patched(const RunSpec &spec, const std::vector<Node> &nodes, int position) const
{
    const Ablation ablation = ablation_of(spec);
    const bool base_flipped = ablation == Ablation::None && direction_of(spec) == Direction::Denoise;
    Changes changes;
    for (const Node &node : nodes) {
        Change change;
        change.hook = hook(node);
        change.per_query_head = own_copy(m_config, node.site);
        change.positions = positions(spec, position);
        if (node.head >= 0)
            change.heads = {node.head};
        change.kind = ablation == Ablation::Zero ? Intervention::Kind::Zero : Intervention::Kind::Replace;
        if (ablation == Ablation::Mean) {
            // At each position, over the clean prompts that reach it.
            const Doubles clean = cache(false).at(change.hook);
            change.values = clean;
            const int64_t T = clean.shape[1], row = clean.stride(2);
            for (int64_t pos = 0; pos < T; ++pos)
                for (int64_t i = 0; i < row; ++i) {
                    double sum = 0;
                    int reached = 0;
                    for (int64_t p = 0; p < clean.shape[0]; ++p)
                        if (pos <= m_batch.end[size_t(p)]) {
                            sum += clean.values[size_t((p * T + pos) * row + i)];
                            ++reached;
                        }
                    for (int64_t p = 0; reached > 0 && p < clean.shape[0]; ++p)
                        change.values.values[size_t((p * T + pos) * row + i)] = sum / reached;
                }
        } else if (change.kind == Intervention::Kind::Replace) {
            change.values = cache(!base_flipped).at(change.hook);
        }
        changes.push_back(std::move(change));
    }
    return measured(metric_of(spec), base_flipped, changes);
}

std::vector<double> SlowReference::path(const RunSpec &spec, const std::vector<Node> &senders,
                                        const std::vector<Node> &receiver_nodes, double share) const
{
    const bool base_flipped = direction_of(spec) == Direction::Denoise;
    const bool zero = ablation_of(spec) == Ablation::Zero;
    const std::vector<std::vector<int>> rows = positions(spec, -1);
    std::vector<Node> receivers;
    for (const Node &node : receiver_nodes) {
        if (node.site != Site::Pattern) {
            receivers.push_back(node);
            continue;
        }
        receivers.push_back({Site::Q, node.layer, node.head});
        receivers.push_back({Site::K, node.layer, node.head});
    }
    const Cache base = cache(base_flipped);
    Cache fresh = cache(!base_flipped);
    if (zero)
        for (auto &[hook_name, values] : fresh)
            values = 0 * values;

    Changes second;
    if (spec.as<PathPatch>()->direct_includes_mlps) {
        // Pass 1: every z held, the senders' taken from the new run, everything else recomputed.
        Changes first;
        for (int l = 0; l < m_config.n_layers; ++l) {
            Change hold;
            hold.hook = hook({Site::Z, l, -1});
            hold.values = base.at(hold.hook);
            for (const Node &sender : senders)
                if (sender.site == Site::Z && sender.layer == l)
                    take(hold.values, fresh.at(hold.hook), rows, sender.head, share);
            first.push_back(std::move(hold));
        }
        for (const Node &sender : senders)
            if (sender.site != Site::Z) {
                Change change;
                change.hook = hook(sender);
                change.values = base.at(change.hook);
                take(change.values, fresh.at(change.hook), rows, -1, share);
                change.positions = rows;
                first.push_back(std::move(change));
            }
        const Cache recorded = cache(base_flipped, first);
        // Pass 2: the receivers overwritten by what they held.
        for (const Node &receiver : receivers) {
            Change change;
            change.hook = hook(receiver);
            change.values = recorded.at(change.hook);
            change.positions = rows;
            change.per_query_head = own_copy(m_config, receiver.site);
            if (receiver.head >= 0)
                change.heads = {receiver.head};
            second.push_back(std::move(change));
        }
        return measured(metric_of(spec), base_flipped, second);
    }

    // One pass: every receiver's input gets the sum of the changes of the senders before it. What heads of one layer
    // change is what attn_out changes when their z is replaced and nothing else, which matters where a norm of what is
    // written couples them.
    struct Written {
        Site site;
        int layer;
        Doubles change; // [P, T, D]
    };
    std::vector<Written> written;
    for (int l = 0; l < m_config.n_layers; ++l) {
        Change heads;
        heads.hook = hook({Site::Z, l, -1});
        heads.values = base.at(heads.hook);
        bool any = false;
        for (const Node &sender : senders) {
            if (sender.layer != l)
                continue;
            if (sender.site == Site::Z) {
                take(heads.values, fresh.at(heads.hook), rows, sender.head, share);
                any = true;
            } else {
                written.push_back({sender.site, l, share * (fresh.at(hook(sender)) - base.at(hook(sender)))});
            }
        }
        const std::string out = hook({Site::AttnOut, l, -1});
        if (any)
            written.push_back({Site::Z, l, cache(base_flipped, {heads}).at(out) - base.at(out)});
    }
    for (const Node &receiver : receivers) {
        const bool mid = receiver.site == Site::ResidMid || (receiver.site == Site::MlpPre && !m_config.parallel);
        const int64_t P = m_batch.prompts, T = m_batch.width, D = m_config.d_model, H = m_config.n_heads;
        Doubles sum{{P, T, D}, std::vector<double>(size_t(P * T * D), 0)};
        for (const Written &sender : written) {
            const bool reaches = receiver.site == Site::ResidPost ? sender.layer <= receiver.layer
                : mid && sender.site != Site::MlpOut              ? sender.layer <= receiver.layer
                                                                  : sender.layer < receiver.layer;
            for (size_t i = 0; reaches && i < sum.values.size(); ++i)
                sum.values[i] += sender.change.values[i];
        }
        Change change;
        change.kind = Intervention::Kind::Add;
        change.positions = rows;
        Node input = receiver;
        input.site = receiver.site == Site::Q ? Site::QInput
            : receiver.site == Site::K        ? Site::KInput
            : receiver.site == Site::V        ? Site::VInput
                                              : receiver.site;
        change.hook =
            receiver.site == Site::MlpPre ? "blocks." + std::to_string(receiver.layer) + ".hook_mlp_in" : hook(input);
        change.values = sum;
        if (receiver.head >= 0) {
            change.heads = {receiver.head};
            change.per_query_head = own_copy(m_config, input.site);
            change.values = {{P, T, H, D}, std::vector<double>(size_t(P * T * H * D), 0)};
            for (int64_t row = 0; row < P * T; ++row)
                std::copy_n(sum.values.begin() + row * D, D,
                            change.values.values.begin() + (row * H + receiver.head) * D);
        }
        second.push_back(std::move(change));
    }
    return measured(metric_of(spec), base_flipped, second);
}
