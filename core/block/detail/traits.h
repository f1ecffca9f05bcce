// What the arithmetic of one block depends on. Made from the configuration in traits.cpp; the other files of this
// folder read it.
#pragma once

#include "block/detail/kernels.h"
#include "model/config.h"

#include <vector>

namespace patchbay::detail {

/// What a head's columns of a qkv row hold.
enum class Part { Query, Key, Value };

/// Queries, keys and values lie side by side in a row of S = qkv_width() floats: [H d | G d | G d].
struct BlockTraits {
    BlockTraits(const ModelConfig &config, int layer);

    int d_model, n_heads, n_kv_heads, d_head, d_mlp;
    Norm norm;
    double eps;
    bool pre_norms, post_norms;
    QkNorm qk_norm;
    float clip_qkv; ///< 0: none
    Activation activation;
    bool gated_mlp, mid_norm, parallel;
    AttendRule attend_rule;          ///< of all heads but for the slope
    std::vector<float> alibi_slopes; ///< [H], or empty

    int64_t q_width() const { return int64_t(n_heads) * d_head; }
    int64_t kv_width() const { return int64_t(n_kv_heads) * d_head; }
    int64_t qkv_width() const { return q_width() + 2 * kv_width(); }
    int kv_head(int head) const { return head / (n_heads / n_kv_heads); }
    int64_t q_column(int head) const { return int64_t(head) * d_head; }
    int64_t k_column(int head) const { return q_width() + int64_t(kv_head(head)) * d_head; }
    int64_t v_column(int head) const { return k_column(head) + kv_width(); }
    int64_t column(Part part, int head) const
    {
        return part == Part::Query ? q_column(head) : part == Part::Key ? k_column(head) : v_column(head);
    }
    /// Multiply-adds × 2 of one row through the whole block (without attention itself), and through its MLP.
    double row_flops() const { return 2.0 * d_model * double(qkv_width() + q_width()) + mlp_flops(); }
    double mlp_flops() const { return 2.0 * d_model * d_mlp * (gated_mlp ? 3 : 2); }
    AttendRule rule(int head) const;

    /// Whether what a query or key is projected to is changed by more than its rotation before it is used. Such queries
    /// and keys are patched as hook_q and hook_k hold them, and normed with what else is in the row.
    bool norms_queries() const { return qk_norm != QkNorm::None; }
    /// Whether what reads the stream is linear in it up to the norm's scale, and what is written is linear in z.
    bool linear_reads() const { return pre_norms && !post_norms && !norms_queries() && clip_qkv == 0; }
};

} // namespace patchbay::detail
