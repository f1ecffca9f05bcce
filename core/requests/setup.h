// From a model folder and a task to a session with its baseline: all of it or nothing.
#pragma once

#include "model/trust_report.h"
#include "patching/session.h"

#include <memory>
#include <string>
#include <vector>

namespace patchbay {

/// What is known of a session where it does not compute: values, nothing that computes.
struct Setup {
    ModelRef model_ref;
    TaskRef task_ref;
    TrustReport trust;
    std::vector<PromptPair> pairs;                                      ///< empty for a batch of bare token ids
    std::vector<std::vector<std::string>> clean_tokens, flipped_tokens; ///< per pair, up to END
    std::vector<int> batch_pairs;                                       ///< per prompt of the batch: its index in pairs
    std::vector<std::string> task_notes; ///< of a generated task as a whole: names that are left out
    PromptBatch batch;
    Baseline baseline;
    std::string groups_note; ///< Session::groups_note()
    std::string arithmetic;  ///< Session::arithmetic()
    std::string no_prompts;  ///< why there are none: the task is text, and the model has no tokenizer. Empty: there are
    const ModelConfig &config() const { return trust.config; }
};

/// A setup with what computes on it.
struct SetUp {
    SetupPtr setup;
    std::shared_ptr<const Model> model;
    std::unique_ptr<Session> session; ///< null where there are no prompts
};

/// Loads the model, unless `loaded` (may be null) is of the same folder and processing, then the task, and runs the
/// baseline. A model without a tokenizer is set up without prompts where the task is text. Tells Progress. Throws Error
/// and Cancelled.
SetUp set_up(const ModelRef &model, const TaskRef &task, std::shared_ptr<const Model> loaded, const Tell &tell,
             const CancelToken &cancel, const Resources &resources = {});

} // namespace patchbay
