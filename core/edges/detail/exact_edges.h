// Exact values of edges: a cell of a sweep for each.
#pragma once

#include "edges/detail/writers.h"
#include "edges/scores.h"
#include "patching/detail/session_impl.h"

namespace patchbay::detail {

/// What one edge changes: its writer's change is added to what its reader reads.
Edit edge_edit(const EdgeGraph &graph, int reader, at::Tensor change, std::shared_ptr<const RowMap> rows);

/// The run in which each edge in turn, alone, carries the replacement instead of the base run's value. estimates: of
/// each edge, in the metric's unit; they decide the order, best first. empty: what is there before the first cell; the
/// grid is added. What the observer names must outlive the run.
std::unique_ptr<RunSteps> begin_exact_edges(Session::Impl &in, const std::vector<Edge> &edges,
                                            const std::vector<float> &estimates, const EdgeEstimate &what,
                                            RunResult empty, const RunObserver &observer, const CancelToken &cancel);

} // namespace patchbay::detail
