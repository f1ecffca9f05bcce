#include "slow_reference.h"

using namespace patchbay;

namespace {

std::string hook(const Node &node)
{
    const std::string block = "blocks." + std::to_string(node.layer) + ".";
    switch (node.site) {
    case Site::Z:
    case Site::Q:
    case Site::K:
    case Site::V:
    case Site::Pattern:
    case Site::Result: return block + "attn.hook_" + name(node.site);
    case Site::MlpPre: return block + "mlp.hook_pre";
    default: return block + "hook_" + name(node.site);
    }
}

// Each query head's own copy of the key and value (grouped models).
bool own_copy(const ModelConfig &config, Site site)
{
    return config.grouped() && (site == Site::K || site == Site::V || site == Site::KInput || site == Site::VInput);
}

Array zeros_like(const Array &array)
{
    Array out{array.shape, {}};
    out.values = std::vector<float>(array.floats().size(), 0.f);
    return out;
}

} // namespace

SlowReference::SlowReference(std::shared_ptr<const Model> model, const PromptBatch &batch)
    : m_transformer(model), m_batch(batch), m_config(model->config())
{
}

ArrayMap SlowReference::cache(bool flipped, const std::vector<std::string> &hooks, const Interventions &interventions) const
{
    HookedTransformer::Options options;
    options.logits = false;
    options.keep = hooks;
    options.ungroup_kv = m_config.grouped();
    options.interventions = interventions;
    return m_transformer.run({m_batch.prompts, m_batch.width, flipped ? m_batch.flipped : m_batch.clean}, options).cache;
}

std::vector<float> SlowReference::logit_diff(bool flipped, const Interventions &interventions) const
{
    HookedTransformer::Options options;
    options.interventions = interventions;
    const Array logits = m_transformer.run({m_batch.prompts, m_batch.width, flipped ? m_batch.flipped : m_batch.clean}, options).logits;
    const int64_t T = m_batch.width, V = m_config.d_vocab;
    std::vector<float> out;
    for (int p = 0; p < m_batch.prompts; ++p) {
        const float *row = logits.floats().data() + (p * T + m_batch.end[size_t(p)]) * V;
        out.push_back(row[m_batch.io[size_t(p)]] - row[m_batch.s[size_t(p)]]);
    }
    return out;
}

std::vector<float> SlowReference::baseline(bool flipped) const
{
    return logit_diff(flipped, {});
}

std::vector<std::vector<int>> SlowReference::positions(const RunSpec &spec, int position) const
{
    std::vector<std::vector<int>> out;
    for (int p = 0; p < m_batch.prompts; ++p)
        switch (positions_of(spec).kind) {
        case Positions::Kind::Each: out.push_back({position}); break;
        case Positions::Kind::Role: {
            const std::string role = positions_of(spec).role;
            out.push_back({(role == "end" ? m_batch.end : role == "io" ? m_batch.io_pos : role == "s1" ? m_batch.s1_pos : m_batch.s2_pos)[size_t(p)]});
            break;
        }
        case Positions::Kind::List: out.push_back(positions_of(spec).list); break;
        case Positions::Kind::All:
            out.emplace_back();
            for (int pos = 0; pos < m_batch.width; ++pos)
                out.back().push_back(pos);
        }
    return out;
}

void SlowReference::take(Array &to, const Array &from, const std::vector<std::vector<int>> &positions, int head) const
{
    const int64_t T = to.shape[1], row = to.count() / (to.shape[0] * T), width = head < 0 ? row : row / to.shape[2];
    for (size_t p = 0; p < positions.size(); ++p)
        for (const int pos : positions[p])
            for (int64_t i = 0; i < width; ++i) {
                const size_t at = size_t((int64_t(p) * T + pos) * row + (head < 0 ? 0 : head * width) + i);
                to.floats()[at] = from.floats()[at];
            }
}

std::vector<float> SlowReference::patched(const RunSpec &spec, const std::vector<Node> &nodes, int position) const
{
    const Ablation ablation = ablation_of(spec);
    const bool base_flipped = ablation == Ablation::None && direction_of(spec) == Direction::Denoise;
    Interventions changes;
    for (const Node &node : nodes) {
        Intervention change;
        change.hook = hook(node);
        change.per_query_head = own_copy(m_config, node.site);
        change.positions = positions(spec, position);
        if (node.head >= 0)
            change.heads = {node.head};
        change.kind = ablation == Ablation::Zero ? Intervention::Kind::Zero : Intervention::Kind::Replace;
        if (ablation == Ablation::Mean) {
            // At each position, over the clean prompts that reach it.
            const Array clean = cache(false, {change.hook}).at(change.hook);
            change.values = clean;
            const int64_t T = clean.shape[1], row = clean.count() / (clean.shape[0] * T);
            for (int64_t pos = 0; pos < T; ++pos)
                for (int64_t i = 0; i < row; ++i) {
                    double sum = 0;
                    int reached = 0;
                    for (int64_t p = 0; p < clean.shape[0]; ++p)
                        if (pos <= m_batch.end[size_t(p)]) {
                            sum += clean.floats()[size_t((p * T + pos) * row + i)];
                            ++reached;
                        }
                    for (int64_t p = 0; reached > 0 && p < clean.shape[0]; ++p)
                        change.values.floats()[size_t((p * T + pos) * row + i)] = float(sum / reached);
                }
        } else if (change.kind == Intervention::Kind::Replace) {
            change.values = cache(!base_flipped, {change.hook}).at(change.hook);
        }
        changes.push_back(std::move(change));
    }
    return logit_diff(base_flipped, changes);
}

std::vector<float> SlowReference::path(const RunSpec &spec, const std::vector<Node> &senders, const std::vector<Node> &receiver_nodes) const
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
    std::vector<std::string> wanted, z_hooks;
    for (int l = 0; l < m_config.n_layers; ++l)
        z_hooks.push_back("blocks." + std::to_string(l) + ".attn.hook_z");
    wanted = z_hooks;
    for (const Node &sender : senders)
        wanted.push_back(hook(sender));
    const ArrayMap base = cache(base_flipped, wanted);
    ArrayMap fresh = cache(!base_flipped, wanted);
    if (zero)
        for (auto &[hook_name, array] : fresh)
            array = zeros_like(array);

    Interventions second;
    if (spec.as<PathPatch>()->direct_includes_mlps) {
        // Pass 1: every z held, the senders' taken from the new run, everything else recomputed.
        Interventions first;
        for (int l = 0; l < m_config.n_layers; ++l) {
            Intervention hold;
            hold.hook = z_hooks[size_t(l)];
            hold.values = base.at(hold.hook);
            for (const Node &sender : senders)
                if (sender.site == Site::Z && sender.layer == l)
                    take(hold.values, fresh.at(hold.hook), rows, sender.head);
            first.push_back(std::move(hold));
        }
        std::vector<std::string> hooks;
        for (const Node &sender : senders)
            if (sender.site != Site::Z) {
                Intervention change;
                change.hook = hook(sender);
                change.values = fresh.at(change.hook);
                change.positions = rows;
                first.push_back(std::move(change));
            }
        for (const Node &receiver : receivers)
            hooks.push_back(hook(receiver));
        const ArrayMap recorded = cache(base_flipped, hooks, first);
        // Pass 2: the receivers overwritten by what they held.
        for (const Node &receiver : receivers) {
            Intervention change;
            change.hook = hook(receiver);
            change.values = recorded.at(change.hook);
            change.positions = rows;
            change.per_query_head = own_copy(m_config, receiver.site);
            if (receiver.head >= 0)
                change.heads = {receiver.head};
            second.push_back(std::move(change));
        }
        return logit_diff(base_flipped, second);
    }

    // One pass: every receiver's input gets the sum of the changes of the senders before it.
    std::vector<std::string> written;
    for (const Node &sender : senders)
        written.push_back(sender.site == Site::Z ? "blocks." + std::to_string(sender.layer) + ".attn.hook_result" : hook(sender));
    const ArrayMap before = cache(base_flipped, written);
    ArrayMap after = cache(!base_flipped, written);
    if (zero)
        for (auto &[hook_name, array] : after)
            array = zeros_like(array);
    for (const Node &receiver : receivers) {
        const bool mid = receiver.site == Site::ResidMid || (receiver.site == Site::MlpPre && !m_config.parallel);
        const int64_t P = m_batch.prompts, T = m_batch.width, D = m_config.d_model, H = m_config.n_heads;
        std::vector<float> sum(size_t(P * T * D), 0.f);
        for (size_t s = 0; s < senders.size(); ++s) {
            const bool reaches = receiver.site == Site::ResidPost                  ? senders[s].layer <= receiver.layer
                                 : mid && senders[s].site != Site::MlpOut ? senders[s].layer <= receiver.layer
                                                                          : senders[s].layer < receiver.layer;
            if (!reaches)
                continue;
            const std::vector<float> &from = before.at(written[s]).floats(), &to = after.at(written[s]).floats();
            const bool by_head = senders[s].site == Site::Z;
            for (int64_t row = 0; row < P * T; ++row)
                for (int64_t i = 0; i < D; ++i) {
                    const size_t at = size_t(by_head ? (row * H + senders[s].head) * D + i : row * D + i);
                    sum[size_t(row * D + i)] += to[at] - from[at];
                }
        }
        Intervention change;
        change.kind = Intervention::Kind::Add;
        change.positions = rows;
        Node input = receiver;
        input.site = receiver.site == Site::Q ? Site::QInput : receiver.site == Site::K ? Site::KInput : receiver.site == Site::V ? Site::VInput : receiver.site;
        change.hook = receiver.site == Site::MlpPre ? "blocks." + std::to_string(receiver.layer) + ".hook_mlp_in" : hook(input);
        if (receiver.head >= 0) {
            change.heads = {receiver.head};
            change.per_query_head = own_copy(m_config, input.site);
            change.values.shape = {P, T, H, D};
            std::vector<float> spread(size_t(P * T * H * D), 0.f);
            for (int64_t row = 0; row < P * T; ++row)
                std::copy_n(sum.begin() + row * D, D, spread.begin() + (row * H + receiver.head) * D);
            change.values.values = std::move(spread);
        } else {
            change.values = {{P, T, D}, sum};
        }
        second.push_back(std::move(change));
    }
    return logit_diff(base_flipped, second);
}
