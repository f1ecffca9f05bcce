// Circuits on one group of prompts, layer by layer.
#pragma once

#include "edges/circuit.h"
#include "edges/detail/writers.h"

namespace patchbay::detail {

class CircuitPass {
public:
    /// Keeps what replaces every writer's output, [writers, rows, D]; from the clean runs, which must be there. Throws
    /// Cancelled.
    CircuitPass(const BatchRuns &runs, const EdgeGraph &graph, const Replacements &by, const CancelToken &cancel);

    /// The metric of the group's prompts. from: a layer before which every reader has all its edges. Throws Cancelled.
    std::vector<float> run(const EdgeMask &kept, Metric metric, const CancelToken &cancel, int from = 0);

    /// Floats kept for each row while it runs.
    static int64_t floats_per_row(const EdgeGraph &graph, const ModelConfig &config);

private:
    /// What a layer's heads write in sum, before a post norm, and after.
    struct Sums {
        at::Tensor before, after;
    };
    /// Stream and differences as the clean run has them before a layer.
    void start(int from, const CancelToken &cancel);
    void layer(int l, const CancelToken &cancel);
    /// Queries, keys and values of every head by itself, turned: [R, 3 H d].
    at::Tensor project(int l, const Block &block, const CancelToken &cancel) const;
    at::Tensor attend(int l, const Block &block, const at::Tensor &qkv) const; // z [R, H d]
    /// mlp_out of rows as they are before the norm, [R, D].
    at::Tensor mlp(const Block &block, const at::Tensor &input);
    std::vector<float> read_out(Metric metric) const;
    /// What these readers, of the same sources, read: [readers, R, D]. It is put together from the stream as it is now
    /// or from what it would be with everything replaced, whichever is nearer: what is left of a stream from which
    /// nearly everything was taken off again is mostly rounding.
    at::Tensor inputs(const std::vector<int> &readers, const at::Tensor &now) const;
    /// The part of the heads of one layer that norms what it writes, added to out. from_other: [readers].
    void add_normed_heads(const std::vector<int> &readers, const std::vector<bool> &from_other, int layer,
                          at::Tensor &out) const;
    bool nearer_to_other(int reader) const;
    const at::Tensor &other_stream(int reader) const;
    bool complete(int reader) const;
    float missing(int writer, int reader) const { return (*m_kept)[m_graph.cell({writer, reader})] ? 0.f : 1.f; }
    /// difference of a writer = what replaces it − now [R, D].
    void differ(int writer, const float *now);
    float *slot(at::Tensor &of_writers, int writer) const { return of_writers.data_ptr<float>() + writer * m_R * m_D; }
    const BatchRuns &m_runs;
    const EdgeGraph m_graph;
    const Run &m_base;
    const std::shared_ptr<const RowMap> m_rows;
    const RowList m_list;
    const int64_t m_R, m_D;
    at::Tensor m_other;       ///< [writers, R, D] what is put in their place (heads: before a post norm)
    at::Tensor m_difference;  ///< [writers, R, D] that less what they write in this run
    std::vector<Sums> m_sums; ///< [layers]; post norms only
    std::vector<Sums> m_other_sums;
    std::vector<at::Tensor> m_other_pre, m_other_mid; ///< [layers + 1], [layers] of [R, D]: the stream of replacements
    int m_known = 0;                                  ///< layers whose differences and sums are those of the clean run
    at::Tensor m_x;                                   ///< [R, D]
    const EdgeMask *m_kept = nullptr;
    std::vector<int64_t> m_begin; ///< [prompts] the row in the list where its rows begin
    BlockBuffers m_work;
};

} // namespace patchbay::detail
