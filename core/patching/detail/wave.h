// A chunk of cells going through the model together: each joins the packed matrix of changed rows in the layer where it
// first differs from the base run, so that every layer's weights are read once for all of them.
#pragma once

#include "base/cancel.h"
#include "patching/detail/batch_runs.h"
#include "patching/detail/cell_plan.h"
#include "patching/detail/head_entry.h"
#include "patching/detail/layer_edits.h"
#include "patching/detail/passes.h"
#include "patching/run_share.h"

#include <map>
#include <span>
#include <vector>

namespace patchbay::detail {

class Wave : public CellPass {
public:
    /// entry: of the same base run, or null to multiply all rows in full; must outlive the wave. own: values come from
    /// the base run itself, not from the other one.
    Wave(const BatchRuns &runs, bool base_flipped, Metric metric, Workspace &work, HeadEntry *entry = nullptr,
         bool own = false);

    std::vector<float> run(std::span<const CellPlan> plans, const CancelToken &cancel,
                           EndRows *ends = nullptr) override;

    /// Rows that a plan will occupy, and the multiply-adds × 2 of its minimal arithmetic.
    static int64_t rows(const CellPlan &plan, const BatchLayout &layout);
    double flops(const CellPlan &plan) const;
    /// Where a plan joins: layer (n_layers: only the final residual stream differs) and stage.
    static std::pair<int, Stage> joins(const CellPlan &plan);
    /// In the last layer only END is read, so a cell that joins there after its input needs END's row alone.
    static bool end_row_only(const CellPlan &plan, int layers);

private:
    /// The changed rows of one plan on one prompt: positions first..END, in m_x from row `row` on.
    struct Segment {
        const CellPlan *plan;
        int prompt;
        int first;
        int count;
        int64_t row;
    };
    /// Where the queries, keys and values of a segment are: in the packed buffers, or in the base run.
    struct HeadRows {
        const float *q;
        int64_t q_stride;
        int q_first; ///< position of the first query
        int queries;
        const float *k, *v;
        int64_t kv_stride;
        int kv_first; ///< position of the first key row; earlier keys come from the base run
    };

    // wave.cpp: joining and reading out
    std::vector<float> run_plans(std::span<const CellPlan> plans, const CancelToken &cancel, EndRows *ends);
    void place(std::span<const CellPlan> plans);
    /// The heads through which a plan's rows enter the layer after the one where they join, when that is cheaper
    /// (HeadEntry); else empty.
    std::vector<int> entering_heads(const CellPlan &plan) const;
    /// Whether the segment's rows come into this layer with nothing but the change of heads of the layer before.
    bool enters(const Segment &segment, int layer) const;
    void join_input(const Segment &segment, int layer);
    void change_stream(int layer, Site site, std::span<const Segment> segments, float *x, int64_t x_row0,
                       bool end_only) const;
    std::vector<float> read_out(std::span<const CellPlan> plans, EndRows *ends) const;
    void collect_edits(int layer, std::span<const Segment> active, std::span<const Segment> joining);
    const std::vector<Edit> &edits(const CellPlan *plan) const;

    // wave_layer.cpp: one layer over rows that are already changed
    void full_layer(int layer, std::span<Segment> segments, const CancelToken &cancel);
    /// The same of segments side by side, which enter or none does.
    void layer_of_block(int layer, std::span<Segment> block, LayerBuffers &work, const CancelToken &cancel);
    /// qkv [rows, S] of the block (from column `from` on, at least) from the normed rows xn.
    void project(int layer, std::span<const Segment> block, const float *xn, int64_t from, float *qkv) const;
    /// The same, and the MLP's pre [rows, M], of a block whose segments all enter.
    void project_entering(int layer, std::span<const Segment> block, const float *x, float *qkv, float *pre) const;
    void attention(int layer, std::span<const Segment> block, const float *qkv, const float *q_end, float *z) const;
    /// Adds the MLP of rows x [n, D] (its input already normed in xn) to out; rows of block segments, or their END
    /// rows.
    void add_mlp(int layer, std::span<const Segment> block, const float *mlp_input, float *xn, int64_t n, float *out,
                 bool end_only, LayerBuffers &work) const;

    bool adds_to_mlp_input(std::span<const Segment> block) const;

    // wave_join.cpp: cells whose first change is in this layer
    void join_layer(int layer, std::span<const Segment> segments);
    /// (prompt, position) of every row.
    std::vector<std::pair<int, int>> rows_of(std::span<const Segment> segments) const;
    void add_head_changes(int layer, std::span<const Segment> segments, float *delta) const;
    void add_attn_out_changes(int layer, std::span<const Segment> segments, float *delta) const;

    // head_edits.cpp: one head of one segment with its queries, keys, values, pattern or z changed
    void edited_head(const std::vector<Edit> &edits, int layer, int head, int prompt, const HeadRows &from, float *z,
                     int64_t z_stride) const;
    /// An edit that adds to the residual stream before a query, key or value, as the rows that result; segments: where
    /// the stream's rows are, or null for the base run's.
    Edit materialised(const Edit &edit, const std::vector<const Segment *> &segments_by_prompt) const;
    /// Edits of queries, or of keys, that a QK-norm has yet to norm with their row, as those of all heads that they
    /// change.
    std::vector<Edit> materialised(Part part, const std::vector<Edit> &edits,
                                   const std::vector<const Segment *> &segments_by_prompt) const;
    at::Tensor stream_before(int layer, const std::vector<std::pair<int, int>> &rows,
                             const std::vector<const Segment *> &segments_by_prompt) const;

    const BatchRuns &m_runs;
    const EngineModel &m_model;
    const Run &m_base, &m_source;
    const bool m_base_flipped;
    const Metric m_metric;
    Workspace &m_work;
    const int m_layers;
    const int64_t m_D;

    std::vector<Segment> m_segments; ///< in joining order
    float *m_x = nullptr;            ///< [rows, D] residual stream of the rows that have joined
    HeadEntry *const m_entry;
    std::map<const CellPlan *, std::vector<int>> m_entering; ///< plans with entering heads
    int64_t m_rank = 0;                                      ///< the largest number of entering heads times d
    float *m_dz = nullptr;                                   ///< [rows, m_rank] change of z of the entering heads
    LayerEdits m_layer_edits; ///< of the current layer, changes of the stream turned into rows
};

/// Has a plan change some of the prompts alone: the others stay as in the base run.
void on_prompts(CellPlan &plan, PromptRange wanted, const BatchLayout &layout);

} // namespace patchbay::detail
