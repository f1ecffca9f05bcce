// A model with a batch of prompts, ready to be patched: the one door through which the GUI, the command line, recipes
// and tests compute.
#pragma once

#include "base/cancel.h"
#include "base/memory.h"
#include "model/model.h"
#include "nouns/precision.h"
#include "patching/event.h"
#include "patching/run_share.h"
#include "spec/run_spec.h"
#include "task/prompts.h"

#include <memory>
#include <mutex>
#include <optional>

namespace patchbay {

struct Resources {
    int threads = 0; ///< 0: all cores that it may use (one for tiny models, where handing work over costs more)
    /// Bytes above the weights that sweeps may use. The cached runs of all prompts may take a half of it; prompts whose
    /// runs take more are computed in groups, one after the other, at least one prompt at a time.
    size_t memory_budget = default_memory_budget();
    /// Where runs, activation patching and path patching are computed: as device_named() takes it. What else there is
    /// (gradients, edges, the analyses' own arithmetic) is computed on the processor, from the device's runs.
    std::string device = "cpu";
    /// Of products with weights in sweeps and the cached runs; none: what this processor does best (precision_for).
    std::optional<Precision> precision = {};
    /// Bytes, and at most an eighth of the memory budget besides, that END's final streams of patched runs may take:
    /// with them another metric of a finished run needs no patching.
    size_t kept_ends = size_t(512) << 20;
    /// Bytes that layers of a model whose weights are kept in 16 bits may take in float32, beside the last one.
    size_t widened_bytes = size_t(1) << 30;
};

/// Which cells to compute next, set from any thread while a run is going on; honoured at the next chunk.
class PriorityHint {
public:
    void want(std::optional<Head> head);
    std::optional<Head> wanted() const;

private:
    mutable std::mutex m_mutex;
    std::optional<Head> m_head;
};

/// What a run is told and whom it tells. Events come from the thread that computes.
struct RunObserver {
    Tell tell = {};
    const PriorityHint *priority = nullptr;
    /// Cells that need not be computed again: a stopped run of the same spec (continue later). May be null.
    const RunResult *resume = nullptr;
    /// Of the cells, these alone; where a cell's prompts are not all of them, it stays Missing, with the values of
    /// those that are. May be null: all of them.
    const RunShare *share = nullptr;
    /// Told of every chunk of cells before its turn, in the order of the run, also of those that nothing is computed
    /// of.
    std::function<void(const std::vector<PlannedCell> &)> planned = {};
    bool estimates = true; ///< attribution patching first, for order and for the estimated cells
    /// Called between two parts by what computes many of them at one go. The session may be used meanwhile, but for no
    /// other such run. Throws nothing.
    std::function<void()> between = {};
};

/// A run on its way. It computes a part at a time, so that its thread can do other things in between.
class RunSteps {
public:
    virtual ~RunSteps() = default;
    /// Computes the next part (of a sweep, a chunk of cells); false once there is nothing left to do. A run that is
    /// cancelled ends with what it has, complete = false. The first step tells Started, the last one Done. Throws
    /// Error.
    virtual bool step(const CancelToken &cancel = {}) = 0;
    /// What there is so far: after the last step, the result.
    virtual RunResult &result() = 0;
};

/// Attention of one head: [prompts][dest, source], rows up to END.
struct AttentionPattern {
    Head head;
    std::vector<int> sizes;                  ///< rows = columns of each prompt (END + 1)
    std::vector<std::vector<float>> weights; ///< [prompt] -> size * size, row = destination
};
enum class AttentionKind { Plain, ValueWeighted };

/// Whose attention, in which of the two runs.
struct AttentionOf {
    Head head;
    bool flipped = false;
    AttentionKind kind = AttentionKind::Plain;
};

/// Reads a session's cached runs from any thread, also while the session computes; keeps them alive.
class AttentionReader {
public:
    virtual ~AttentionReader() = default;
    /// As Session::attention.
    virtual std::vector<AttentionPattern> attention(const std::vector<AttentionOf> &wanted,
                                                    const CancelToken &cancel = {}) const = 0;
};

/// Not thread-safe: owned by one worker thread.
class Session {
public:
    /// Throws Error when the batch does not fit the model (token ids, context).
    Session(std::shared_ptr<const Model> model, PromptBatch batch, const Resources &resources = {});
    ~Session();

    const Model &model() const;
    std::shared_ptr<const Model> model_ptr() const;
    const PromptBatch &batch() const;
    const Resources &resources() const;
    /// Of products with weights: what is used, and what they are computed in, for people.
    Precision precision() const;
    const std::string &arithmetic() const;
    /// RunResult::computed_on of what devices do not cover (covered: of what they do).
    std::string computed_on(bool covered = false) const;
    /// Into how many groups of prompts the memory budget splits the batch, and why, for people; empty: it does not.
    std::string groups_note() const;

    /// Runs both batches once and keeps what sweeps start from, as far as the memory budget goes. Later calls are free.
    const Baseline &baseline(const CancelToken &cancel = {}) { return baseline(Metric::LogitDiff, cancel); }
    /// The same with another metric's values.
    const Baseline &baseline(Metric metric, const CancelToken &cancel = {});
    /// Any RunSpec but Analysis ones of another model or task: model and task of the spec are taken as given, not
    /// reloaded. On cancellation returns what is finished (complete = false). Throws Error for specs that make no
    /// sense, naming the field.
    RunResult run(const RunSpec &spec, const RunObserver &observer = {}, const CancelToken &cancel = {});
    /// The same run, a part at a time. What the observer names must outlive it, as the session must; other runs may be
    /// carried out between two of its steps. Throws Cancelled, where the cached runs were not there yet.
    std::unique_ptr<RunSteps> begin(const RunSpec &spec, const RunObserver &observer = {},
                                    const CancelToken &cancel = {});
    /// Whether another metric of this run's cells, as far as it has been computed, needs no patching: END's final
    /// streams are there.
    bool keeps_ends(const RunSpec &spec) const;
    /// Those streams, for a result file ("end.stream" …); empty where there are none.
    ArrayMap kept_ends(const RunSpec &spec) const;
    /// Takes over those of a result of this model and these prompts. Throws Error where they do not fit.
    void keep_ends(const RunResult &result);
    /// From the cached runs, in milliseconds; where the batch is in groups, each of them is run once for all that is
    /// wanted. Throws Cancelled.
    std::vector<AttentionPattern> attention(const std::vector<AttentionOf> &wanted, const CancelToken &cancel = {});
    AttentionPattern attention(Head head, bool flipped_run, AttentionKind kind = AttentionKind::Plain);
    /// Null where the cached runs are not there for good: before the baseline, and where the batch is in groups.
    std::shared_ptr<const AttentionReader> attention_reader() const;
    /// The attention of a head in the run that a cell describes: base run with the given nodes patched from the source
    /// run. Two whole passes; throws Cancelled between their layers.
    AttentionPattern attention_patched(Head head, const RunSpec &spec, const std::vector<Node> &patched,
                                       const CancelToken &cancel = {});

    /// The cached runs and weights, for core's own sources (patching/detail/session_impl.h).
    struct Impl;
    Impl &internals() { return *m; }

private:
    std::shared_ptr<Impl> m; ///< the readers' too
};

/// Sets the number of threads of LibTorch and OpenMP for the calling thread's computations, and starts them; 0: all
/// cores that this process may use. Throws std::bad_alloc where there is no memory for them.
void set_threads(int threads);
/// Version of the program, for results' metadata.
std::string program_version();

} // namespace patchbay
