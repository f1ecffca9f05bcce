// A run of the command line, recorded in a project while it is computed.
#pragma once

#include "console.h"
#include "project/recorder.h"

#include <memory>

namespace patchbay::cli {

class ProjectRunWriter {
public:
    /// Opens the project, or makes it. Throws Error.
    ProjectRunWriter(const std::filesystem::path &project, const RunSpec &spec, Console &console);
    /// For the run's events.
    Tell tell() { return m_recorder->listener(m_row.id); }
    /// Writes how it ended. Throws Error where the project could not be written.
    void finish(const RunResult &result);

private:
    ProjectRun m_row;
    std::unique_ptr<Recorder> m_recorder;
};

} // namespace patchbay::cli
