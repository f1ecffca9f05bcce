// The analyses of edges and circuits from the command line: options that both commands have, and their run.
#pragma once

#include "edges/graph.h"
#include "sweep.h"
#include "usage_error.h"
#include "workspace.h"

#include <string>

namespace patchbay::cli {

/// Runs an analysis of edges or circuits with progress. Stopped early it has what is finished (complete = false).
/// Throws Error, Cancelled.
RunResult run_edge_analysis(Workspace &work, const std::string &analysis, const std::vector<Head> &heads,
                            const nlohmann::json &options, const std::string &metric, Console &console,
                            const RunResult *resume = nullptr);

/// A summary without what names rows, columns and tables: for --json.
nlohmann::ordered_json short_summary(const RunResult &result);

/// The arrays that a result's grid of exact edges stands for: exact [writers, readers, prompts], NaN where not
/// computed.
void spread_exact(RunResult &result, const EdgeGraph &graph);

/// Throws UsageError unless the file ends in .json.
void check_json(const std::string &option, const std::string &file);

} // namespace patchbay::cli
