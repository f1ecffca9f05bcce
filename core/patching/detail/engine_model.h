// A model's weights in the layout the engine multiplies with, and the pieces of a layer over packed rows.
#pragma once

#include "model/config.h"
#include "model/detail/weights.h"
#include "model/model.h"
#include "patching/detail/parallel.h"

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <vector>

namespace patchbay::detail {

/// H query heads, G key/value heads, d = d_head, D = d_model, M = d_mlp; a qkv row is [H d | G d | G d], S floats.
/// Norm weights are folded into what reads the norm, so every norm of the engine is the bare one; queries, keys and values are unchanged by that.
struct EngineLayer {
    at::Tensor W_qkv, b_qkv; // [D, S], [S]
    at::Tensor W_O, b_O;     // [H d, D], [D]
    at::Tensor W_in, b_in;   // [D, M], [M]
    at::Tensor W_gate, b_gate; // [D, M], [M]; gated MLP only (b_gate: zeros unless a norm bias was folded in)
    at::Tensor b_post;       // [M]; gated MLP only: TransformerLens adds b_in after the product
    at::Tensor W_out, b_out; // [M, D], [D]
};

/// Buffers that grow and stay, so that chunks do not allocate.
class Workspace {
public:
    /// At least count floats; contents undefined; valid until the next get() of the same slot.
    float *get(int slot, int64_t count);

private:
    std::map<int, at::Tensor> m_slots;
};

/// Rows that go through a layer at once: enough for a matrix product at full rate, few enough that buffers stay in the cache's reach and a cancel
/// is answered quickly.
constexpr int64_t block_rows = 1536;

class EngineModel {
public:
    explicit EngineModel(std::shared_ptr<const Model> model);

    const ModelConfig &config() const { return m_model->config(); }
    const Model &model() const { return *m_model; }
    const EngineLayer &layer(int l) const { return m_layers[size_t(l)]; }
    int64_t qkv_width() const { return m_S; }
    int64_t q_column(int head) const { return int64_t(head) * config().d_head; }
    int64_t k_column(int head) const { return int64_t(config().n_heads + head / config().kv_group()) * config().d_head; }
    int64_t v_column(int head) const { return k_column(head) + int64_t(config().n_kv_heads) * config().d_head; }
    float attention_scale() const { return m_scale; }

    /// Embedding of one token at one position, [D].
    void embed(int64_t token, int position, float *out) const;
    /// y [rows, D] = bare norm of x.
    void norm(const float *x, float *y, int64_t rows) const;
    /// Rotates one head's query or key row for its position.
    void rotate(float *head_row, int position) const;
    /// The inverse, for gradients.
    void unrotate(float *head_row, int position) const;
    /// Rotates all queries and/or keys of qkv rows (those before `columns`), by the rows' positions.
    void rotate_rows(float *rows, int64_t count, int64_t row_stride, int heads, const int *positions) const;
    /// out [rows, D] (+)= MLP of the normed rows xn, bias included.
    void mlp(int l, const float *xn, int64_t rows, float *out, bool accumulate, Workspace &work) const;
    /// The same from what mlp_hidden() holds as pre (see mlp_pre); xn is read only where the MLP is gated.
    void mlp_from_pre(int l, const float *xn, int64_t rows, float *out, bool accumulate, Workspace &work) const;
    /// [rows, M] floats that mlp() works in; its contents are undefined after mlp() and mlp_from_pre().
    float *mlp_hidden(int64_t rows, Workspace &work) const;
    /// pre [rows, M] = what mlp.hook_pre holds for the normed rows.
    void mlp_pre(int l, const float *xn, int64_t rows, float *pre) const;
    /// post = activation(pre) in place over count floats.
    void activate(float *values, int64_t count) const;

    /// Per prompt, the vector u with logit(io) − logit(s) = bare_norm(x)·u + c.
    struct Readout {
        at::Tensor u;         // [prompts, D]
        std::vector<float> c; // [prompts]
    };
    Readout readout(const std::vector<int64_t> &io, const std::vector<int64_t> &s) const;
    /// Whether io is the argmax of the logits at x, for each row of x [rows, D].
    std::vector<uint8_t> rank0(const float *x, int64_t rows, const std::vector<int64_t> &io) const;

    /// Multiply-adds × 2 of one row through one whole layer (without attention itself), and through its parts.
    double row_flops() const;
    double mlp_flops() const;

private:
    std::shared_ptr<const Model> m_model;
    std::vector<EngineLayer> m_layers;
    at::Tensor m_cos, m_sin; // [n_ctx, rotary_dim / 2]
    int64_t m_S = 0;
    float m_scale = 1;
};

} // namespace patchbay::detail
