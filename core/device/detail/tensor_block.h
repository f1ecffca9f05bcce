// A block's arithmetic as LibTorch's operations, on whatever device its weights are: the steps of block/detail/block.h
// over tensors of rows, without a way back to the host in between.
#pragma once

#include "block/detail/block.h"

#include <ATen/ATen.h>

namespace patchbay::detail {

/// RowNorm of rows [.., width].
class TensorNorm {
public:
    TensorNorm() = default;
    TensorNorm(const RowNorm &norm, const at::TensorOptions &on);
    bool identity() const { return m_identity; }
    at::Tensor operator()(const at::Tensor &x) const;

private:
    bool m_identity = true, m_rms = false;
    double m_eps = 0;
    at::Tensor m_weight, m_bias;
};

/// x without its mean (rms: as it is) over its scale, along the last dimension.
at::Tensor bare_norm(const at::Tensor &x, bool rms, double eps);

class TensorBlock {
public:
    /// on: device and type of its weights and of what it is given.
    TensorBlock(const Block &block, const at::TensorOptions &on);

    const BlockTraits &traits() const { return m_traits; }
    const TensorNorm &attn_norm() const { return m_attn_norm; }
    const TensorNorm &mlp_norm() const { return m_mlp_norm; }
    const TensorNorm &attn_post() const { return m_attn_post; }

    /// xn [n, D] → [n, columns]: the columns of a qkv row from `first` on, as hook_q, hook_k and hook_v hold them.
    at::Tensor project(const at::Tensor &xn, int64_t first, int64_t columns) const;
    /// Queries or keys [n, heads, d] of rows at positions [n], normed and rotated: of all heads (keys: one for each KV
    /// head, or a copy for each query head); without a QK-norm, of any.
    at::Tensor turn(Part part, const at::Tensor &rows, const at::Tensor &positions) const;
    at::Tensor rotate(const at::Tensor &rows, const at::Tensor &positions) const;
    /// Whole qkv rows [n, S], or without their queries [n, 2 G d], turned.
    at::Tensor turn_row(const at::Tensor &qkv, const at::Tensor &positions) const;
    /// z [B, Q, h, d] of queries [B, Q, h, d] at positions [B, Q] over keys and values [B, T, g, d] of positions 0 … T
    /// - 1, h a multiple of g. slopes: ALiBi's, [h], or with h = 1 [B]; undefined: the heads' own, h = H, or none.
    at::Tensor attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &positions,
                      const at::Tensor &slopes) const;
    /// ALiBi's, [H]; undefined without.
    const at::Tensor &slopes() const { return m_slopes; }

    /// z [n, H d] → [n, D] without bias; with it; and with the post norm: attn_out.
    at::Tensor write_change(const at::Tensor &z) const { return at::mm(z, m_W_O); }
    at::Tensor sum_heads(const at::Tensor &z) const;
    at::Tensor write(const at::Tensor &z) const { return m_attn_post(sum_heads(z)); }
    /// One head's z [n, d].
    at::Tensor write_head(int head, const at::Tensor &z) const;

    /// xn [n, D] → mlp.hook_pre [n, M]; on from there (xn is read by gated MLPs only), and both: mlp_out [n, D].
    at::Tensor mlp_pre(const at::Tensor &xn) const;
    at::Tensor mlp_from_pre(at::Tensor pre, const at::Tensor &xn) const;
    at::Tensor mlp(const at::Tensor &xn) const { return mlp_from_pre(mlp_pre(xn), xn); }

private:
    at::Tensor norm_part(Part part, const at::Tensor &rows) const;

    BlockTraits m_traits;
    TensorNorm m_attn_norm, m_mlp_norm, m_attn_post, m_mid_norm, m_mlp_post;
    at::Tensor m_W_qkv, m_b_qkv, m_q_norm, m_k_norm, m_W_O, m_b_O, m_W_in, m_b_in, m_W_gate, m_b_gate, m_W_out, m_b_out;
    at::Tensor m_cos, m_sin; // [positions, half]
    bool m_interleaved = false;
    at::Tensor m_slopes; // [H]
};

} // namespace patchbay::detail
