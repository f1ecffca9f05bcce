// What the analysis of a circuit tells of it beside its run.
#pragma once

#include "analysis/detail/readings.h"
#include "edges/circuit.h"

namespace patchbay::detail {

/// What a circuit is made of.
struct MadeCircuit {
    EdgeMask kept;
    std::vector<float> scores; ///< changes of the metric; empty: none were needed
    int64_t asked = -1;        ///< edges, before pruning; −1: not asked by number
};

/// Each of these writes arrays and a part of the summary. Throws Error naming an option, Cancelled.
/// What each node's loss costs the circuit: the metric without it less the metric with it (its mean).
void write_minimality(AnalysisRun &run, const EdgeGraph &graph, const MadeCircuit &made, double with);
/// Circuits of growing size by these scores.
void write_curve(AnalysisRun &run, const std::vector<float> &scores);
/// The strongest edges as a table.
void write_edges(AnalysisRun &run, const EdgeGraph &graph, const MadeCircuit &made);
/// Stability: which edges and heads are chosen when other prompts had been drawn.
void write_inclusion(AnalysisRun &run, const EdgeGraph &graph, const MadeCircuit &made);

Array values_of(const std::vector<float> &values);
/// "0.95", "not defined".
std::string faithfulness_text(double value);
/// Null where it is not finite.
nlohmann::json number_or_null(double value);

} // namespace patchbay::detail
