// Running an analysis and telling what came out: shared by analyse and run.
#pragma once

#include "workspace.h"

namespace patchbay::cli {

/// Runs the spec of an analysis, writes it to --out and prints the `top` strongest heads of each quantity. Returns 0.
int run_analysis_spec(Workspace &work, const RunSpec &spec, const OutputOptions &output, int top, Console &console);

} // namespace patchbay::cli
