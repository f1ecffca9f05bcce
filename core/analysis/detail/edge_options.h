// What the analyses of edges and of circuits share: their parameters, and what both tell of a graph.
#pragma once

#include "analysis/detail/readings.h"
#include "edges/scores.h"

#include <string>
#include <vector>

namespace patchbay::detail {

/// "steps" and "ablate", and method under this key (its choices the ways to estimate edges, and more).
std::vector<Parameter> estimate_parameters(const char *method, const std::string &method_help,
                                           const std::vector<std::string> &more = {});
/// "ablate" alone.
Parameter replacement_parameter();
/// What a spec asks for; method: the key that names it. Throws Error naming the option.
EdgeEstimate estimate_of(const AnalysisRun &run, const std::string &method);
EdgeReplacement replacement_of(const Analysis &analysis);
/// By size, or signed where "signed" is set.
EdgeOrder order_of(const AnalysisRun &run);

/// Scores of a run, with arrays scores.<method>, its standard errors and, where they are there, values per prompt.
EdgeScores estimated_edges(AnalysisRun &run, const EdgeEstimate &what, double share_of_progress);
/// real_edges, and in the summary the names of rows and columns.
void describe_graph(AnalysisRun &run, const EdgeGraph &graph);
/// [writers, readers]
Array edge_array(const EdgeGraph &graph, const std::vector<float> &values);
Array edge_array(const EdgeGraph &graph, const EdgeMask &mask);
/// Of those that both analyses yield.
std::vector<Quantity> edge_quantities();

} // namespace patchbay::detail
