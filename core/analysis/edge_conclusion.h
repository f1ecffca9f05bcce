// What a result of edges comes to, from its numbers alone: the table that people read, and how well estimates agree
// with exact values.
#pragma once

#include "edges/graph.h"
#include "patching/run_result.h"

#include <vector>

namespace patchbay {

/// Spearman's rank correlation of estimates [cells], in the metric's unit, and the exact cells of a grid; NaN where
/// there are too few.
double rank_correlation(const Grid &grid, const std::vector<float> &estimates, const Baseline &baseline);

/// Writes "columns", "rows", "conclusion" and, of exact edges, "rank_correlation" into the summary, from the result's
/// arrays and its grid of exact edges.
void conclude_edges(RunResult &result, const EdgeGraph &graph);

} // namespace patchbay
