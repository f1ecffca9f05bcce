// The first pass of path patching: the base run with every head's z held, senders taken from the new run, and what
// arrives at the receivers recorded. With heads held, positions do not talk to each other, so only the changed rows and
// the MLPs after the sender are computed.
#pragma once

#include "base/cancel.h"
#include "patching/detail/batch_runs.h"
#include "patching/detail/cell_plan.h"
#include "patching/detail/head_entry.h"
#include "patching/detail/passes.h"

#include <map>
#include <span>
#include <vector>

namespace patchbay::detail {

class FrozenPass : public SenderPass {
public:
    /// rows: the positions that senders change and receivers read. zero: the senders' new value is zero, not the other
    /// run's. entry: of the base run, or null; must outlive the pass. own: the senders' new value is the base run's.
    FrozenPass(const BatchRuns &runs, bool base_flipped, bool zero, std::shared_ptr<const RowMap> rows, Workspace &work,
               HeadEntry *entry = nullptr, bool own = false, int64_t rows_of_all = -1);

    Records run(std::span<const SenderSet> sets, const std::vector<Node> &receivers,
                const CancelToken &cancel) override;
    Records changes(std::span<const SenderSet> sets, const std::vector<Node> &receivers) override;
    /// What a receiver reads in the base run.
    at::Tensor base_value(const Node &receiver);

    void forget() override { m_frozen.clear(); }

    /// Multiply-adds × 2 of run() for one set, as far as the last receiver.
    double flops(const SenderSet &set, const std::vector<Node> &receivers) const;

    /// New minus base of what senders write, as residual-stream rows [R, D]: one for all heads of a layer, which a post
    /// norm couples, and one for each attn_out and mlp_out.
    struct Change {
        Site site;
        int layer;
        at::Tensor rows;
    };
    std::vector<Change> changes(const SenderSet &set);

private:
    /// One sender set with its rows of the packed stream.
    struct Set {
        const SenderSet *senders;
        size_t index;
        int first_layer;
        int64_t row;
        std::vector<int> entering; ///< heads by which it enters the layer after its senders (HeadEntry); empty: in full
        at::Tensor dz;             ///< [R, entering heads * d]
    };
    const at::Tensor &frozen_attention(int layer);
    at::Tensor head_change(const Node &sender);
    /// Of heads of one layer; dz [R, heads * d]: their changes side by side, when known already.
    at::Tensor heads_change(std::span<const Node> heads, const at::Tensor &dz = {});
    /// Of attn_out or mlp_out.
    at::Tensor whole_change(const Node &sender);
    std::vector<int> entering_heads(const SenderSet &set) const;

    // frozen_record.cpp
    at::Tensor base_stream(const at::Tensor &stream) const;
    at::Tensor project(const Node &receiver, const at::Tensor &stream) const;
    bool reached(const Set &set, const Node &receiver) const;
    void record_projections(int layer, std::span<const Set> active, const std::vector<Node> &receivers, const float *y,
                            Records &records) const;
    void record(int layer, bool after_attention, std::span<const Set> active, const std::vector<Node> &receivers,
                const float *y, Records &records) const;

    // frozen_layer.cpp: through one layer's MLP, the heads held
    /// Rows of neighbouring sets whose MLP input has changed: y [rows, D], the stream before attention when parallel,
    /// after it when serial.
    void advance(int layer, std::span<const Set> active, float *y, const CancelToken &cancel);
    void advance_in_full(int layer, int64_t first, int64_t n, float *y, const CancelToken &cancel);
    void advance_entering(int layer, std::span<const Set> sets, float *y, const CancelToken &cancel);

    const BatchRuns &m_runs;
    const EngineModel &m_model;
    const Run &m_base, &m_source;
    const bool m_zero;
    const std::shared_ptr<const RowMap> m_rows;
    const std::vector<std::pair<int, int>> m_list;
    Workspace &m_work;
    HeadEntry *const m_entry;
    const int64_t m_R, m_D, m_rows_of_all;
    std::map<int, at::Tensor> m_frozen; ///< layer → base attn_out of the rows
};

/// Whether a sender's change is in the stream that the receiver reads (DESIGN §3; parallel blocks: an MLP does not read
/// its own layer's heads).
bool reaches(const Node &sender, const Node &receiver, bool parallel);
/// The layer at whose entry (or middle) a receiver reads the stream: resid_post of a layer is the next one's resid_pre.
int layer_read(const Node &receiver);
/// The last layer at which any of them reads it.
int last_layer_read(const std::vector<Node> &receivers);
/// The first layer in which any of the senders is; `layers` where there are none.
int first_layer_of(const SenderSet &senders, int layers);
/// Whether the receiver reads the residual stream between attention and MLP.
bool reads_after_attention(const Node &receiver, bool parallel);

} // namespace patchbay::detail
