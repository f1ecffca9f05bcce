// Running specs and telling what came out: shared by act-patch, path-patch, attribution and run.
#pragma once

#include "workspace.h"

#include <vector>

namespace patchbay::cli {

struct SweepOptions {
    bool estimates = false;
    int top = 10;
    std::string metric = metrics().front().name;
    bool keep_end = false;
    std::string project; ///< a project file that the run is recorded in; empty: none

    void add(CLI::App &app);
    /// --metric alone.
    void add_metric(CLI::App &app);
    /// Whether --metric was given.
    bool asks_for_metric() const { return m_metric && m_metric->count() > 0; }

private:
    CLI::Option *m_metric = nullptr;
};

/// Runs the specs one after the other on one session into one result (the spec of the first), writes it to --out and
/// prints it. A result of the same first spec in resume is continued. Returns 0, or 130 when interrupted: what is
/// finished is written all the same.
int run_specs(Workspace &work, const std::vector<RunSpec> &specs, const OutputOptions &output,
              const SweepOptions &sweep, Console &console, const RunResult *resume = nullptr);

} // namespace patchbay::cli
