// The inside of a Session, shared by the files that implement its methods.
#pragma once

#include "base/signals.h"
#include "patching/detail/batch_runs.h"
#include "patching/detail/head_entry.h"
#include "patching/detail/scheduler.h"
#include "patching/session.h"

namespace patchbay {

struct Session::Impl {
    Impl(std::shared_ptr<const Model> model, PromptBatch batch, const Resources &resources);

    /// Every entry from outside begins with this: thread counts and the mask of signals belong to the calling thread.
    [[nodiscard]] SignalsHeldOff enter() const;
    const Baseline &baseline(const CancelToken &cancel);
    /// Packed rows that fit the memory budget beside the cached runs and what else is kept.
    int64_t rows_at_once(size_t kept_besides) const;
    /// For cells that change nothing before first [prompts]; null where it does not apply or would take more than a
    /// quarter of the budget.
    std::unique_ptr<detail::HeadEntry> head_entry(bool base_flipped, const std::vector<int> &first) const;

    RunResult begin(const RunSpec &spec, const detail::SweepPlan &sweep) const;
    std::unique_ptr<RunSteps> begin_activation(const RunSpec &spec, const RunObserver &observer);
    std::unique_ptr<RunSteps> begin_path(const RunSpec &spec, const RunObserver &observer);
    std::unique_ptr<RunSteps> begin_attribution(const RunSpec &spec, const RunObserver &observer);
    /// Normalised estimates of every plan by attribution patching.
    std::vector<float> estimate_activation(const RunSpec &spec, const detail::SweepPlan &sweep,
                                           const CancelToken &cancel);

    std::shared_ptr<const Model> model;
    PromptBatch batch;
    Resources resources;
    std::shared_ptr<const detail::EngineModel> engine;
    detail::BatchRuns runs;
    detail::Workspace work;
    std::optional<Baseline> cached_baseline;
};

} // namespace patchbay
