// The arrays in which results hold edges: their names, each said once, and the one reader of exact values.
#pragma once

#include "edges/graph.h"
#include "patching/run_result.h"

#include <functional>
#include <vector>

namespace patchbay {

/// 1 where an edge exists, [writers, readers]; the shares of a curve of faithfulness, [points].
inline constexpr const char *real_edges_array = "real_edges", *curve_shares_array = "curve.share";

/// The grid of exact edges: one cell for each of a list, which stands in the array of the same name with ".index",
/// [cells, 2]: writer, reader.
inline constexpr const char *edge_grid = "edge", *edge_index = "edge.index";

/// The name of the array of estimates, [writers, readers], that a result has: "scores.eap-ig"; empty without.
std::string estimates_array(const RunResult &result);

/// Calls read for every edge that was computed exactly, with its cell of the grid. None where the result has no such
/// grid, or an index that does not fit it; cells that are no edges of this graph are left out.
void each_exact_edge(const RunResult &result, const EdgeGraph &graph,
                     const std::function<void(Edge edge, const Grid &grid, int cell)> &read);
/// What exact edges do to the metric's mean, in its unit: [writers, readers], NaN where not computed.
std::vector<float> exact_changes(const RunResult &result, const EdgeGraph &graph);

} // namespace patchbay
