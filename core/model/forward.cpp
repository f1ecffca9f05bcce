#include "model/detail/forward.h"

#include "base/error.h"
#include "block/detail/block.h"
#include "model/detail/plain_attention.h"

namespace patchbay {

namespace {

using detail::Block;
using detail::Part;
using detail::RowNorm;

// Letters in comments: P prompts, T positions, D d_model, H heads, G key/value heads, d d_head, M d_mlp. The arithmetic
// is core/block's, over all rows [P T]; what this adds is the hook points between its steps.
class Pass {
public:
    Pass(const ModelConfig &config, const Weights &weights, Hooks &hooks, const ForwardOptions &options)
        : c(config), w(weights), m_hooks(hooks), m_options(options)
    {
    }

    at::Tensor run(const at::Tensor &tokens, const CancelToken &cancel)
    {
        P = tokens.size(0);
        T = tokens.size(1);
        at::Tensor x = stream("hook_embed", w.embedding(tokens.flatten()).view({P, T, c.d_model})); // [P, T, D]
        if (c.learned_positions())
            x = x + stream("hook_pos_embed", w.W_pos.slice(0, 0, T).expand_as(x)); // [P, T, D]
        const std::vector<detail::Rotary> rotary = detail::Rotary::of_layers(c, T);
        for (int layer = 0; layer < c.n_layers; ++layer) {
            cancel.check();
            const Block block(detail::BlockTraits(c, layer), detail::plain_weights(c, w.layer(layer)),
                              rotary[size_t(layer)]);
            b = &block;
            m_layer = layer;
            x = through_block(x);
        }
        return norm("ln_final.", RowNorm(c.final_norm(), c.eps, c.d_model, w.ln_final_w, w.ln_final_b), x,
                    HookAxes::Stream, true);
    }

private:
    std::string at(const char *suffix) const { return block_hook(m_layer, suffix); }
    at::Tensor stream(const std::string &name, const at::Tensor &x) { return m_hooks.at(name, x, HookAxes::Stream); }
    at::Tensor rows_like(int64_t width) const { return at::empty({P, T, width}, at::kFloat); }

    at::Tensor through_block(const at::Tensor &x)
    {
        const at::Tensor pre = stream(at("hook_resid_pre"), x);                  // [P, T, D]
        const at::Tensor attn_out = stream(at("hook_attn_out"), attention(pre)); // [P, T, D]
        if (!c.has_mlp())
            return stream(at("hook_resid_post"), pre + attn_out);
        const at::Tensor mid = c.parallel ? pre : stream(at("hook_resid_mid"), pre + attn_out);
        const at::Tensor mlp_out = stream(at("hook_mlp_out"), mlp(mid));
        return stream(at("hook_resid_post"), c.parallel ? pre + attn_out + mlp_out : mid + mlp_out);
    }

    /// x [.., D]. keeps: whether this is the run of the norm whose activations are the ones to keep.
    at::Tensor norm(const std::string &prefix, const RowNorm &norm, const at::Tensor &input, HookAxes axes, bool keeps)
    {
        if (norm.identity())
            return input;
        const auto hook = [&](const char *suffix, const at::Tensor &value) {
            return (keeps ? m_hooks.at(prefix + suffix, value, axes) : m_hooks.changed(prefix + suffix, value, axes))
                .contiguous();
        };
        const at::Tensor x = input.contiguous();
        const int64_t rows = x.numel() / x.size(-1);
        std::vector<int64_t> shape = x.sizes().vec();
        shape.back() = 1;
        at::Tensor scale = at::empty(shape, at::kFloat), normalized = at::empty_like(x); // [.., 1], [.., D]
        norm.scales(x.data_ptr<float>(), scale.data_ptr<float>(), rows);
        scale = hook("hook_scale", scale);
        norm.divide(x.data_ptr<float>(), scale.data_ptr<float>(), normalized.data_ptr<float>(), rows);
        // TransformerLens shows what LayerNorm gives after its weight, and RMSNorm before.
        if (norm.rms())
            normalized = hook("hook_normalized", normalized).clone();
        norm.weigh(normalized.data_ptr<float>(), rows);
        return norm.rms() ? normalized : hook("hook_normalized", normalized);
    }

    /// What one of queries, keys and values reads, normalised: [P, T, D], or [P, T, heads, D] where an input of single
    /// heads is changed (or split inputs are asked for).
    at::Tensor attention_input(const at::Tensor &attn_in, const char *suffix, int64_t heads, HookAxes axes,
                               const at::Tensor &shared, bool last)
    {
        const std::string name = at(suffix);
        const bool per_query_head =
            heads == c.n_kv_heads && c.grouped() && (m_options.ungroup_kv || m_hooks.changes_query_heads(name));
        at::Tensor input =
            attn_in.dim() == 4 ? attn_in : attn_in.unsqueeze(2).expand({-1, -1, heads, -1}); // [P, T, heads, D]
        if (input.size(2) == heads)
            input = m_hooks.changed(name, input, axes);
        else
            refuse_shared(name);
        if (per_query_head)
            input = m_hooks.changed(name, ungrouped(input), axes, true); // [P, T, H, D]
        m_hooks.keep(name, input);
        if (!m_options.split_qkv && !m_hooks.changes(name) && attn_in.dim() != 4)
            return shared;
        return norm(at("ln1."), b->attn_norm(), input, HookAxes::Heads, m_options.split_qkv && last);
    }

    /// x [P, T, D], or [P, T, n, D] with an input for each of n heads: [P, T, heads, d].
    at::Tensor project(Part part, const at::Tensor &x) const
    {
        const int64_t heads = x.dim() == 4 ? x.size(2) : part == Part::Query ? c.n_heads : c.n_kv_heads;
        const int64_t D = c.d_model, d = c.d_head, width = heads * d;
        const at::Tensor in = x.contiguous();
        at::Tensor out = at::empty({P, T, heads, d}, at::kFloat);
        if (x.dim() == 3)
            b->project(in.data_ptr<float>(), D, P * T, b->column(part, 0), width, out.data_ptr<float>(), width);
        else
            for (int64_t h = 0; h < heads; ++h) // per query head: each with its group's weights
                b->project(in.data_ptr<float>() + h * D, heads * D, P * T,
                           b->column(part, int(h * (c.n_heads / heads))), d, out.data_ptr<float>() + h * d, width);
        return out;
    }

    /// Interventions and keeping for keys and values: shared ones first, then those of single query heads on ungrouped
    /// copies.
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
            throw Error(
                name,
                "another intervention gives every query head its own input here; name query heads (per_query_head)");
    }

    at::Tensor ungrouped(const at::Tensor &x) const
    {
        return x.size(2) == c.n_heads ? x : x.repeat_interleave(c.kv_group(), 2);
    }

    /// Each row [heads, d] of x [P, T, heads, d] handed to `turn` with its position, on a copy.
    template <typename Turn>
    at::Tensor turned(const at::Tensor &x, const Turn &turn) const
    {
        at::Tensor out = x.contiguous().clone();
        const int64_t width = out.size(2) * out.size(3);
        for (int64_t r = 0; r < P * T; ++r)
            turn(out.data_ptr<float>() + r * width, int(out.size(2)), int(r % T));
        return out;
    }

    /// x [P, T, heads, d] normed, each head by itself or all as one; weights [own heads, d]. The norm's hooks lie
    /// before its weights.
    at::Tensor qk_norm(const std::string &prefix, at::Tensor x, const at::Tensor &weights, bool keys)
    {
        const bool whole = c.qk_norm == QkNorm::WholeWidth;
        const auto hook = [&](const char *suffix, const at::Tensor &value) {
            const std::string name = at((prefix + suffix).c_str());
            return (whole      ? stream(name, value)
                        : keys ? kv_hook(name, value)
                               : m_hooks.at(name, value, HookAxes::Heads))
                .contiguous();
        };
        x = (whole ? x.reshape({P, T, -1}) : x).contiguous();
        const RowNorm norm(c.norm, c.eps, int(x.size(-1)));
        std::vector<int64_t> shape = x.sizes().vec();
        shape.back() = 1;
        at::Tensor scale = at::empty(shape, at::kFloat);
        norm.scales(x.data_ptr<float>(), scale.data_ptr<float>(), scale.numel());
        scale = hook("hook_scale", scale);
        if (!whole && scale.size(2) > x.size(2)) // an intervention gives each query head its own
            x = x.repeat_interleave(scale.size(2) / x.size(2), 2);
        at::Tensor out = at::empty_like(x);
        norm.divide(x.data_ptr<float>(), scale.data_ptr<float>(), out.data_ptr<float>(), scale.numel());
        out = hook("hook_normalized", out).view({P, T, -1, c.d_head});
        return out * weights.repeat_interleave(out.size(2) / weights.size(0), 0);
    }

    at::Tensor attention(const at::Tensor &pre)
    {
        at::Tensor attn_in = pre; // [P, T, D], or [P, T, H, D] once a head has an input of its own
        if (m_hooks.wants(at("hook_attn_in"))) {
            const at::Tensor copies =
                m_hooks.at(at("hook_attn_in"), pre.unsqueeze(2).expand({-1, -1, c.n_heads, -1}), HookAxes::Heads);
            if (m_hooks.changes(at("hook_attn_in")))
                attn_in = copies;
        }
        const at::Tensor shared = norm(at("ln1."), b->attn_norm(), pre, HookAxes::Stream, !m_options.split_qkv);
        const at::Tensor q_in = attention_input(attn_in, "hook_q_input", c.n_heads, HookAxes::Heads, shared, false);
        const at::Tensor k_in =
            attention_input(attn_in, "hook_k_input", c.n_kv_heads, HookAxes::KvHeads, shared, false);
        const at::Tensor v_in = attention_input(attn_in, "hook_v_input", c.n_kv_heads, HookAxes::KvHeads, shared, true);

        at::Tensor q = m_hooks.at(at("attn.hook_q"), project(Part::Query, q_in), HookAxes::Heads); // [P, T, H, d]
        at::Tensor k = kv_hook(at("attn.hook_k"), project(Part::Key, k_in));                       // [P, T, G or H, d]
        const at::Tensor v = kv_hook(at("attn.hook_v"), project(Part::Value, v_in)).contiguous();  // [P, T, G or H, d]
        if (b->traits().norms_queries()) {
            q = m_hooks.at(at("attn.hook_q_norm"), qk_norm("attn.q_norm.", q, b->q_norm(), false), HookAxes::Heads);
            k = kv_hook(at("attn.hook_k_norm"), qk_norm("attn.k_norm.", k, b->k_norm(), true));
        }
        if (b->rotary().turns()) {
            const auto rotate = [&](float *row, int heads, int position) { b->rotate(row, heads, position); };
            q = m_hooks.at(at("attn.hook_rot_q"), turned(q, rotate), HookAxes::Heads);
            k = kv_hook(at("attn.hook_rot_k"), turned(k, rotate));
        }
        const at::Tensor seen =
            m_hooks.at(at("attn.hook_attn_scores"), detail::plain_scores(*b, q.contiguous(), k.contiguous()),
                       HookAxes::Pattern); // [P, H, T, T]
        const at::Tensor pattern =
            m_hooks.at(at("attn.hook_pattern"), detail::plain_softmax(seen.contiguous()), HookAxes::Pattern);
        const at::Tensor z = m_hooks.at(at("attn.hook_z"), detail::plain_mix(pattern.contiguous(), v), HookAxes::Heads)
                                 .contiguous(); // [P, T, H, d]
        return norm(at("ln1_post."), b->attn_post(), head_sum(z), HookAxes::Stream, true);
    }

    /// All heads' results and b_O: [P, T, D].
    at::Tensor head_sum(const at::Tensor &z)
    {
        const int64_t H = c.n_heads, d = c.d_head;
        if (m_hooks.wants(at("attn.hook_result"))) {
            at::Tensor result = at::empty({H, P, T, c.d_model}, at::kFloat);
            for (int64_t h = 0; h < H; ++h)
                b->write_head(int(h), z.data_ptr<float>() + h * d, H * d, P * T, result[h].data_ptr<float>(), false);
            result = m_hooks.at(at("attn.hook_result"), result.permute({1, 2, 0, 3}), HookAxes::Heads); // [P, T, H, D]
            if (m_hooks.changes(at("attn.hook_result")))
                return result.sum(2) + b->b_O();
        }
        at::Tensor out = rows_like(c.d_model);
        b->sum_heads(z.data_ptr<float>(), P * T, out.data_ptr<float>());
        return out;
    }

    at::Tensor mlp(const at::Tensor &mid)
    {
        const at::Tensor x = norm(at("ln2."), b->mlp_norm(), stream(at("hook_mlp_in"), mid), HookAxes::Stream, true)
                                 .contiguous();      // [P, T, D]
        at::Tensor pre = rows_like(c.d_mlp), linear; // [P, T, M]
        b->mlp_pre(x.data_ptr<float>(), P * T, pre.data_ptr<float>());
        at::Tensor post = stream(at("mlp.hook_pre"), pre).contiguous().clone();
        if (c.gated_mlp) {
            linear = rows_like(c.d_mlp);
            b->mlp_linear(x.data_ptr<float>(), P * T, linear.data_ptr<float>());
            linear = stream(at("mlp.hook_pre_linear"), linear).contiguous();
        }
        b->mlp_activate(post.data_ptr<float>(), c.gated_mlp ? linear.data_ptr<float>() : nullptr, P * T);
        if (c.mid_norm)
            post = norm(at("mlp.ln."), b->mid_norm(), stream(at("mlp.hook_mid"), post), HookAxes::Stream, true);
        post = stream(at("mlp.hook_post"), post).contiguous();
        at::Tensor out = rows_like(c.d_model);
        b->mlp_sum(post.data_ptr<float>(), P * T, out.data_ptr<float>());
        return norm(at("ln2_post."), b->mlp_post(), out, HookAxes::Stream, true);
    }

    const ModelConfig &c;
    const Weights &w;
    Hooks &m_hooks;
    const ForwardOptions &m_options;
    int64_t P = 0, T = 0;
    const Block *b = nullptr; ///< of the layer at hand
    int m_layer = 0;
};

} // namespace

void cap_logits(const ModelConfig &config, at::Tensor &logits)
{
    if (config.logit_cap > 0)
        logits.div_(config.logit_cap).tanh_().mul_(config.logit_cap);
}

at::Tensor forward(const ModelConfig &config, const Weights &weights, const at::Tensor &tokens, Hooks &hooks,
                   const ForwardOptions &options, const CancelToken &cancel)
{
    return Pass(config, weights, hooks, options).run(tokens, cancel);
}

} // namespace patchbay
