#include "edges/circuit.h"

#include "base/error.h"
#include "base/json_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>

namespace patchbay {

namespace {

float weight(float score, EdgeOrder order)
{
    return std::isnan(score)          ? -std::numeric_limits<float>::infinity()
        : order == EdgeOrder::Size    ? std::abs(score)
        : order == EdgeOrder::Highest ? score
                                      : -score;
}

} // namespace

int64_t count(const EdgeMask &kept)
{
    return std::count_if(kept.begin(), kept.end(), [](uint8_t one) { return one != 0; });
}

std::vector<Edge> ranked_edges(const EdgeGraph &graph, std::span<const float> scores, EdgeOrder by)
{
    std::vector<std::pair<float, size_t>> order;
    for (int w = 0; w < graph.writers(); ++w)
        for (int r = 0; r < graph.readers(); ++r)
            if (graph.is_edge({w, r}))
                order.emplace_back(-weight(scores[graph.cell({w, r})], by), graph.cell({w, r}));
    std::sort(order.begin(), order.end());
    std::vector<Edge> out;
    for (const auto &[score, cell] : order)
        out.push_back(graph.edge(cell));
    return out;
}

EdgeMask top_edges(const EdgeGraph &graph, std::span<const float> scores, int64_t n, EdgeOrder by)
{
    const std::vector<Edge> order = ranked_edges(graph, scores, by);
    EdgeMask kept(graph.cells());
    for (size_t i = 0; i < std::min(order.size(), size_t(std::max<int64_t>(n, 0))); ++i)
        kept[graph.cell(order[i])] = 1;
    return kept;
}

EdgeMask greedy_edges(const EdgeGraph &graph, std::span<const float> scores, int64_t n, EdgeOrder order)
{
    using Candidate = std::pair<float, size_t>; // best first, then the smaller index
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> open;
    std::vector<bool> in(size_t(graph.writers()));
    const auto open_reader = [&](int reader) {
        for (int w = 0; w < graph.sources(reader); ++w)
            open.emplace(-weight(scores[graph.cell({w, reader})], order), graph.cell({w, reader}));
    };
    open_reader(graph.logits());
    EdgeMask kept(graph.cells());
    for (; n > 0 && !open.empty(); --n) {
        const size_t cell = open.top().second;
        open.pop();
        kept[cell] = 1;
        const int writer = graph.edge(cell).writer;
        if (in[size_t(writer)])
            continue;
        in[size_t(writer)] = true;
        const EdgeWriter node = graph.writer(writer);
        if (node.kind == EdgeWriter::Kind::Mlp)
            open_reader(graph.index(EdgeReader{EdgeReader::Kind::Mlp, node.layer, -1}));
        else if (node.kind == EdgeWriter::Kind::Head)
            for (int part = 0; part < 3; ++part)
                open_reader(graph.index(EdgeReader{EdgeReader::Kind(part), node.layer, node.head}));
    }
    return kept;
}

EdgeMask edges_above(const EdgeGraph &graph, std::span<const float> scores, double threshold, EdgeOrder order)
{
    EdgeMask kept = graph.real();
    for (size_t i = 0; i < kept.size(); ++i)
        kept[i] = kept[i] && double(weight(scores[i], order)) >= threshold;
    return kept;
}

EdgeMask edges_among(const EdgeGraph &graph, const std::vector<std::pair<int, int>> &heads, bool mlps)
{
    std::vector<bool> in(size_t(graph.writers()));
    in[0] = true;
    for (const auto &[layer, head] : heads)
        in[size_t(graph.index(EdgeWriter{EdgeWriter::Kind::Head, layer, head}))] = true;
    for (int l = 0; mlps && graph.mlps() && l < graph.layers(); ++l)
        in[size_t(graph.index(EdgeWriter{EdgeWriter::Kind::Mlp, l, -1}))] = true;
    EdgeMask kept = graph.real();
    for (size_t i = 0; i < kept.size(); ++i) {
        const Edge edge = graph.edge(i);
        const int reads = graph.node(edge.reader);
        kept[i] = kept[i] && in[size_t(edge.writer)] && (reads < 0 || in[size_t(reads)]);
    }
    return kept;
}

EdgeMask pruned(const EdgeGraph &graph, EdgeMask kept)
{
    std::vector<Edge> left;
    for (size_t i = 0; i < kept.size(); ++i)
        if (kept[i])
            left.push_back(graph.edge(i));
    for (;;) {
        std::vector<bool> reads(size_t(graph.writers())), writes(size_t(graph.writers()));
        reads[0] = true;
        for (const Edge edge : left) {
            writes[size_t(edge.writer)] = true;
            if (const int node = graph.node(edge.reader); node >= 0)
                reads[size_t(node)] = true;
        }
        const size_t before = left.size();
        std::erase_if(left, [&](Edge edge) {
            const int node = graph.node(edge.reader);
            const bool goes = !reads[size_t(edge.writer)] || (node >= 0 && !writes[size_t(node)]);
            if (goes)
                kept[graph.cell(edge)] = 0;
            return goes;
        });
        if (left.size() == before)
            return kept;
    }
}

double estimated_faithfulness(const EdgeGraph &graph, std::span<const float> scores, const EdgeMask &kept)
{
    std::vector<int> nodes(size_t(graph.readers()));
    for (int r = 0; r < graph.readers(); ++r)
        nodes[size_t(r)] = graph.node(r) >= 0 ? graph.node(r) : graph.writers();
    // Of what each node reads, what there is in sum and what of it still arrives; the logits come last.
    std::vector<double> all(size_t(graph.writers()) + 1), arrives(all.size());
    all[0] = arrives[0] = 1;
    // Where scores of both signs nearly cancel, their share is no guide: no node passes on much more than all.
    constexpr double most = 1.5;
    const auto share = [&](size_t node) {
        return all[node] != 0 ? std::clamp(arrives[node] / all[node], 0.0, most) : 0;
    };
    for (int w = 0; w < graph.writers(); ++w) { // what a writer reads comes from writers before it
        const double whole = share(size_t(w));
        for (size_t i = graph.cell({w, 0}), r = 0; r < nodes.size(); ++i, ++r) {
            const double score = std::isfinite(scores[i]) ? double(scores[i]) : 0;
            all[size_t(nodes[r])] += score;
            if (kept[i])
                arrives[size_t(nodes[r])] += score * whole;
        }
    }
    return share(all.size() - 1);
}

EdgeMask complement(const EdgeGraph &graph, const EdgeMask &kept)
{
    return subtracted(graph.real(), kept);
}

EdgeMask united(const EdgeMask &a, const EdgeMask &b)
{
    EdgeMask out = a;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = a[i] || b[i];
    return out;
}

EdgeMask intersected(const EdgeMask &a, const EdgeMask &b)
{
    EdgeMask out = a;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = a[i] && b[i];
    return out;
}

EdgeMask subtracted(const EdgeMask &a, const EdgeMask &b)
{
    EdgeMask out = a;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = a[i] && !b[i];
    return out;
}

EdgeMask without_node(const EdgeGraph &graph, EdgeMask kept, int writer)
{
    for (size_t i = 0; i < kept.size(); ++i)
        if (const Edge edge = graph.edge(i); edge.writer == writer || graph.node(edge.reader) == writer)
            kept[i] = 0;
    return kept;
}

std::vector<int> nodes_of(const EdgeGraph &graph, const EdgeMask &kept)
{
    std::vector<bool> in(size_t(graph.writers()));
    for (size_t i = 0; i < kept.size(); ++i)
        if (kept[i]) {
            const Edge edge = graph.edge(i);
            in[size_t(edge.writer)] = true;
            if (const int node = graph.node(edge.reader); node >= 0)
                in[size_t(node)] = true;
        }
    std::vector<int> out;
    for (int w = 0; w < graph.writers(); ++w)
        if (in[size_t(w)])
            out.push_back(w);
    return out;
}

double jaccard(const EdgeMask &a, const EdgeMask &b)
{
    const int64_t all = count(united(a, b));
    return all == 0 ? 1 : double(count(intersected(a, b))) / double(all);
}

EdgeMask parse_edges(const EdgeGraph &graph, std::string_view names)
{
    EdgeMask kept(graph.cells());
    constexpr std::string_view between = ", \t\r\n";
    for (size_t at = names.find_first_not_of(between); at != std::string_view::npos;) {
        const size_t end = std::min(names.find_first_of(between, at), names.size());
        const std::string_view name = names.substr(at, end - at);
        const std::optional<Edge> edge = graph.find(name);
        if (!edge)
            throw Error("edges",
                        in_quotes(name)
                            + " is no edge of this model; edges are written as a0.h1->m0, "
                              "input->a3.h4<k> or m2->logits");
        kept[graph.cell(*edge)] = 1;
        at = names.find_first_not_of(between, end);
    }
    return kept;
}

std::string edge_names(const EdgeGraph &graph, const EdgeMask &kept)
{
    std::string out;
    for (size_t i = 0; i < kept.size(); ++i)
        if (kept[i])
            out += (out.empty() ? "" : ",") + graph.name(graph.edge(i));
    return out;
}

namespace {

std::vector<double> ranks(std::span<const double> values)
{
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
    std::vector<double> out(values.size());
    for (size_t i = 0; i < order.size();) {
        size_t end = i + 1;
        while (end < order.size() && values[order[end]] == values[order[i]])
            ++end;
        for (size_t j = i; j < end; ++j)
            out[order[j]] = (double(i) + double(end - 1)) / 2;
        i = end;
    }
    return out;
}

} // namespace

double rank_correlation(std::span<const double> a, std::span<const double> b)
{
    const auto unknown = [](double value) { return std::isnan(value); };
    if (std::any_of(a.begin(), a.end(), unknown) || std::any_of(b.begin(), b.end(), unknown))
        return std::numeric_limits<double>::quiet_NaN();
    const std::vector<double> ra = ranks(a), rb = ranks(b);
    const double middle = (double(a.size()) - 1) / 2;
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < ra.size(); ++i) {
        ab += (ra[i] - middle) * (rb[i] - middle);
        aa += (ra[i] - middle) * (ra[i] - middle);
        bb += (rb[i] - middle) * (rb[i] - middle);
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
}

int64_t edges_at(const EdgeGraph &graph, double share)
{
    return int64_t(share * double(graph.edges()));
}

double trapezoids(std::span<const double> x, std::span<const double> y)
{
    double area = 0;
    for (size_t i = 1; i < x.size(); ++i)
        area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
    return area;
}

double cpr(std::span<const double> shares, std::span<const double> faithfulness)
{
    return trapezoids(shares, faithfulness);
}

double cmd(std::span<const double> shares, std::span<const double> faithfulness)
{
    std::vector<double> missing;
    for (const double f : faithfulness)
        missing.push_back(std::abs(1 - f));
    return trapezoids(shares, missing);
}

} // namespace patchbay
