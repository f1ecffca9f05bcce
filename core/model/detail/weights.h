// The tensors of a model, laid out as TransformerLens names them. For core's sources only.
#pragma once

#include "model/config.h"

#include <ATen/ATen.h>

#include <array>
#include <functional>
#include <vector>

namespace patchbay {

/// One block. H heads, G key/value heads, D = d_model, d = d_head, M = d_mlp. All float32, x @ W orientation, and
/// contiguous but for the three that are views of W_qkv once the model is ready. Without an MLP, M = 0. Norm weights
/// are undefined tensors once folded; biases that a family lacks are zeros (norm biases of RMSNorm: undefined).
struct LayerWeights {
    at::Tensor ln1_w, ln1_b;                                   // [D]
    at::Tensor ln2_w, ln2_b;                                   // [D]
    at::Tensor ln1_post_w, ln1_post_b, ln2_post_w, ln2_post_b; // [D], post norms only
    at::Tensor q_norm, k_norm;                                 // [H, d], [G, d], QK-norm only
    at::Tensor W_Q;                                            // [H, D, d]
    at::Tensor W_K, W_V;                                       // [G, D, d]
    at::Tensor W_qkv;    // [D, H d | G d | G d], the three side by side; undefined until pack_projections()
    at::Tensor W_O;      // [H, d, D]
    at::Tensor b_Q;      // [H, d]
    at::Tensor b_K, b_V; // [G, d]
    at::Tensor b_O;      // [D]
    at::Tensor W_in;     // [D, M]
    at::Tensor W_gate;   // [D, M], gated MLP only
    at::Tensor b_in;     // [M]
    at::Tensor b_gate;   // [M], gated MLP only; undefined in most families
    at::Tensor mid_norm_w, mid_norm_b; // [M], mid norm only
    at::Tensor W_out;                  // [M, D]
    at::Tensor b_out;                  // [D]

    /// Those that a checkpoint's 16-bit numbers may be kept for.
    std::array<at::Tensor *, 7> large() { return {&W_Q, &W_K, &W_V, &W_O, &W_in, &W_gate, &W_out}; }
};

/// Instead of a processed W_U: the columns are made of the stored rows each time that they are needed.
struct StoredUnembedding {
    at::Tensor rows;          // [V, D], in 16 bits; the embedding itself where the two are tied
    at::Tensor scale;         // [D], the final norm's weight, once it is folded
    bool centred = false;     ///< with it goes each column's mean
    std::vector<double> mean; ///< [D], over the vocabulary, once that is taken off
    double multiplier = 1;    ///< of all logits
};

/// Large matrices are float32, or 16-bit numbers as a checkpoint stores them (`kept`); then W_U stays undefined, and
/// what is processed is not the stored number but what it is widened to: the same float32 numbers either way, bit for
/// bit. Norms, biases and W_pos are float32.
struct Weights {
    at::Tensor W_E;                    // [V, D]
    at::Tensor ln_embed_w, ln_embed_b; // [D], while they are not in W_E
    at::Tensor W_pos;                  // [n_ctx, D], learned positions only
    std::vector<LayerWeights> layers;  ///< as they are kept; see layer()
    at::Tensor ln_final_w, ln_final_b; // [D]
    at::Tensor W_U;                    // [D, V]
    at::Tensor b_U;                    // [V]

    at::ScalarType kept = at::kFloat;
    StoredUnembedding unembed;
    ModelConfig config;                         ///< of stored layers
    Processing processing = Processing::none(); ///< of stored layers, when they are widened
    /// Multipliers of what is stored, when it is widened: of W_E, and of what blocks write.
    double embedding_scale = 1, residual_scale = 1;

    bool stored() const { return kept != at::kFloat; }
    // What computes reads the three that may be large through these, V being the vocabulary.
    /// In float32, processed and packed.
    LayerWeights layer(int l) const;
    /// Rows of the embedding, float32 [.., D], as the model has them: multiplied, and normed.
    void settle_embedding(at::Tensor &rows) const;
    /// Rows of W_E: [ids, D].
    at::Tensor embedding(const at::Tensor &ids) const;
    /// Columns of W_U: [D, ids], or [D, count] from `first` on with rows stride(0) apart.
    at::Tensor unembedding(const at::Tensor &ids) const;
    at::Tensor unembedding(int64_t first, int64_t count) const;
    /// All columns in order, at most columns_at_once (some megabytes) together: work(first, columns), as
    /// unembedding(first, count) gives them.
    void for_columns(const std::function<void(int64_t first, const at::Tensor &columns)> &work) const;
    static constexpr int64_t columns_at_once = 4096;
    /// out [rows, V] = x W_U + b_U, of x [rows, D], contiguous.
    void logits(const at::Tensor &x, float *out) const;
    at::Tensor logits(const at::Tensor &x) const;
    int64_t vocabulary() const { return b_U.numel(); }
};

} // namespace patchbay
