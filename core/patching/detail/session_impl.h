// The inside of a Session, shared by the files that implement its methods.
#pragma once

#include "base/signals.h"
#include "patching/detail/attribution.h"
#include "patching/detail/head_entry.h"
#include "patching/detail/kept_ends.h"
#include "patching/detail/passes.h"
#include "patching/detail/prompt_groups.h"
#include "patching/detail/scheduler.h"
#include "patching/session.h"

#include <map>

namespace patchbay {

/// What a run's estimates are of.
inline detail::Terms terms_of(const RunSpec &spec)
{
    return {base_is_flipped(spec), ablation_of(spec) == Ablation::Zero, metric_of(spec)};
}

struct Session::Impl {
    Impl(std::shared_ptr<const Model> model, PromptBatch batch, const Resources &resources);

    /// Every entry from outside begins with this: thread counts and the mask of signals belong to the calling thread.
    [[nodiscard]] SignalsHeldOff enter() const;
    const Baseline &baseline(Metric metric, const CancelToken &cancel);
    /// Packed rows of a group's cells that fit their share of the memory budget, when floats more are kept for each.
    int64_t rows_at_once(size_t floats_besides = 0) const;
    /// For cells that change nothing before first [prompts]; null where it does not apply or would take more than a
    /// quarter of the budget.
    std::unique_ptr<detail::HeadEntry> head_entry(const detail::BatchRuns &runs, bool base_flipped,
                                                  const std::vector<int> &first) const;
    /// Schedule::scale, for the device.
    double chunk_scale() const;
    /// Not where they are computed on the processor for cells of a faster device: those would wait for them.
    bool estimates_first() const { return chunk_scale() == 1; }
    /// RunResult::computed_on. covered: of what a device computes.
    std::string computed_on(bool covered) const;
    /// A batch in several groups is computed anew for each chunk of cells: this much work makes that worth while.
    double least_chunk_flops() const;
    /// The metric in the base run, [prompts], once its baseline is there.
    const std::vector<float> &base_values(Metric metric, bool flipped) const
    {
        const Baseline &baseline = baselines.at(metric);
        return flipped ? baseline.flipped : baseline.clean;
    }
    /// What was asked for, without weights yet. Throws Error for a head that is not there.
    std::vector<AttentionPattern> empty_patterns(const std::vector<AttentionOf> &wanted) const;
    /// Pattern of a prompt of a group whose runs are there, [END + 1, END + 1]. From any thread.
    std::vector<float> attention_weights(const detail::BatchRuns &runs, Head head, bool flipped_run, AttentionKind kind,
                                         int prompt) const;

    RunResult begin(const RunSpec &spec, const detail::SweepPlan &sweep) const;
    /// What of a sweep can be read from kept streams.
    std::vector<detail::Schedule::Derived> derived(const RunSpec &spec, size_t plans) const;
    std::unique_ptr<RunSteps> begin_activation(const RunSpec &spec, const RunObserver &observer,
                                               const CancelToken &cancel);
    std::unique_ptr<RunSteps> begin_path(const RunSpec &spec, const RunObserver &observer);
    std::unique_ptr<RunSteps> begin_attribution(const RunSpec &spec, const RunObserver &observer,
                                                const CancelToken &cancel);
    /// Under which what a run's passes read their metric from is kept; empty: it is not, of a part of a run.
    static std::string kept_key(const RunSpec &spec, const RunObserver &observer)
    {
        return observer.share ? std::string() : detail::KeptEnds::key(spec);
    }
    /// Runs a pass over cells of a sweep on one group, and keeps what it reads its metric from.
    template <class Pass>
    std::vector<float> keeping_ends(const std::string &key, int group, const std::vector<int> &cells, const Pass &pass)
    {
        detail::EndRows rows;
        const bool keeps = ends.keeps() && !key.empty();
        std::vector<float> values = pass(keeps ? &rows : nullptr);
        if (keeps)
            ends.add(key, {group, cells, std::move(rows)});
        return values;
    }
    /// Schedule::begin, where a device computes and the batch is in one group: begin(piece, cancel) of one of the
    /// pieces into which rows(cell) and floats_besides cut a chunk. key: keeping_ends().
    std::function<std::function<std::vector<float>()>(const std::vector<int> &, const CancelToken &)> begin_chunk(
        std::string key, std::function<int64_t(int)> rows, size_t floats_besides,
        std::function<detail::Begun(const std::vector<int> &piece, const CancelToken &)> begin);
    /// Normalised estimates of every plan by attribution patching.
    std::vector<float> estimate_activation(const RunSpec &spec, const detail::SweepPlan &sweep,
                                           const CancelToken &cancel);

    std::shared_ptr<const Model> model;
    PromptBatch batch;
    Resources resources;
    std::shared_ptr<const detail::EngineModel> engine;
    detail::PromptGroups groups;
    detail::Workspace work;
    detail::KeptEnds ends;
    std::map<Metric, Baseline> baselines; ///< those that were asked for
};

} // namespace patchbay
