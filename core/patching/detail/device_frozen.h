// The frozen pass on a device: the same sets, rows and steps as FrozenPass, as operations over all sets at once. What
// receivers get stays there for the wave.
#pragma once

#include "patching/detail/device_model.h"
#include "patching/detail/passes.h"

#include <map>
#include <span>
#include <vector>

namespace patchbay::detail {

class DeviceFrozen : public SenderPass {
public:
    /// As FrozenPass has them. The runs' model must have a device.
    DeviceFrozen(const BatchRuns &runs, bool base_flipped, bool zero, std::shared_ptr<const RowMap> rows, bool own);

    /// Where the device has no room for all sets at once, they are computed in parts. Throws Cancelled, and Error where
    /// it has no room for one.
    Records run(std::span<const SenderSet> sets, const std::vector<Node> &receivers,
                const CancelToken &cancel) override;
    Records changes(std::span<const SenderSet> sets, const std::vector<Node> &receivers) override;
    void forget() override;

private:
    struct Set {
        const SenderSet *senders;
        size_t index;
        int first_layer;
        int64_t row; ///< in the stream
    };
    void look_up();
    Records run_sets(std::span<const SenderSet> sets, const std::vector<Node> &receivers, const CancelToken &cancel);
    at::Tensor rows_of(const at::Tensor &packed) const { return packed.index_select(0, m_at); }
    const at::Tensor &frozen_attention(int layer);
    /// New minus base of what heads of one layer, or attn_out, or mlp_out, write, [R, D].
    at::Tensor heads_change(const std::vector<Node> &heads);
    at::Tensor whole_change(const Node &sender);
    at::Tensor whole(const DeviceRun &run, const Node &sender) const;
    /// Attention's change of a set in a layer, and the MLP's output that it gives; undefined: none.
    at::Tensor attention_change(const Set &set, int layer);
    at::Tensor given_mlp(const Set &set, int layer) const;
    /// Rows of neighbouring sets through a layer's MLP; with_attention: and what the heads write, held.
    void advance(int layer, std::span<const Set> sets, at::Tensor y, bool with_attention, const CancelToken &cancel);
    void record(int layer, bool after_attention, std::span<const Set> active, const std::vector<Node> &receivers,
                const at::Tensor &y, Records &records) const;
    at::Tensor received(const Node &receiver, const at::Tensor &stream, int64_t sets) const;

    const BatchRuns &m_runs;
    const DeviceModel &m_model;
    const bool m_base_flipped, m_source_flipped, m_zero;
    const std::shared_ptr<const RowMap> m_rows;
    const int64_t m_R, m_D;
    const DeviceRun *m_base = nullptr, *m_source = nullptr; ///< of the runs that are there now
    at::Tensor m_at, m_positions;                           ///< [R] rows of the packed runs
    std::map<int, at::Tensor> m_frozen;                     ///< layer → base attn_out of the rows
};

} // namespace patchbay::detail
