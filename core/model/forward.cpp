#include "model/detail/forward.h"

#include "base/error.h"
#include "model/detail/layers.h"

#include <cmath>
#include <limits>

namespace patchbay {

namespace {

// Letters in comments: P prompts, T positions, D d_model, H heads, G key/value heads, d d_head, M d_mlp.
class Pass {
public:
    Pass(const ModelConfig &config, const Weights &weights, Hooks &hooks, const ForwardOptions &options)
        : c(config), w(weights), m_hooks(hooks), m_options(options)
    {
    }

    at::Tensor run(const at::Tensor &tokens, const CancelToken &cancel)
    {
        const int64_t T = tokens.size(1);
        at::Tensor x = stream("hook_embed", w.W_E.index_select(0, tokens.flatten()).view({tokens.size(0), T, c.d_model})); // [P, T, D]
        if (c.rotary_dim > 0) {
            const RotaryTable table = rotary_table(c, T);
            m_cos = table.cos.unsqueeze(1); // [T, 1, rotary_dim / 2]
            m_sin = table.sin.unsqueeze(1);
        } else {
            x = x + stream("hook_pos_embed", w.W_pos.slice(0, 0, T).expand_as(x)); // [P, T, D]
        }
        m_future = at::ones({T, T}, at::kBool).triu(1); // [query, key]
        for (int layer = 0; layer < c.n_layers; ++layer) {
            cancel.check();
            x = block(layer, x);
        }
        return norm("ln_final.", x, w.ln_final_w, w.ln_final_b, HookAxes::Stream, true);
    }

private:
    at::Tensor stream(const std::string &name, const at::Tensor &x) { return m_hooks.at(name, x, HookAxes::Stream); }

    at::Tensor block(int layer, const at::Tensor &x)
    {
        const LayerWeights &l = w.layers[size_t(layer)];
        const auto at = [&](const char *suffix) { return block_hook(layer, suffix); };
        const at::Tensor pre = stream(at("hook_resid_pre"), x);                       // [P, T, D]
        const at::Tensor attn_out = stream(at("hook_attn_out"), attention(layer, pre)); // [P, T, D]
        const at::Tensor mid = c.parallel ? pre : stream(at("hook_resid_mid"), pre + attn_out);
        const at::Tensor mlp_out = stream(at("hook_mlp_out"), mlp(layer, l, mid));
        return stream(at("hook_resid_post"), c.parallel ? pre + attn_out + mlp_out : mid + mlp_out);
    }

    /// x [.., D]. keeps: whether this is the run of the norm whose activations are the ones to keep.
    at::Tensor norm(const std::string &prefix, at::Tensor x, const at::Tensor &weight, const at::Tensor &bias, HookAxes axes, bool keeps)
    {
        const auto hook = [&](const char *suffix, const at::Tensor &value) {
            return keeps ? m_hooks.at(prefix + suffix, value, axes) : m_hooks.changed(prefix + suffix, value, axes);
        };
        if (c.norm == Norm::LayerNorm)
            x = x - x.mean(-1, true);
        const at::Tensor scale = hook("hook_scale", (x.square().mean(-1, true) + c.eps).sqrt()); // [.., 1]
        at::Tensor normalized = x / scale;
        if (c.norm == Norm::RmsNorm) {
            normalized = hook("hook_normalized", normalized);
            return weight.defined() ? normalized * weight : normalized;
        }
        if (weight.defined())
            normalized = normalized * weight + bias;
        return hook("hook_normalized", normalized);
    }

    /// What one of queries, keys and values reads, normalised: [P, T, D], or [P, T, heads, D] where an input of single heads is
    /// changed (or split inputs are asked for).
    at::Tensor attention_input(int layer, const at::Tensor &attn_in, const char *suffix, int64_t heads, HookAxes axes,
                               const at::Tensor &shared, bool last)
    {
        const std::string name = block_hook(layer, suffix);
        const bool per_query_head = heads == c.n_kv_heads && c.grouped() && (m_options.ungroup_kv || m_hooks.changes_query_heads(name));
        at::Tensor input = attn_in.dim() == 4 ? attn_in : attn_in.unsqueeze(2).expand({-1, -1, heads, -1}); // [P, T, heads, D]
        if (input.size(2) == heads)
            input = m_hooks.changed(name, input, axes);
        else
            refuse_shared(name);
        if (per_query_head)
            input = m_hooks.changed(name, ungrouped(input), axes, true); // [P, T, H, D]
        m_hooks.keep(name, input);
        if (!m_options.split_qkv && !m_hooks.changes(name) && attn_in.dim() != 4)
            return shared;
        const LayerWeights &l = w.layers[size_t(layer)];
        return norm(block_hook(layer, "ln1."), input, l.ln1_w, l.ln1_b, HookAxes::Heads, m_options.split_qkv && last);
    }

    /// x [P, T, D] or [P, T, n, D] times W [n, D, d] plus b [n, d]: [P, T, n, d].
    at::Tensor project(const at::Tensor &x, const at::Tensor &W, const at::Tensor &b) const
    {
        const int64_t P = x.size(0), T = x.size(1), D = x.size(-1);
        if (x.dim() == 3)
            return at::matmul(x.reshape({1, P * T, D}), W).permute({1, 0, 2}).reshape({P, T, W.size(0), W.size(2)}) + b;
        const int64_t n = x.size(2), group = n / W.size(0); // per query head: each with its group's weights
        const at::Tensor weights = group == 1 ? W : W.repeat_interleave(group, 0), bias = group == 1 ? b : b.repeat_interleave(group, 0);
        return at::bmm(x.reshape({P * T, n, D}).transpose(0, 1), weights).transpose(0, 1).reshape({P, T, n, W.size(2)}) + bias;
    }

    /// Interventions and keeping for keys and values: shared ones first, then those of single query heads on ungrouped copies.
    at::Tensor kv_hook(const std::string &name, at::Tensor x)
    {
        if (x.size(2) == c.n_kv_heads)
            x = m_hooks.changed(name, x, HookAxes::KvHeads);
        else
            refuse_shared(name);
        if (c.grouped() && x.size(2) == c.n_kv_heads && (m_options.ungroup_kv || m_hooks.changes_query_heads(name)))
            x = x.repeat_interleave(c.kv_group(), 2); // [P, T, H, d]
        if (x.size(2) == c.n_heads)
            x = m_hooks.changed(name, x, HookAxes::KvHeads, true);
        m_hooks.keep(name, x);
        return x;
    }

    /// Once an earlier intervention has given each query head its own keys, none is shared any more.
    void refuse_shared(const std::string &name) const
    {
        if (m_hooks.changes_shared_heads(name))
            throw Error(name, "another intervention gives every query head its own input here; name query heads (per_query_head)");
    }

    at::Tensor ungrouped(const at::Tensor &x) const { return x.size(2) == c.n_heads ? x : x.repeat_interleave(c.kv_group(), 2); }

    at::Tensor attention(int layer, const at::Tensor &pre)
    {
        const LayerWeights &l = w.layers[size_t(layer)];
        const auto at = [&](const char *suffix) { return block_hook(layer, suffix); };
        at::Tensor attn_in = pre; // [P, T, D], or [P, T, H, D] once a head has an input of its own
        if (m_hooks.wants(at("hook_attn_in"))) {
            const at::Tensor copies = m_hooks.at(at("hook_attn_in"), pre.unsqueeze(2).expand({-1, -1, c.n_heads, -1}), HookAxes::Heads);
            if (m_hooks.changes(at("hook_attn_in")))
                attn_in = copies;
        }
        const at::Tensor shared = norm(at("ln1."), pre, l.ln1_w, l.ln1_b, HookAxes::Stream, !m_options.split_qkv);
        const at::Tensor q_in = attention_input(layer, attn_in, "hook_q_input", c.n_heads, HookAxes::Heads, shared, false);
        const at::Tensor k_in = attention_input(layer, attn_in, "hook_k_input", c.n_kv_heads, HookAxes::KvHeads, shared, false);
        const at::Tensor v_in = attention_input(layer, attn_in, "hook_v_input", c.n_kv_heads, HookAxes::KvHeads, shared, true);

        at::Tensor q = m_hooks.at(at("attn.hook_q"), project(q_in, l.W_Q, l.b_Q), HookAxes::Heads); // [P, T, H, d]
        at::Tensor k = kv_hook(at("attn.hook_k"), project(k_in, l.W_K, l.b_K));                    // [P, T, G or H, d]
        const at::Tensor v = ungrouped(kv_hook(at("attn.hook_v"), project(v_in, l.W_V, l.b_V)));   // [P, T, H, d]
        if (c.rotary_dim > 0) {
            q = m_hooks.at(at("attn.hook_rot_q"), rotate(q, m_cos, m_sin), HookAxes::Heads);
            k = kv_hook(at("attn.hook_rot_k"), rotate(k, m_cos, m_sin));
        }
        at::Tensor scores = at::matmul(q.permute({0, 2, 1, 3}), ungrouped(k).permute({0, 2, 3, 1})) / std::sqrt(double(c.d_head)); // [P, H, T, T]
        scores = scores.masked_fill(m_future, -std::numeric_limits<float>::infinity());
        scores = m_hooks.at(at("attn.hook_attn_scores"), scores, HookAxes::Pattern);
        // A row without any finite score (possible only by intervention) attends to nothing.
        const at::Tensor softmax = at::softmax(scores, -1);
        const at::Tensor pattern = m_hooks.at(at("attn.hook_pattern"), at::where(softmax.isnan(), at::zeros_like(softmax), softmax), HookAxes::Pattern);
        at::Tensor z = at::matmul(pattern, v.permute({0, 2, 1, 3})).permute({0, 2, 1, 3}); // [P, T, H, d]
        z = m_hooks.at(at("attn.hook_z"), z, HookAxes::Heads);
        if (m_hooks.wants(at("attn.hook_result"))) {
            at::Tensor result = at::matmul(z.permute({2, 0, 1, 3}).reshape({c.n_heads, -1, c.d_head}), l.W_O) // [H, P T, D]
                                    .view({c.n_heads, z.size(0), z.size(1), c.d_model}).permute({1, 2, 0, 3}); // [P, T, H, D]
            result = m_hooks.at(at("attn.hook_result"), result, HookAxes::Heads);
            if (m_hooks.changes(at("attn.hook_result")))
                return result.sum(2) + l.b_O;
        }
        return at::matmul(z.flatten(2), l.W_O.flatten(0, 1)) + l.b_O; // [P, T, H d] x [H d, D]
    }

    at::Tensor mlp(int layer, const LayerWeights &l, const at::Tensor &mid)
    {
        const auto at = [&](const char *suffix) { return block_hook(layer, suffix); };
        const at::Tensor x = norm(at("ln2."), stream(at("hook_mlp_in"), mid), l.ln2_w, l.ln2_b, HookAxes::Stream, true); // [P, T, D]
        at::Tensor post;
        if (c.gated_mlp) {
            const at::Tensor gate = stream(at("mlp.hook_pre"), at::matmul(x, l.W_gate));          // [P, T, M]
            const at::Tensor linear = stream(at("mlp.hook_pre_linear"), at::matmul(x, l.W_in)); // [P, T, M]
            post = activate(gate, c.activation) * linear + l.b_in;
        } else {
            post = activate(stream(at("mlp.hook_pre"), at::matmul(x, l.W_in) + l.b_in), c.activation); // [P, T, M]
        }
        return at::matmul(stream(at("mlp.hook_post"), post), l.W_out) + l.b_out; // [P, T, D]
    }

    const ModelConfig &c;
    const Weights &w;
    Hooks &m_hooks;
    const ForwardOptions &m_options;
    at::Tensor m_cos, m_sin, m_future;
};

} // namespace

at::Tensor forward(const ModelConfig &config, const Weights &weights, const at::Tensor &tokens, Hooks &hooks,
                   const ForwardOptions &options, const CancelToken &cancel)
{
    return Pass(config, weights, hooks, options).run(tokens, cancel);
}

} // namespace patchbay
