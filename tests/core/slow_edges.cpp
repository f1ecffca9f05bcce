#include "slow_edges.h"

#include <map>

using namespace patchbay;

namespace {

std::string block(int layer, const std::string &hook)
{
    return "blocks." + std::to_string(layer) + "." + hook;
}

void add(Doubles &to, const Doubles &more)
{
    for (size_t i = 0; i < to.values.size(); ++i)
        to.values[i] += more.values[i];
}

} // namespace

SlowEdges::SlowEdges(std::shared_ptr<const Model> model, const PromptBatch &batch)
    : SlowReference(model, batch), m_graph(model->config())
{
}

std::string SlowEdges::hook_of(const EdgeWriter &writer) const
{
    return writer.kind == EdgeWriter::Kind::Input ? "hook_embed"
        : writer.kind == EdgeWriter::Kind::Head   ? block(writer.layer, "attn.hook_result")
                                                  : block(writer.layer, "hook_mlp_out");
}

Doubles SlowEdges::replaced(const std::string &hook, bool base_flipped, EdgeReplacement replacement) const
{
    if (replacement == EdgeReplacement::Patching)
        return cache(!base_flipped).at(hook);
    Doubles out = 0 * cache(false).at(hook);
    if (replacement == EdgeReplacement::Zero)
        return out;
    const Doubles clean = cache(false).at(hook);
    const int64_t T = clean.shape[1], row = clean.stride(2);
    for (int64_t i = 0; i < row; ++i) {
        double all = 0, count = 0;
        std::vector<double> sum(size_t(T), 0), reached(size_t(T), 0);
        for (int64_t p = 0; p < clean.shape[0]; ++p)
            for (int64_t t = 0; t <= m_batch.end[size_t(p)]; ++t) {
                const double value = clean.values[size_t((p * T + t) * row + i)];
                all += value, count += 1;
                sum[size_t(t)] += value, reached[size_t(t)] += 1;
            }
        for (int64_t p = 0; p < clean.shape[0]; ++p)
            for (int64_t t = 0; t < T; ++t)
                out.values[size_t((p * T + t) * row + i)] = replacement == EdgeReplacement::Mean ? all / count
                    : reached[size_t(t)] > 0 ? sum[size_t(t)] / reached[size_t(t)]
                                             : 0;
    }
    return out;
}

Doubles SlowEdges::heads_change(int layer, const std::vector<int> &heads, const Changes &changes, bool base_flipped,
                                const Doubles &replacement, double share) const
{
    const Cache now = cache(base_flipped, changes);
    Change change;
    change.hook = block(layer, "attn.hook_result");
    change.heads = heads;
    change.values = now.at(change.hook);
    add(change.values, share * (replacement - change.values));
    Changes with = changes;
    with.push_back(change);
    const std::string out = block(layer, "hook_attn_out");
    return cache(base_flipped, with).at(out) - now.at(out);
}

Change SlowEdges::at_reader(int reader, const Doubles &stream) const
{
    const EdgeReader at = m_graph.reader(reader);
    Change change;
    change.kind = Intervention::Kind::Add;
    change.values = stream;
    if (at.kind == EdgeReader::Kind::Logits || at.kind == EdgeReader::Kind::Mlp) {
        change.hook = at.kind == EdgeReader::Kind::Mlp ? block(at.layer, "hook_mlp_in")
                                                       : block(m_graph.layers() - 1, "hook_resid_post");
        return change;
    }
    const char letter = "qkv"[int(at.kind)];
    change.hook = block(at.layer, std::string("hook_") + letter + "_input");
    change.heads = {at.head};
    change.per_query_head = letter != 'q' && m_config.grouped();
    const int64_t H = m_config.n_heads, D = m_config.d_model;
    change.values.shape = {stream.shape[0], stream.shape[1], H, D};
    change.values.values.resize(size_t(change.values.stride(0)));
    for (size_t i = 0; i < change.values.values.size(); ++i)
        change.values.values[i] = stream.values[size_t(int64_t(i) / (H * D) * D + int64_t(i) % D)];
    return change;
}

std::vector<double> SlowEdges::edge(Edge edge, bool base_flipped, EdgeReplacement replacement, Metric metric,
                                    double share) const
{
    const EdgeWriter writer = m_graph.writer(edge.writer);
    const std::string hook = hook_of(writer);
    const Doubles other = replaced(hook, base_flipped, replacement);
    const Doubles change = writer.kind == EdgeWriter::Kind::Head
        ? heads_change(writer.layer, {writer.head}, {}, base_flipped, other, share)
        : share * (other - cache(base_flipped).at(hook));
    return measured(metric, base_flipped, {at_reader(edge.reader, change)});
}

std::vector<double> SlowEdges::circuit(const EdgeMask &kept, EdgeReplacement replacement, Metric metric) const
{
    std::map<std::string, Doubles> other;
    for (int w = 0; w < m_graph.writers(); ++w)
        if (const std::string hook = hook_of(m_graph.writer(w)); !other.count(hook))
            other[hook] = replaced(hook, false, replacement);
    Changes changes;
    // From what every writer writes in the run so far: earlier readers have theirs already.
    const auto correct = [&](int reader) {
        const Cache now = cache(false, changes);
        Doubles sum = 0 * now.at("hook_embed");
        std::map<int, std::vector<int>> heads;
        for (int w = 0; w < m_graph.sources(reader); ++w) {
            if (kept[m_graph.cell({w, reader})])
                continue;
            const EdgeWriter writer = m_graph.writer(w);
            if (writer.kind == EdgeWriter::Kind::Head)
                heads[writer.layer].push_back(writer.head);
            else
                add(sum, other.at(hook_of(writer)) - now.at(hook_of(writer)));
        }
        for (const auto &[layer, missing] : heads)
            add(sum, heads_change(layer, missing, changes, false, other.at(block(layer, "attn.hook_result")), 1));
        return at_reader(reader, sum);
    };
    for (int l = 0; l < m_graph.layers(); ++l) {
        Changes here;
        for (int r = m_graph.first_reader(l); r < m_graph.first_reader(l) + 3 * m_graph.heads(); ++r)
            here.push_back(correct(r));
        changes.insert(changes.end(), here.begin(), here.end());
        if (m_graph.mlps())
            changes.push_back(correct(m_graph.first_reader(l) + 3 * m_graph.heads()));
    }
    changes.push_back(correct(m_graph.logits()));
    return measured(metric, false, changes);
}
