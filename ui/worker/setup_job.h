// From a model folder and a task to a session with its baseline: all of it or nothing.
#pragma once

#include "patching/session.h"
#include "worker/job.h"

#include <QString>

#include <functional>
#include <memory>
#include <vector>

namespace patchbay {

struct SetupRequest {
    ModelRef model;
    TaskRef task;
};

/// What the GUI knows of a session: immutable copies.
struct Setup {
    ModelRef model_ref;
    TaskRef task_ref;
    std::shared_ptr<const Model> model;
    std::vector<PromptPair> pairs; ///< empty for a batch of bare token ids
    std::vector<std::vector<std::string>> clean_tokens, flipped_tokens; ///< per pair, up to END
    std::vector<int> batch_pairs;  ///< per prompt of the batch: its index in pairs
    PromptBatch batch;
    Baseline baseline;
};
using SetupPtr = std::shared_ptr<const Setup>;

/// progress: (share done, what is being done), on the GUI thread. The workbench keeps what it had when this throws.
SetupPtr setUpOnWorker(Workbench &bench, const JobContext &context, const SetupRequest &request,
                       const std::function<void(double, QString)> &progress);

} // namespace patchbay
