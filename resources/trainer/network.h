// A GPT-NeoX network for training: parameters under Hugging Face's names, and a forward pass with hooks.
#pragma once

#include "trainer_pch.h"

namespace patchbay::trainer {

struct NetworkConfig {
    int64_t layers = 6;
    int64_t heads = 8;
    int64_t d_model = 192;
    int64_t d_mlp = 128;
    int64_t d_vocab = 0;
    int64_t n_ctx = 64;
    double rotary_pct = 0.25;
    double rotary_base = 10000.0;
    double layer_norm_eps = 1e-5;
    int64_t d_head() const { return d_model / heads; }
    int64_t rotary_dim() const { return static_cast<int64_t>(static_cast<double>(d_head()) * rotary_pct); }
};

/// Called with a layer and the value there; what it returns takes the value's place.
using Hook = std::function<torch::Tensor(int64_t layer, const torch::Tensor &value)>;

/// Values of a forward pass that evaluation and the training loss read. One entry a layer.
struct Trace {
    std::vector<torch::Tensor> q;       // [batch, head, pos, d_head], before rotary
    std::vector<torch::Tensor> pattern; // [batch, head, query, key]
    std::vector<torch::Tensor> z;       // [batch, pos, head, d_head]
    std::vector<torch::Tensor> mlp_out; // [batch, pos, d_model]
    std::vector<torch::Tensor> resid;   // [batch, pos, d_model], after the layer
};

struct Hooks {
    Hook q;        ///< queries before rotary
    Hook z;        ///< heads' outputs before the output matrix
    Hook mlp_post; ///< the MLP's hidden units after the activation
    Trace *trace = nullptr;
};

class Network {
public:
    /// Seeded normal weights; the two matrices that write to the residual stream start smaller by the depth.
    Network(const NetworkConfig &config, uint64_t seed);

    /// ids [batch, pos] → final residual stream after the last LayerNorm [batch, pos, d_model].
    torch::Tensor hidden(const torch::Tensor &ids, const Hooks &hooks = {}) const;
    /// hidden [..., d_model] → logits [..., d_vocab].
    torch::Tensor unembed(const torch::Tensor &hidden) const;

    const NetworkConfig &config() const { return m_config; }
    /// All parameters by Hugging Face name.
    const std::map<std::string, torch::Tensor> &parameters() const { return m_parameters; }
    const torch::Tensor &parameter(const std::string &name) const { return m_parameters.at(name); }
    /// A layer's parameter, such as (2, "attention.dense.weight").
    const torch::Tensor &parameter(int64_t layer, const std::string &name) const;

private:
    torch::Tensor layer_norm(const torch::Tensor &x, const torch::Tensor &weight, const torch::Tensor &bias) const;
    torch::Tensor attention(int64_t layer, const torch::Tensor &normed, const torch::Tensor &mask,
                            const Hooks &hooks) const;
    torch::Tensor rotate(const torch::Tensor &x) const;

    NetworkConfig m_config;
    std::map<std::string, torch::Tensor> m_parameters;
    torch::Tensor m_cos, m_sin; // [n_ctx, rotary_dim]
};

} // namespace patchbay::trainer
