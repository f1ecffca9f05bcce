// Running an analysis and telling what came out: shared by analyse and run.
#pragma once

#include "workspace.h"

namespace patchbay::cli {

/// Runs the spec of an analysis, writes it to --out and prints the `top` strongest heads of each quantity. A stopped
/// run of the same spec in resume is continued, where it has cells. Returns 0, or 130 when interrupted: what is
/// finished is written all the same.
int run_analysis_spec(Workspace &work, const RunSpec &spec, const OutputOptions &output, int top, Console &console,
                      const RunResult *resume = nullptr);

} // namespace patchbay::cli
