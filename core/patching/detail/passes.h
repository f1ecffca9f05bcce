// What computes the cells of a sweep on one group of prompts: from plans to the metric, and from senders to what
// arrives at receivers. On the processor (wave, frozen pass), or on a device that LibTorch drives.
#pragma once

#include "base/cancel.h"
#include "patching/detail/batch_runs.h"
#include "patching/detail/cell_plan.h"
#include "patching/detail/kept_ends.h"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace patchbay::detail {

class HeadEntry;

/// Senders that act together.
using SenderSet = std::vector<Node>;

/// What each receiver of each set gets: an undefined tensor where the senders do not reach it.
struct Records {
    /// [set][receiver]: rows × width (d_head after rotary for q, k, v; d_model; d_mlp), or with mlps left out the
    /// change of the stream, rows × d_model. On the device of the pass.
    std::vector<std::vector<at::Tensor>> values;
};

/// What a pass that has begun comes to, as CellPass::run gives it; called once.
using Begun = std::function<std::vector<float>(EndRows *ends)>;

class CellPass {
public:
    virtual ~CellPass() = default;
    /// run() in two halves. A device is at work between them; the processor has everything yet to do. The pass and its
    /// runs must be there until then. Throws Cancelled.
    virtual Begun begin(std::vector<CellPlan> plans, const CancelToken &cancel)
    {
        return [this, plans = std::move(plans), cancel](EndRows *ends) { return run(plans, cancel, ends); };
    }
    /// The metric per prompt of each plan's patched run, [plans, prompts]; ends, if given, takes what it is read from.
    /// Throws Cancelled.
    virtual std::vector<float> run(std::span<const CellPlan> plans, const CancelToken &cancel,
                                   EndRows *ends = nullptr) = 0;
};

class SenderPass {
public:
    virtual ~SenderPass() = default;
    /// With MLPs recomputed. Throws Cancelled.
    virtual Records run(std::span<const SenderSet> sets, const std::vector<Node> &receivers,
                        const CancelToken &cancel) = 0;
    /// Without: the sum of the senders' own changes before each receiver.
    virtual Records changes(std::span<const SenderSet> sets, const std::vector<Node> &receivers) = 0;
    /// Gives back what it has kept of the base run, which it makes again.
    virtual void forget() { }
};

/// Where the runs' model computes. Arguments as Wave and FrozenPass have them; entry is read on the processor only.
std::unique_ptr<CellPass> cell_pass(const BatchRuns &runs, bool base_flipped, Metric metric, Workspace &work,
                                    HeadEntry *entry = nullptr, bool own = false);
std::unique_ptr<SenderPass> sender_pass(const BatchRuns &runs, bool base_flipped, bool zero,
                                        std::shared_ptr<const RowMap> rows, Workspace &work, HeadEntry *entry = nullptr,
                                        bool own = false, int64_t rows_of_all = -1);

/// The plans that Workspace::fault leaves, which is there.
std::vector<CellPlan> with_fault(const Workspace &work, std::span<const CellPlan> plans, const BatchRuns &runs,
                                 const Run &source);
/// A plan's values at END: what the base run has, and of prompts that a pass changed what END's rows come to,
/// [plans, prompts].
std::vector<float> metric_values(const BatchRuns &runs, bool base_flipped, Metric metric, size_t plans,
                                 const EndRows &rows);

} // namespace patchbay::detail
