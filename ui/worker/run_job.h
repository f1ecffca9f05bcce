// A sweep on the compute thread, with its unfinished result sent to the GUI as snapshots.
#pragma once

#include "patching/session.h"
#include "worker/job.h"

#include <functional>
#include <memory>

namespace patchbay {

struct RunRequest {
    RunSpec spec;
    RunResultPtr resume;                       ///< a stopped run of the same spec; may be null
    std::shared_ptr<const PriorityHint> priority; ///< the head under the mouse; may be null
};

/// Called on the GUI thread, at most 20 times a second; the last snapshot is the job's result.
struct RunNews {
    std::function<void(RunResultPtr)> snapshot;
    std::function<void(int done, int total)> progress;
};

/// Throws Error, also where no model or task is there yet.
RunResultPtr runOnWorker(Workbench &bench, const JobContext &context, const RunRequest &request, const RunNews &news);

/// [grid][cell] bootstrap half-widths: too slow for the GUI thread on large grids.
std::vector<std::vector<double>> halfWidthsOnWorker(const JobContext &context, const RunResult &result);

} // namespace patchbay
