#include "network.h"

namespace patchbay::trainer {

namespace {

std::string layer_name(int64_t layer, const std::string &name)
{
    return "gpt_neox.layers." + std::to_string(layer) + "." + name;
}

} // namespace

Network::Network(const NetworkConfig &config, uint64_t seed) : m_config(config)
{
    torch::manual_seed(seed);
    const int64_t d = config.d_model;
    const double std_in = 0.6 / std::sqrt(static_cast<double>(d));
    const double shrink = 1.0 / std::sqrt(2.0 * static_cast<double>(config.layers));
    const auto matrix = [&](const std::string &name, int64_t out, int64_t in, double std) {
        m_parameters[name] = (torch::randn({out, in}) * std).requires_grad_(true);
    };
    const auto vector = [&](const std::string &name, int64_t n, double value) {
        m_parameters[name] = torch::full({n}, value).requires_grad_(true);
    };
    matrix("gpt_neox.embed_in.weight", config.d_vocab, d, std_in);
    for (int64_t l = 0; l < config.layers; ++l) {
        for (const char *norm : {"input_layernorm", "post_attention_layernorm"}) {
            vector(layer_name(l, std::string(norm) + ".weight"), d, 1.0);
            vector(layer_name(l, std::string(norm) + ".bias"), d, 0.0);
        }
        matrix(layer_name(l, "attention.query_key_value.weight"), 3 * d, d, std_in);
        vector(layer_name(l, "attention.query_key_value.bias"), 3 * d, 0.0);
        matrix(layer_name(l, "attention.dense.weight"), d, d, std_in * shrink);
        vector(layer_name(l, "attention.dense.bias"), d, 0.0);
        matrix(layer_name(l, "mlp.dense_h_to_4h.weight"), config.d_mlp, d, std_in);
        vector(layer_name(l, "mlp.dense_h_to_4h.bias"), config.d_mlp, 0.0);
        matrix(layer_name(l, "mlp.dense_4h_to_h.weight"), d, config.d_mlp, std_in * shrink);
        vector(layer_name(l, "mlp.dense_4h_to_h.bias"), d, 0.0);
    }
    vector("gpt_neox.final_layer_norm.weight", d, 1.0);
    vector("gpt_neox.final_layer_norm.bias", d, 0.0);
    matrix("embed_out.weight", config.d_vocab, d, std_in);

    const int64_t rotary = config.rotary_dim();
    const auto exponent = torch::arange(0, rotary, 2, torch::kDouble) / static_cast<double>(rotary); // [rotary/2]
    const auto frequency = torch::pow(config.rotary_base, -exponent);                                // [rotary/2]
    const auto angle = torch::outer(torch::arange(config.n_ctx, torch::kDouble), frequency); // [n_ctx, rotary/2]
    const auto both = torch::cat({angle, angle}, -1);                                        // [n_ctx, rotary]
    m_cos = both.cos().to(torch::kFloat);
    m_sin = both.sin().to(torch::kFloat);
}

const torch::Tensor &Network::parameter(int64_t layer, const std::string &name) const
{
    return m_parameters.at(layer_name(layer, name));
}

torch::Tensor Network::layer_norm(const torch::Tensor &x, const torch::Tensor &weight, const torch::Tensor &bias) const
{
    return torch::layer_norm(x, {m_config.d_model}, weight, bias, m_config.layer_norm_eps);
}

torch::Tensor Network::rotate(const torch::Tensor &x) const // [batch, head, pos, d_head]
{
    const int64_t rotary = m_config.rotary_dim();
    const int64_t pos = x.size(2);
    const auto turned = x.narrow(-1, 0, rotary);                        // [batch, head, pos, rotary]
    const auto rest = x.narrow(-1, rotary, m_config.d_head() - rotary); // [batch, head, pos, d_head - rotary]
    const auto first = turned.narrow(-1, 0, rotary / 2);
    const auto second = turned.narrow(-1, rotary / 2, rotary / 2);
    const auto half = torch::cat({-second, first}, -1); // [batch, head, pos, rotary]
    return torch::cat({turned * m_cos.narrow(0, 0, pos) + half * m_sin.narrow(0, 0, pos), rest}, -1);
}

torch::Tensor Network::attention(int64_t layer, const torch::Tensor &normed, const torch::Tensor &mask,
                                 const Hooks &hooks) const
{
    const int64_t batch = normed.size(0), pos = normed.size(1), heads = m_config.heads, d_head = m_config.d_head();
    // The fused matrix holds q, k and v of head 0, then those of head 1, and so on.
    const auto qkv = torch::linear(normed, parameter(layer, "attention.query_key_value.weight"),
                                   parameter(layer, "attention.query_key_value.bias"))
                         .view({batch, pos, heads, 3, d_head}); // [batch, pos, head, 3, d_head]
    auto q = qkv.select(3, 0).transpose(1, 2);                  // [batch, head, pos, d_head]
    const auto k = qkv.select(3, 1).transpose(1, 2);            // [batch, head, pos, d_head]
    const auto v = qkv.select(3, 2).transpose(1, 2);            // [batch, head, pos, d_head]
    if (hooks.q)
        q = hooks.q(layer, q);
    const auto scores = torch::matmul(rotate(q), rotate(k).transpose(2, 3)) / std::sqrt(static_cast<double>(d_head));
    const auto pattern = torch::softmax(scores + mask, -1); // [batch, head, query, key]
    auto z = torch::matmul(pattern, v).transpose(1, 2);     // [batch, pos, head, d_head]
    if (hooks.z)
        z = hooks.z(layer, z);
    if (hooks.trace) {
        hooks.trace->q.push_back(q);
        hooks.trace->pattern.push_back(pattern);
        hooks.trace->z.push_back(z);
    }
    return torch::linear(z.reshape({batch, pos, heads * d_head}), parameter(layer, "attention.dense.weight"),
                         parameter(layer, "attention.dense.bias")); // [batch, pos, d_model]
}

torch::Tensor Network::hidden(const torch::Tensor &ids, const Hooks &hooks) const
{
    const int64_t pos = ids.size(1);
    const auto mask = torch::full({pos, pos}, -1e9).triu(1);               // [query, key]
    auto x = torch::embedding(parameter("gpt_neox.embed_in.weight"), ids); // [batch, pos, d_model]
    for (int64_t l = 0; l < m_config.layers; ++l) {
        const auto for_attention =
            layer_norm(x, parameter(l, "input_layernorm.weight"), parameter(l, "input_layernorm.bias"));
        const auto for_mlp = layer_norm(x, parameter(l, "post_attention_layernorm.weight"),
                                        parameter(l, "post_attention_layernorm.bias"));
        const auto attn_out = attention(l, for_attention, mask, hooks); // [batch, pos, d_model]
        const auto pre =
            torch::linear(for_mlp, parameter(l, "mlp.dense_h_to_4h.weight"), parameter(l, "mlp.dense_h_to_4h.bias"));
        auto post = torch::gelu(pre); // [batch, pos, d_mlp]
        if (hooks.mlp_post)
            post = hooks.mlp_post(l, post);
        const auto mlp_out = torch::linear(post, parameter(l, "mlp.dense_4h_to_h.weight"),
                                           parameter(l, "mlp.dense_4h_to_h.bias")); // [batch, pos, d_model]
        x = x + attn_out + mlp_out; // parallel residual: both read the stream before the layer
        if (hooks.trace) {
            hooks.trace->mlp_out.push_back(mlp_out);
            hooks.trace->resid.push_back(x);
        }
    }
    return layer_norm(x, parameter("gpt_neox.final_layer_norm.weight"), parameter("gpt_neox.final_layer_norm.bias"));
}

torch::Tensor Network::unembed(const torch::Tensor &hidden) const
{
    return torch::matmul(hidden, parameter("embed_out.weight").t());
}

} // namespace patchbay::trainer
