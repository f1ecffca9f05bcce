#include "controllers/circuit.h"

#include "amounts_text.h"
#include "analysis/analysis.h"
#include "view_models.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

namespace patchbay {

using widgets::HeadId;

namespace {

struct Path {
    HeadId from, to; ///< to: invalid for the logits
    Site site = Site::Z;
    auto operator<=>(const Path &) const = default;
};

struct Measured {
    double effect = 0; ///< in %
    size_t receivers = 0;
    double halfWidth = 0; ///< as GraphEdge has it
};

using Paths = std::map<Path, Measured>;

/// Where a node of a sweep's receivers lies in the circuit's graph; nothing for nodes that are not drawn.
std::optional<Path> pathInto(const Node &node, const QVector<HeadId> &circuit, int layers)
{
    if (node.head < 0)
        return node.site == Site::ResidPost && node.layer == layers - 1 ? std::optional<Path>(Path{}) : std::nullopt;
    const HeadId to{node.layer, node.head};
    return circuit.contains(to) ? std::optional<Path>(Path{{}, to, node.site}) : std::nullopt;
}

/// Adds what a recipe found between the heads of the circuit. Returns the heads that it speaks of.
QVector<HeadId> collectFound(const RunResultPtr &found, const QVector<HeadId> &circuit, Paths &paths)
{
    QVector<HeadId> heads;
    if (!found || !found->summary.is_object() || !found->summary.contains("edges"))
        return heads;
    const widgets::GraphView view = graphView(*found);
    for (const widgets::GraphNode &node : view.nodes)
        heads << node.head;
    for (const widgets::GraphEdge &edge : view.edges)
        if (circuit.contains(edge.from) && (!edge.to.valid() || circuit.contains(edge.to)))
            paths[{edge.from, edge.to, edge.to.valid() ? parse_site(edge.site.toStdString()) : Site::Z}] = {
                edge.effect, 0, edge.halfWidth};
    return heads;
}

/// Adds what one sweep measured between the heads of the circuit, but between those that are known.
void collect(const RunResult &result, const QVector<HeadId> &circuit, int layers, const QVector<HeadId> &known,
             Paths &paths)
{
    if (!result.baseline.shares_make_sense())
        return; // edges are chosen and drawn by their share of the gap
    const Grid &grid = result.grids.front();
    const auto &nodes = result.spec.as<PathPatch>()->receivers.nodes;
    for (const Node &node : nodes) {
        const auto into = pathInto(node, circuit, layers);
        if (!into)
            continue;
        for (const HeadId &from : circuit) {
            if ((into->to.valid() && from.layer >= into->to.layer) || from.layer >= grid.shape[0]
                || from.head >= grid.shape[1]
                || (known.contains(from) && (!into->to.valid() || known.contains(into->to))))
                continue;
            const double effect = normalised(grid, grid.index(from.layer, from.head), result.baseline) * 100;
            Path path = *into;
            path.from = from;
            const auto before = paths.find(path);
            if (std::isnan(effect) || (before != paths.end() && nodes.size() >= before->second.receivers))
                continue;
            const double half = half_width_of(result, grid.name, fromHeadId(from));
            paths[path] = {effect, nodes.size(), std::isnan(half) ? 0 : half};
        }
    }
}

bool isSweepOfHeads(const RunEntry &entry, const Setup &setup)
{
    const PathPatch *path = entry.spec.as<PathPatch>();
    return path && entry.result && path->senders.sweep == Site::Z && !entry.result->grids.empty()
        && entry.result->grids.front().axes == std::vector<std::string>{"layer", "head"}
    && entry.spec.model == setup.model_ref && entry.spec.task == setup.task_ref;
}

} // namespace

CircuitGraph circuitGraph(const QVector<HeadId> &circuit, const RunsStore &store, const HeadRoles &roles,
                          const Setup &setup, double least, const RunResultPtr &found)
{
    CircuitGraph graph;
    if (circuit.isEmpty())
        return graph;
    const int layers = setup.config().n_layers;
    Paths paths;
    const QVector<HeadId> known = collectFound(found, circuit, paths);
    for (const RunEntry &entry : store.entries()) { // newest first
        if (!isSweepOfHeads(entry, setup)
            || (graph.newest
                && (direction_of(entry.spec) != direction_of(graph.newest->spec)
                    || entry.spec.metric != graph.newest->spec.metric)))
            continue;
        if (!graph.newest)
            graph.newest = entry.result;
        collect(*entry.result, circuit, layers, known, paths);
    }
    graph.view.layers = layers;
    graph.view.title = HeadRoles::tr("Circuit of %1").arg(countedText(circuit.size(), "head"));
    if (graph.newest)
        graph.view.title += direction_of(graph.newest->spec) == Direction::Noise ? HeadRoles::tr(", noising")
                                                                                 : HeadRoles::tr(", denoising");
    if (!graph.newest && !paths.empty())
        graph.newest = found;
    for (const HeadId &head : circuit)
        graph.view.nodes << widgets::GraphNode{head, roles.rolesOf(head)};
    for (const auto &[path, measured] : paths)
        if (std::abs(measured.effect) >= least)
            graph.view.edges << widgets::GraphEdge{
                path.from, path.to, path.to.valid() ? QString::fromStdString(name(path.site)) : QString(),
                measured.effect, measured.halfWidth};
    for (const HeadId &head : circuit)
        if (std::none_of(graph.view.edges.cbegin(), graph.view.edges.cend(),
                         [&](const auto &edge) { return edge.from == head; }))
            graph.withoutEffect << head;
    return graph;
}

QVector<HeadId> circuitOf(const RunResult &result)
{
    QVector<HeadId> heads;
    for (const char *key : {"nodes", "roles"}) {
        if (!result.summary.is_object() || !result.summary.contains(key) || !result.summary[key].is_array())
            continue;
        for (const auto &one : result.summary[key])
            if (const std::string head = one.is_object() ? one.value("head", std::string()) : std::string();
                !head.empty())
                heads << toHeadId(parse_head(head));
    }
    std::sort(heads.begin(), heads.end());
    heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
    return heads;
}

} // namespace patchbay
