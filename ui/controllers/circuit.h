// The circuit that the user puts together, as a graph: its heads with their roles, and the paths between them that were
// measured.
#pragma once

#include "controllers/head_roles.h"
#include "views.h"

namespace patchbay {

struct CircuitGraph {
    widgets::GraphView view;
    RunResultPtr newest;                    ///< the newest of the runs that the edges come from; null without edges
    QVector<widgets::HeadId> withoutEffect; ///< heads that no measured path leads out of
};

/// Edges come from the path patching sweeps in the store, of the open model and task and of one direction (the newest
/// sweep's): from every head of the circuit into the receivers that are in it, and into the final residual stream.
/// Where several sweeps measured the same path, the one with the fewest receivers counts, and of those the newest.
/// Smaller effects than `least` (in %) are left out. found: a circuit with its own edges, from a recipe (or null):
/// between its heads those stand, so that graph and table say the same.
CircuitGraph circuitGraph(const QVector<widgets::HeadId> &circuit, const RunsStore &store, const HeadRoles &roles,
                          const Setup &setup, double least, const RunResultPtr &found = {});

/// The heads that a result names as a circuit or gives roles to; empty for other results.
QVector<widgets::HeadId> circuitOf(const RunResult &result);

} // namespace patchbay
