// What results know of edges: estimates and exact values on one graph, in the metric's unit and as people read them.
#pragma once

#include "edges/circuit.h"
#include "edges/scores.h"
#include "patching/run_result.h"

#include <QString>

#include <optional>
#include <vector>

namespace patchbay {

/// How edges are scored: what a run of the analysis asks for.
struct EdgeChoice {
    EdgeMethod method = EdgeMethod::EapIg;
    Direction direction = Direction::Noise;
    EdgeReplacement replacement = EdgeReplacement::Patching;
    std::string metric = metrics().front().name;
    bool operator==(const EdgeChoice &) const = default;
};
/// Of a run of the analysis "edges" or "circuit"; nothing for others.
std::optional<EdgeChoice> edgeChoiceOf(const RunSpec &spec);
/// The run that scores all edges so; exact: that computes these edges (edge_names).
RunSpec edgesSpec(const EdgeChoice &choice, const std::string &exact = {});

struct EdgeNumbers {
    EdgeGraph graph;
    EdgeChoice choice;
    int steps = 5;
    std::vector<float> estimates; ///< [writers, readers] in the metric's unit; empty: there are none
    std::vector<float> exact;     ///< the same; NaN where it was not computed
    double scale = 1;             ///< what is divided by, for effects
    EffectUnit unit;
    EdgeOrder keeping = EdgeOrder::Lowest; ///< the order of a signed choice
    bool isExact(size_t cell) const { return !std::isnan(exact[cell]); }
    /// Exact where it is known, else the estimate; NaN without either.
    float best(size_t cell) const { return isExact(cell) || estimates.empty() ? exact[cell] : estimates[cell]; }
    /// As people read it, in unit.symbol.
    double shown(float value) const { return double(value) / scale * unit.factor; }
    int64_t exactCount() const;
    /// "EAP-IG (inputs)"; what a file's scores are called.
    QString estimateName() const;
};

/// Whether a result is about edges.
bool hasEdges(const RunResult &result);
/// The graph that a result is about, from its names of rows and columns. Throws Error where these are none.
EdgeGraph graphOf(const RunResult &result);
/// Nothing for results without scores or exact values of edges.
std::optional<EdgeNumbers> edgeNumbers(const RunResult &result);
/// Takes over the exact values of another result of the same graph and choice.
void addExact(EdgeNumbers &numbers, const RunResult &result);
/// The circuit that a result of the analysis "circuit" ran; nothing for others.
std::optional<EdgeMask> circuitMask(const RunResult &result);
/// "412 edges, 61 nodes".
QString sizeText(const EdgeGraph &graph, const EdgeMask &kept);

} // namespace patchbay
