// The wave on a device: the same plans, rows and steps as Wave, as operations over all rows of a chunk. Numbers of rows
// go there, END's rows come back; in between nothing does.
#pragma once

#include "patching/detail/device_edits.h"
#include "patching/detail/layer_edits.h"
#include "patching/detail/passes.h"
#include "patching/detail/workspace.h"

#include <map>
#include <span>
#include <vector>

namespace patchbay::detail {

class DeviceWave : public CellPass {
public:
    /// As Wave has them. The runs' model must have a device.
    DeviceWave(const BatchRuns &runs, bool base_flipped, Metric metric, Workspace &work, bool own = false);

    /// Where the device has no room for all plans at once, they are computed in parts: of some of the plans, then of
    /// some of the prompts. Throws Cancelled, and Error where it has no room for one plan on one prompt.
    std::vector<float> run(std::span<const CellPlan> plans, const CancelToken &cancel,
                           EndRows *ends = nullptr) override;
    Begun begin(std::vector<CellPlan> plans, const CancelToken &cancel) override;

private:
    /// The changed rows of one plan on one prompt: positions first..END, in m_x from row `row` on.
    struct Segment {
        const CellPlan *plan;
        int prompt, first, count;
        int64_t row;
        int last() const { return first + count - 1; }
    };
    using Segments = std::span<const Segment>;
    /// The queries of some segments: all of their rows, or END's alone.
    struct Queries {
        at::Tensor rows; ///< [n, H d] turned
        bool end_only;
    };

    /// END's rows of the plans, which are copies; on the device.
    EndRows in_parts(std::vector<CellPlan> plans, const CancelToken &cancel);
    EndRows run_plans(std::span<const CellPlan> plans, const CancelToken &cancel);
    void place(std::span<const CellPlan> plans);
    const DeviceRun &on_device(const Run &run) const;
    const std::vector<Edit> &edits(const CellPlan *plan) const;
    void collect_edits(int layer, Segments active, Segments joining);
    /// Rows of a run's packed tensors, [n], of all rows of the segments.
    at::Tensor packed_rows(Segments segments) const;
    int64_t packed(const Segment &s, int pos) const { return m_runs.layout().row(s.prompt, pos); }
    /// Of x, the segments' rows (END's alone), those that edits of a site, of the current layer, change.
    DeviceEdits edits_of(Segments segments, Site site, bool end_only, bool only_added = false) const;
    void change_stream(int layer, Site site, Segments segments, at::Tensor x, bool end_only) const;

    // device_wave_layer.cpp
    void full_layer(int layer, Segments segments, const CancelToken &cancel);
    void join_layer(int layer, Segments segments);
    at::Tensor add_mlp(int layer, Segments block, const at::Tensor &mlp_input, at::Tensor xn, const at::Tensor &out,
                       bool end_only) const;
    bool adds_to_mlp_input(Segments block) const;
    bool changes_mlp(const Segment &segment) const;

    // device_heads.cpp: heads whose queries, keys, values, pattern or z change
    /// z [n, H d] of queries, in place, of the heads that the segments' plans change. kv [rows, 2 G d]; keys_of: where
    /// a segment's keys are in it.
    void change_heads(int layer, Segments block, const Queries &queries, const at::Tensor &kv,
                      const std::function<Attending(const Segment &)> &keys_of, at::Tensor z) const;
    Edit materialised(const Edit &edit, const std::vector<const Segment *> &by_prompt) const;
    std::vector<Edit> materialised(Part part, const std::vector<Edit> &edits,
                                   const std::vector<const Segment *> &by_prompt) const;
    at::Tensor stream_before(int layer, const std::vector<std::pair<int, int>> &rows,
                             const std::vector<const Segment *> &by_prompt) const;

    const BatchRuns &m_runs;
    const DeviceModel &m_model;
    const bool m_base_flipped, m_source_flipped;
    const Metric m_metric;
    Workspace &m_work;
    const int m_layers;
    const int64_t m_D;

    const DeviceRun *m_base = nullptr, *m_source = nullptr; ///< of the runs that are there now
    std::vector<Segment> m_segments;                        ///< in joining order
    at::Tensor m_x;                                         ///< [rows, D] residual stream
    at::Tensor m_positions;                                 ///< [rows]
    LayerEdits m_layer_edits;
};

} // namespace patchbay::detail
