// One transformer block: norm, queries keys values, attention, what is written, MLP; forward and backward. The plain
// pass, the cached runs, the wave, the frozen pass and attribution all call it; which rows they hand over is theirs to
// decide.
#pragma once

#include "block/detail/buffer.h"
#include "block/detail/norm.h"
#include "block/detail/rotary.h"
#include "block/detail/traits.h"
#include "block/detail/weight_matrix.h"
#include "model/detail/weights.h"

namespace patchbay::detail {

/// H query heads, G key/value heads, d = d_head, D = d_model, M = d_mlp, S = (H + 2 G) d. Biases that are left
/// undefined are not added.
struct BlockWeights {
    RowNorm attn_norm, mlp_norm; ///< ln1, ln2
    at::Tensor W_qkv, b_qkv;     // [D, S], [S]
    at::Tensor q_norm, k_norm;   // [H, d], [G, d]; QK-norm only
    at::Tensor W_O, b_O;         // [H d, D], [D]
    RowNorm attn_post;
    at::Tensor W_in, b_in;     // [D, M], [M]
    at::Tensor W_gate, b_gate; // [D, M], [M]; gated MLP only
    RowNorm mid_norm;          ///< rows of M floats
    at::Tensor W_out, b_out;   // [M, D], [D]
    RowNorm mlp_post;
};

/// With the norms' weights where they are, as the plain pass shows them. (The engine folds them into what reads the
/// norm.)
BlockWeights plain_weights(const ModelConfig &config, const LayerWeights &weights);

class Block {
public:
    /// arithmetic: of its products with weights.
    Block(const BlockTraits &traits, BlockWeights weights, Rotary rotary, const Arithmetic &arithmetic = {});

    const BlockTraits &traits() const { return m_traits; }
    const RowNorm &attn_norm() const { return m.attn_norm; }
    const RowNorm &mlp_norm() const { return m.mlp_norm; }
    const WeightMatrix &W_qkv() const { return m_qkv; }
    const at::Tensor &b_qkv() const { return m.b_qkv; }
    const at::Tensor &W_O() const { return m.W_O; }
    const WeightMatrix &W_in() const { return m_in; }
    const at::Tensor &b_in() const { return m.b_in; }
    const at::Tensor &b_O() const { return m.b_O; }
    const Rotary &rotary() const { return m_rotary; }
    /// All of them: for those who compute it elsewhere (device/).
    const BlockWeights &weights() const { return m; }
    int64_t column(Part part, int head) const { return m_traits.column(part, head); }

    // qkv.cpp. What hook_q, hook_k, hook_v hold is projected; what attention uses (hook_rot_q, hook_rot_k) is turned:
    // normed, then rotated.
    /// out [rows, columns] (rows `stride` apart) = xn W + b of the columns from `first` on; xn's rows are `xn_stride`
    /// apart.
    void project(const float *xn, int64_t xn_stride, int64_t rows, int64_t first, int64_t columns, float *out,
                 int64_t stride) const;
    /// The same for columns of several heads, gathered side by side: a product for all of them.
    struct HeadColumns {
        std::vector<ColumnRange> ranges; ///< of W
        WeightMatrix W; ///< W_qkv, or, where that would take a product for each head, [D, heads * d] of it
        at::Tensor b;   ///< [heads * d]
        int64_t width;  ///< heads * d
    };
    HeadColumns head_columns(const std::vector<int64_t> &firsts) const;
    void project(const float *xn, int64_t rows, const HeadColumns &columns, float *out) const;
    /// Queries and keys among these columns turned in place; whole heads, and all of a part where its norm spans them.
    void turn(float *rows, int64_t count, int64_t stride, int64_t first, int64_t columns, const int *positions) const;
    /// The queries, or the keys, of one row: heads * d floats. Keys: one for each KV head, or a copy for each query
    /// head.
    void turn_part(Part part, float *row, int heads, int position) const;
    const at::Tensor &q_norm() const { return m.q_norm; }
    const at::Tensor &k_norm() const { return m.k_norm; }
    /// Its steps: the QK-norm, and the rotation.
    void norm_part(Part part, float *row, int heads) const;
    void rotate(float *row, int heads, int position) const;
    /// Gradient of what turn_part was given (`before`) from that of what it gave, in place. before is read only where
    /// there is a QK-norm.
    void turn_part_backward(Part part, float *g, const float *before, int heads, int position) const;
    /// g_xn [rows, D] = gradient of xn from that of project's out; g is cut where `projected` (null unless something is
    /// clipped) was cut off.
    void project_backward(float *g, int64_t stride, const float *projected, int64_t projected_stride, int64_t rows,
                          int64_t first, int64_t columns, float *g_xn) const;

    // attend.cpp
    /// Kernels::attend with the head's rule.
    void attend(int head, const float *q, int64_t q_stride, int nq, int first, const KeyRows *keys, int key_runs,
                float *z, int64_t z_stride, float *scratch, float *pattern = nullptr, int64_t pattern_stride = 0) const;
    /// Scores of one query over keys 0 … position; those that it does not see are left as they are.
    void scores(int head, const float *q, int position, const KeyRows &keys, float *scores) const;
    /// One query at `position`, whose pattern over keys 0 … position is given: ds [position + 1] = gradient of the
    /// pattern, from that of z.
    void pattern_gradient(int position, const float *gz, const float *v, int64_t stride, float *ds) const;
    /// From there to the scores, and on to the query and the keys: ds becomes the gradient of scale * (q · k), along =
    /// Σ pattern ds.
    void score_gradient(int head, int position, const float *q, const float *k, int64_t stride, const float *pattern,
                        float along, float *ds) const;

    // write.cpp
    /// out [rows, D] (+)= attn_out of z [rows, H d], bias and post norm included.
    void write(const float *z, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const;
    /// out = z W_O + b_O, which a post norm has yet to norm.
    void sum_heads(const float *z, int64_t rows, float *out, bool accumulate = false) const;
    /// out (+)= what one head's z [rows, d] adds to that sum.
    void write_head(int head, const float *z, int64_t z_stride, int64_t rows, float *out, bool accumulate) const;
    const RowNorm &attn_post() const { return m.attn_post; }
    /// gz [rows, H d] from g [rows, D] of attn_out. z is read only where there is a post norm.
    void write_backward(const float *z, const float *g, int64_t rows, float *gz) const;

    // mlp.cpp
    /// out [rows, D] (+)= mlp_out of the normed rows xn.
    void mlp(const float *xn, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const;
    /// The same from what work.hidden holds as pre; xn is read only where the MLP is gated.
    void mlp_from_pre(const float *xn, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const;
    /// The steps: what mlp.hook_pre, mlp.hook_pre_linear (gated) and, in place of pre, mlp.hook_post hold; and what is
    /// written.
    void mlp_pre(const float *xn, int64_t rows, float *pre) const;
    void mlp_linear(const float *xn, int64_t rows, float *linear) const;
    void mlp_act(float *pre, const float *linear, int64_t rows) const;
    /// Its steps: what mlp.hook_mid holds, and the mid norm.
    void mlp_activate(float *pre, const float *linear, int64_t rows) const;
    const RowNorm &mid_norm() const { return m.mid_norm; }
    void mlp_write(const float *post, int64_t rows, float *out, bool accumulate, BlockBuffers &work) const;
    /// out (+)= post W_out + b_out, which a post norm has yet to norm.
    void mlp_sum(const float *post, int64_t rows, float *out, bool accumulate = false) const;
    const RowNorm &mlp_post() const { return m.mlp_post; }
    /// g_xn [rows, D] from g [rows, D] of mlp_out.
    at::Tensor mlp_backward(const at::Tensor &xn, const at::Tensor &g) const;

private:
    /// out (+)= post norm of sum, which is overwritten.
    void add_normed(const RowNorm &post, float *sum, int64_t rows, float *out, bool accumulate) const;

    BlockTraits m_traits;
    BlockWeights m;
    WeightMatrix m_qkv, m_o, m_in, m_gate, m_out; ///< the matrices of m
    Rotary m_rotary;
};

/// y [rows, n] (rows `stride` apart) += bias, where it is defined.
void add_bias(float *y, const at::Tensor &bias, int64_t first, int64_t rows, int64_t n, int64_t stride);

} // namespace patchbay::detail
