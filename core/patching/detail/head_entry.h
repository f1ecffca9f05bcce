// How a change of one layer's heads enters the next layer. Such a change of the residual stream is dz W_O, of rank
// d_head for each head, and what reads the stream is linear up to the norm's scale. So the wide products with W_qkv and
// W_in need not be done again: they are those of the base run, rescaled, plus a product of depth d_head. Only for
// parallel attention and MLP, where nothing else changes in between.
#pragma once

#include "patching/detail/batch_runs.h"

#include <functional>
#include <memory>
#include <vector>

namespace patchbay::detail {

class HeadEntry {
public:
    /// first: [prompts] the first row of each prompt that any cell changes. Null when the model's blocks are not
    /// parallel, its MLP is gated, something is not linear on the way, or what has to be kept takes more than
    /// allowed_bytes.
    static std::unique_ptr<HeadEntry> make(const BatchRuns &runs, bool base_flipped, const std::vector<int> &first,
                                           size_t allowed_bytes);
    /// What is kept when all layers have been asked for.
    static size_t bytes(const BatchRuns &runs, const std::vector<int> &first);

    /// Whether it is less arithmetic than multiplying the rows again, for a change of this many heads of one layer.
    bool pays(int64_t rows, int64_t heads) const;
    /// Multiply-adds × 2 that `rows` rows save in products of `width` columns.
    double saved_flops(int64_t rows, int64_t heads, int64_t width) const;

    /// Rows of changed streams at the entry of a layer.
    struct Rows {
        const std::pair<int, int> *at; ///< [count] prompt and position
        int64_t count;
        const float *x; ///< [count, D] the stream with the change in it
        const float
            *dz; ///< [count, heads * d] change of z of the heads of the layer before, `stride` floats from row to row
        int64_t stride;
    };
    /// Of one row: 1 / the norm's scale of the changed stream, and the base run's scale times that.
    struct Scale {
        float inverse, ratio;
    };
    /// [count] for the norms of `layer`, which queries_keys_values and mlp_pre both need.
    std::vector<Scale> scales(int layer, const Rows &rows) const;
    /// qkv [count, S] of `layer`, biases added, queries and keys rotated; heads: those of layer − 1 whose z has
    /// changed.
    void queries_keys_values(int layer, const std::vector<int> &heads, const Rows &rows,
                             const std::vector<Scale> &scales, float *qkv, Workspace &work) const;
    /// pre [count, M] of the layer's MLP, bias added.
    void mlp_pre(int layer, const std::vector<int> &heads, const Rows &rows, const std::vector<Scale> &scales,
                 float *pre, Workspace &work);

    /// Gives back what it has kept, which it makes again when asked.
    void forget() { std::fill(m_pre.begin(), m_pre.end(), at::Tensor()); }

private:
    HeadEntry(const BatchRuns &runs, bool base_flipped, const std::vector<int> &first);
    /// W_O of the heads times W [D, width], as the norm sees it: [heads * d, width].
    const float *through(int layer, const std::vector<int> &heads, const WeightMatrix &W, Buffer &out,
                         Workspace &work) const;
    const float *base_pre(int layer, Workspace &work);
    /// out [count, W's columns] = what the rows give with W and its bias; base(row) is what the base run gave there.
    /// Rows are handed to rotate before the base run's are added to them.
    void enter(int layer, const std::vector<int> &heads, const Rows &rows, const std::vector<Scale> &scales,
               const WeightMatrix &W, const at::Tensor &bias,
               const std::function<const float *(int prompt, int pos)> &base,
               const std::function<void(float *row, int pos)> &rotate, float *out, Buffer &through,
               Workspace &work) const;

    const BatchRuns &m_runs;
    const EngineModel &m_model;
    const Run &m_base;
    std::vector<int> m_first;
    std::vector<int64_t> m_offset; ///< [prompts] row of the prompt's first kept row
    int64_t m_rows = 0;
    std::vector<at::Tensor> m_pre; ///< [layers] of [m_rows, M], made when first asked for
};

} // namespace patchbay::detail
