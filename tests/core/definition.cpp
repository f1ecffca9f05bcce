#include "definition_run.h"

#include "model/weight_arrays.h"

#include <algorithm>
#include <cmath>
#include <numbers>

int64_t Doubles::stride(size_t axis) const
{
    int64_t n = 1;
    for (size_t i = axis; i < shape.size(); ++i)
        n *= shape[i];
    return n;
}

Doubles operator-(const Doubles &a, const Doubles &b)
{
    Doubles out = a;
    for (size_t i = 0; i < out.values.size(); ++i)
        out.values[i] -= b.values[i];
    return out;
}

Doubles operator*(double f, const Doubles &a)
{
    Doubles out = a;
    for (double &value : out.values)
        value *= f;
    return out;
}

namespace {

double activated(Activation activation, double x)
{
    switch (activation) {
    case Activation::Gelu:
        return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::GeluNew:
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::Silu:
        return x / (1 + std::exp(-x));
    case Activation::QuickGelu:
        return x / (1 + std::exp(-1.702 * x));
    case Activation::Relu2:
        return x > 0 ? x * x : 0;
    case Activation::Solu: // not one by one
    case Activation::Relu:
        break;
    }
    return std::max(x, 0.0);
}

// A row in place.
void activate(Activation activation, double *row, int64_t n)
{
    if (activation == Activation::Solu) {
        double sum = 0;
        for (int64_t i = 0; i < n; ++i)
            sum += std::exp(row[i]);
        for (int64_t i = 0; i < n; ++i)
            row[i] *= std::exp(row[i]) / sum;
        return;
    }
    for (int64_t i = 0; i < n; ++i)
        row[i] = activated(activation, row[i]);
}

} // namespace

Definition::Definition(const Model &model) : m_config(model.config())
{
    for (const auto &[name, array] : weight_arrays(model))
        m_weights[name] = {array.shape, std::vector<double>(array.floats().begin(), array.floats().end())};
}

Definition::Output DefinitionRun::run()
{
    Doubles x = zeros({P, T, c.d_model});
    each(x, [&](int64_t row, int64_t i) { return weight("embed.W_E")[m_tokens.ids[size_t(row)] * c.d_model + i]; });
    hook("hook_embed", x);
    if (w.count("pos_embed.W_pos")) {
        Doubles pos = zeros({P, T, c.d_model});
        each(pos, [&](int64_t row, int64_t i) { return weight("pos_embed.W_pos")[(row % T) * c.d_model + i]; });
        hook("hook_pos_embed", pos);
        add(x, pos);
    }
    for (m_layer = 0; m_layer < c.n_layers; ++m_layer) {
        hook(at("hook_resid_pre"), x);
        const Doubles attn_out = attention(x);
        Doubles mid = x;
        if (!c.parallel) {
            add(mid, attn_out);
            hook(at("hook_resid_mid"), mid);
        }
        add(x, attn_out);
        if (!c.attn_only) {
            const Doubles out = mlp(mid);
            if (!c.parallel)
                x = mid;
            add(x, out);
        }
        hook(at("hook_resid_post"), x);
    }
    x = norm("ln_final.", x, true, c.final_rms ? Norm::RmsNorm : c.norm);
    m_out.logits = product(x, "unembed.W_U", "unembed.b_U");
    for (double &logit : m_out.logits.values)
        if (c.logit_cap > 0)
            logit = c.logit_cap * std::tanh(logit / c.logit_cap);
    return std::move(m_out);
}

void DefinitionRun::change(const std::string &name, Doubles &x, bool per_query_head)
{
    const bool pattern = x.shape.size() == 4 && (name.ends_with("hook_pattern") || name.ends_with("hook_attn_scores"));
    const bool heads = x.shape.size() == 4;
    const size_t head_axis = pattern ? 1 : 2, pos_axis = pattern ? 2 : 1;
    for (const Change &change : m_changes) {
        if (change.hook != name || change.per_query_head != per_query_head)
            continue;
        const Doubles before = x;
        for (int64_t i = 0; i < int64_t(x.values.size()); ++i) {
            const int64_t prompt = i / x.stride(1), pos = i / x.stride(pos_axis + 1) % x.shape[pos_axis];
            const int64_t head = heads ? i / x.stride(head_axis + 1) % x.shape[head_axis] : -1;
            if (!change.heads.empty()
                && std::find(change.heads.begin(), change.heads.end(), head) == change.heads.end())
                continue;
            if (!change.positions.empty()) {
                const std::vector<int> &list = change.positions[change.positions.size() == 1 ? 0 : size_t(prompt)];
                if (std::find(list.begin(), list.end(), pos) == list.end())
                    continue;
            }
            double &value = x.values[size_t(i)];
            switch (change.kind) {
            case Intervention::Kind::Replace:
                value = change.values.values[size_t(i)];
                break;
            case Intervention::Kind::Add:
                value += change.values.values[size_t(i)];
                break;
            case Intervention::Kind::Zero:
                value = 0;
                break;
            case Intervention::Kind::Mean:
                value = 0;
                for (int64_t p = 0; p < P; ++p)
                    value += before.values[size_t(p * x.stride(1) + i % x.stride(1))] / double(P);
            }
        }
    }
}

Doubles DefinitionRun::norm(const std::string &prefix, Doubles x, bool hooks, Norm kind)
{
    const int64_t n = x.shape.back(), rows = x.stride(0) / n;
    Doubles scale = zeros(x.shape);
    scale.shape.back() = 1;
    scale.values.resize(size_t(rows));
    for (int64_t r = 0; r < rows; ++r) {
        std::vector<double> row(x.values.begin() + r * n, x.values.begin() + (r + 1) * n);
        scale.values[size_t(r)] = norm_row(row.data(), n, kind);
    }
    if (hooks)
        hook(prefix + "hook_scale", scale);
    for (int64_t r = 0; r < rows; ++r)
        norm_row(x.values.data() + r * n, n, kind, scale.values[size_t(r)]);
    const auto weigh = [&] {
        const double *weights = weight(prefix + "w"), *bias = weight(prefix + "b");
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t i = 0; i < n; ++i)
                x.values[size_t(r * n + i)] =
                    x.values[size_t(r * n + i)] * (weights ? weights[i] : 1) + (bias ? bias[i] : 0);
    };
    if (kind == Norm::LayerNorm)
        weigh();
    if (hooks)
        hook(prefix + "hook_normalized", x);
    if (kind == Norm::RmsNorm)
        weigh();
    return x;
}

Doubles DefinitionRun::mlp(Doubles x)
{
    hook(at("hook_mlp_in"), x);
    if (c.pre_norms)
        x = norm(at("ln2."), x, true);
    Doubles post =
        c.gated_mlp ? product(x, at("mlp.W_gate"), at("mlp.b_gate")) : product(x, at("mlp.W_in"), at("mlp.b_in"));
    hook(at("mlp.hook_pre"), post);
    Doubles linear;
    if (c.gated_mlp) {
        linear = product(x, at("mlp.W_in"), at("mlp.b_in"));
        hook(at("mlp.hook_pre_linear"), linear);
    }
    for (int64_t row = 0; row < P * T; ++row)
        activate(c.activation, post.values.data() + row * c.d_mlp, c.d_mlp);
    for (size_t i = 0; i < linear.values.size(); ++i)
        post.values[i] *= linear.values[i];
    if (c.mid_norm) {
        hook(at("mlp.hook_mid"), post);
        post = norm(at("mlp.ln."), post, true);
    }
    hook(at("mlp.hook_post"), post);
    Doubles out = product(post, at("mlp.W_out"), at("mlp.b_out"));
    if (c.post_norms)
        out = norm(at("ln2_post."), out, true);
    hook(at("hook_mlp_out"), out);
    return out;
}

Definition::Output Definition::run(const Tokens &tokens, const std::vector<Change> &changes, bool ungroup) const
{
    return DefinitionRun(*this, tokens, changes, ungroup).run();
}
