// One backward pass over the changed rows of a base run. attribution.cpp goes through the layers, attribution_heads.cpp
// through attention.
#pragma once

#include "patching/detail/attribution.h"
#include "patching/detail/path_estimate.h"

#include <functional>
#include <map>
#include <vector>

namespace patchbay::detail {

/// A pass over another run than the terms' base run: the output of one sublayer may be held there, so that no gradient
/// goes through it.
struct OverRun {
    const Run *run = nullptr;
    int held_layer = -1;
    bool held_mlp = false; ///< the MLP, else attention
};

/// g [R, D] is the gradient of each prompt's value of the metric with respect to the residual stream.
class Backward {
public:
    Backward(const BatchRuns &runs, const Terms &terms, bool with_mlp_out, const OverRun &over = {});

    /// Receivers whose activations' gradients run() keeps in captured(), as gradients of the stream that they read, [R,
    /// D].
    void capture(const std::vector<Node> &receivers);
    const std::vector<at::Tensor> &captured() const { return m_captured; }
    /// Hears of the gradients of what everything in a layer reads of the stream, before its norm and each by itself:
    /// [3 H + 1, R, D], queries, keys, values (those of each query head's copy), MLP; without MLPs one less. First of
    /// the layer n_layers, [1, R, D]: the final stream.
    using Readers = std::function<void(int layer, const at::Tensor &gradients)>;
    void tell_readers(Readers tell) { m_tell = std::move(tell); }
    const std::shared_ptr<const RowMap> &rows() const { return m_effects.rows; }
    RowEffects run(const CancelToken &cancel);

private:
    bool last(int l) const { return l == m_config.n_layers - 1; }
    void start();
    void layer(int l, const CancelToken &cancel);
    void capture_stream(Site site, int layer);
    void stream_effect(Site site, int l, const at::Tensor &base, const at::Tensor &source);
    void mlp_out_effect(int l);
    at::Tensor gathered(const at::Tensor &stream, const std::vector<int64_t> &rows) const;
    /// g of these rows += what arrives at the norm's output, carried through it at x; that itself, [rows, D].
    at::Tensor through_norm(const RowNorm &norm, const at::Tensor &x, const at::Tensor &g_normed,
                            const std::vector<int64_t> &rows);
    std::vector<int64_t> all_rows() const;

    // attribution_heads.cpp
    /// Gradients of queries, keys and values as attention uses them, [R, H d] each; keys and values of each query
    /// head's copy.
    struct HeadGradients {
        at::Tensor q, k, v;
    };
    /// Of what hook_q and hook_k hold: the rows of base and source run, where the kept ones do not tell (QK-norm,
    /// clipping), [R, S].
    struct Projected {
        at::Tensor base, source;
    };
    /// Effects of z, pattern, v, q, k; returns the gradient of what queries, keys and values are projected to, [R, S].
    at::Tensor attention_gradient(int l, const at::Tensor &g, const Projected &projected, const CancelToken &cancel);
    Projected projected(int l) const;
    void head_gradient(int l, int h, int p, const float *gz_all, HeadGradients &out);
    void part_gradient(int l, Part part, at::Tensor &gradient, const Projected &projected, at::Tensor &g_qkv);
    void attn_out_effect(int l, const at::Tensor &g);
    /// Of all heads' queries, keys or values [R, H d], as hook_q holds them, to what they read.
    void reader_gradients(int l, Part part, at::Tensor &gradient, const Projected &projected);
    /// From the gradient of one head's query, key or value to that of the stream: projection and norm backwards.
    void capture_heads(int l, const Projected &projected);
    float *effect(Site site, int l, int h)
    {
        return m_effects.by_site[site].data_ptr<float>() + (int64_t(l) * m_config.n_heads + h) * m_R;
    }

    const BatchRuns &m_runs;
    const EngineModel &m_model;
    const ModelConfig m_config;
    const Run &m_base, &m_source;
    const Metric m_metric;
    const bool m_zero, m_mlp_out;
    const int64_t m_D, m_S, m_HD;
    RowEffects m_effects;
    std::vector<std::pair<int, int>> m_list;
    std::vector<int64_t> m_end_rows;
    int64_t m_R = 0;
    at::Tensor m_g;
    std::vector<Node> m_receivers;
    std::vector<at::Tensor> m_captured;
    std::map<size_t, at::Tensor> m_head_gradients; ///< receiver → [R, d], of the layer at hand
    const OverRun m_over;
    Readers m_tell;
    at::Tensor m_readers; ///< of the layer at hand
};

} // namespace patchbay::detail
