#include "definition.h"

#include "model/weight_arrays.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

using namespace patchbay;

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

Doubles zeros(std::vector<int64_t> shape)
{
    Doubles out{std::move(shape), {}};
    out.values.assign(size_t(out.stride(0)), 0);
    return out;
}

double activated(Activation activation, double x)
{
    switch (activation) {
    case Activation::Gelu: return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::GeluNew: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::Silu: return x / (1 + std::exp(-x));
    case Activation::Relu: break;
    }
    return std::max(x, 0.0);
}

double rotary_frequency(const ModelConfig &c, int layer, int pair)
{
    const double own = layer < int(c.layer_traits.size()) ? c.layer_traits[size_t(layer)].rotary_base : 0;
    const double frequency = std::pow(own > 0 ? own : c.rotary_base, -2.0 * pair / c.rotary_dim);
    const RotaryScaling &s = c.rotary_scaling;
    if (own > 0 || s.type == RotaryScaling::Type::None)
        return frequency;
    if (s.type == RotaryScaling::Type::Linear)
        return frequency / s.factor;
    const double turns = s.original_ctx * frequency / (2 * std::numbers::pi);
    const double kept = std::clamp((turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor), 0.0, 1.0);
    return (1 - kept) * frequency / s.factor + kept * frequency;
}

} // namespace

Definition::Definition(const Model &model) : m_config(model.config())
{
    for (const auto &[name, array] : weight_arrays(model))
        m_weights[name] = {array.shape, std::vector<double>(array.floats().begin(), array.floats().end())};
}

// Letters as elsewhere: P prompts, T positions, H heads, G key/value heads, d d_head, D d_model, M d_mlp.
class DefinitionRun {
public:
    DefinitionRun(const Definition &model, const Tokens &tokens, const std::vector<Change> &changes, bool ungroup)
        : c(model.m_config), w(model.m_weights), m_tokens(tokens), m_changes(changes), m_ungroup(ungroup), P(tokens.prompts), T(tokens.width)
    {
    }

    Definition::Output run()
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
            const Doubles out = mlp(mid);
            if (!c.parallel)
                x = mid;
            add(x, out);
            hook(at("hook_resid_post"), x);
        }
        x = norm("ln_final.", x, true);
        m_out.logits = product(x, "unembed.W_U", "unembed.b_U");
        return std::move(m_out);
    }

private:
    const double *weight(const std::string &name) const
    {
        const auto found = w.find(name);
        return found == w.end() ? nullptr : found->second.values.data();
    }
    std::string at(const std::string &suffix) const { return "blocks." + std::to_string(m_layer) + "." + suffix; }

    /// x [rows…, n] filled with f(row, i).
    template <typename F> static void each(Doubles &x, const F &f)
    {
        const int64_t n = x.shape.back(), rows = x.stride(0) / n;
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t i = 0; i < n; ++i)
                x.values[size_t(row * n + i)] = f(row, i);
    }
    static void add(Doubles &x, const Doubles &more)
    {
        for (size_t i = 0; i < x.values.size(); ++i)
            x.values[i] += more.values[i];
    }

    void change(const std::string &name, Doubles &x, bool per_query_head)
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
                if (!change.heads.empty() && std::find(change.heads.begin(), change.heads.end(), head) == change.heads.end())
                    continue;
                if (!change.positions.empty()) {
                    const std::vector<int> &list = change.positions[change.positions.size() == 1 ? 0 : size_t(prompt)];
                    if (std::find(list.begin(), list.end(), pos) == list.end())
                        continue;
                }
                double &value = x.values[size_t(i)];
                switch (change.kind) {
                case Intervention::Kind::Replace: value = change.values.values[size_t(i)]; break;
                case Intervention::Kind::Add: value += change.values.values[size_t(i)]; break;
                case Intervention::Kind::Zero: value = 0; break;
                case Intervention::Kind::Mean:
                    value = 0;
                    for (int64_t p = 0; p < P; ++p)
                        value += before.values[size_t(p * x.stride(1) + i % x.stride(1))] / double(P);
                }
            }
        }
    }
    void hook(const std::string &name, Doubles &x)
    {
        change(name, x, false);
        m_out.cache[name] = x;
    }
    bool changes(const std::string &name, bool per_query_head) const
    {
        return std::any_of(m_changes.begin(), m_changes.end(),
                           [&](const Change &change) { return change.hook == name && change.per_query_head == per_query_head; });
    }
    /// Keys, values and their inputs: shared ones, then those of single query heads on copies.
    void kv_hook(const std::string &name, Doubles &x)
    {
        if (x.shape[2] == c.n_kv_heads)
            change(name, x, false);
        if (c.grouped() && x.shape[2] == c.n_kv_heads && (m_ungroup || changes(name, true)))
            x = copies(x);
        if (x.shape[2] == c.n_heads)
            change(name, x, true);
        m_out.cache[name] = x;
    }
    Doubles copies(const Doubles &x) const
    {
        Doubles out = zeros({P, T, c.n_heads, x.shape[3]});
        const int64_t group = c.n_heads / x.shape[2];
        each(out, [&](int64_t row, int64_t i) {
            return x.values[size_t((row / c.n_heads * x.shape[2] + row % c.n_heads / group) * x.shape[3] + i)];
        });
        return out;
    }

    /// One row of n numbers normed in place, without weights; its scale.
    double norm_row(double *x, int64_t n, double given_scale = 0) const
    {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < n && c.norm == Norm::LayerNorm; ++i)
            mean += x[i] / double(n);
        for (int64_t i = 0; i < n; ++i)
            square += (x[i] - mean) * (x[i] - mean) / double(n);
        const double scale = given_scale != 0 ? given_scale : std::sqrt(square + c.eps);
        for (int64_t i = 0; i < n; ++i)
            x[i] = (x[i] - mean) / scale;
        return scale;
    }

    /// hooks: false for inputs of single heads, whose norms are not shown.
    Doubles norm(const std::string &prefix, Doubles x, bool hooks)
    {
        const int64_t n = x.shape.back(), rows = x.stride(0) / n;
        Doubles scale = zeros(x.shape);
        scale.shape.back() = 1;
        scale.values.resize(size_t(rows));
        for (int64_t r = 0; r < rows; ++r) {
            std::vector<double> row(x.values.begin() + r * n, x.values.begin() + (r + 1) * n);
            scale.values[size_t(r)] = norm_row(row.data(), n);
        }
        if (hooks)
            hook(prefix + "hook_scale", scale);
        for (int64_t r = 0; r < rows; ++r)
            norm_row(x.values.data() + r * n, n, scale.values[size_t(r)]);
        const auto weigh = [&] {
            const double *weights = weight(prefix + "w"), *bias = weight(prefix + "b");
            for (int64_t r = 0; r < rows; ++r)
                for (int64_t i = 0; i < n; ++i)
                    x.values[size_t(r * n + i)] = x.values[size_t(r * n + i)] * (weights ? weights[i] : 1) + (bias ? bias[i] : 0);
        };
        if (c.norm == Norm::LayerNorm)
            weigh();
        if (hooks)
            hook(prefix + "hook_normalized", x);
        if (c.norm == Norm::RmsNorm)
            weigh();
        return x;
    }

    /// x [.., n] W [n, m] + b.
    Doubles product(const Doubles &x, const std::string &W, const std::string &b) const
    {
        const int64_t n = x.shape.back(), m = w.at(W).shape.back();
        std::vector<int64_t> shape = x.shape;
        shape.back() = m;
        Doubles out = zeros(shape);
        const double *weights = weight(W), *bias = b.empty() ? nullptr : weight(b);
        each(out, [&](int64_t row, int64_t j) {
            double sum = bias ? bias[j] : 0;
            for (int64_t i = 0; i < n; ++i)
                sum += x.values[size_t(row * n + i)] * weights[i * m + j];
            return sum;
        });
        return out;
    }

    /// Queries, keys or values: of the shared normed stream, or of inputs that single heads have for themselves.
    Doubles projected(char part, const Doubles &stream, const Doubles &shared, const Doubles *attn_in)
    {
        const bool q = part == 'q';
        const int64_t own_heads = q ? c.n_heads : c.n_kv_heads, D = c.d_model, d = c.d_head;
        const std::string input = at(std::string("hook_") + part + "_input"), grouped = c.grouped() && !q ? "_" : "";
        Doubles in = attn_in ? *attn_in : zeros({P, T, own_heads, D});
        if (!attn_in)
            each(in, [&](int64_t row, int64_t i) { return stream.values[size_t(row / own_heads * D + i)]; });
        if (q)
            hook(input, in);
        else
            kv_hook(input, in);
        const int64_t heads = in.shape[2];
        Doubles normed = in;
        if (attn_in || changes(input, false) || changes(input, true))
            normed = c.pre_norms ? norm(at("ln1."), in, false) : in;
        else
            each(normed, [&](int64_t row, int64_t i) { return shared.values[size_t(row / heads * D + i)]; });
        const char upper = char(part - 'a' + 'A');
        const double *W = weight(at("attn." + grouped + "W_" + upper)), *b = weight(at("attn." + grouped + "b_" + upper));
        Doubles out = zeros({P, T, heads, d});
        each(out, [&](int64_t row, int64_t j) {
            const int64_t head = row % heads * own_heads / heads;
            double sum = b[head * d + j];
            for (int64_t i = 0; i < D; ++i)
                sum += normed.values[size_t(row * D + i)] * W[(head * D + i) * d + j];
            return c.clip_qkv > 0 ? std::clamp(sum, -c.clip_qkv, c.clip_qkv) : sum;
        });
        return out;
    }

    void qk_norm(Doubles &x, const std::string &weights) const
    {
        const int64_t heads = x.shape[2], d = x.shape[3], own = w.at(weights).shape[0];
        for (int64_t r = 0; r < P * T; ++r) {
            double *row = x.values.data() + r * heads * d;
            if (c.qk_norm == QkNorm::WholeWidth)
                norm_row(row, heads * d);
            for (int64_t h = 0; h < heads; ++h) {
                if (c.qk_norm == QkNorm::PerHead)
                    norm_row(row + h * d, d);
                for (int64_t i = 0; i < d; ++i)
                    row[h * d + i] *= weight(weights)[(h * own / heads) * d + i];
            }
        }
    }

    void rotate(Doubles &x) const
    {
        const int64_t heads = x.shape[2], d = x.shape[3], half = c.rotary_dim / 2;
        for (int64_t r = 0; r < P * T * heads; ++r)
            for (int64_t i = 0; i < half; ++i) {
                const double angle = double(r / heads % T) * rotary_frequency(c, m_layer, int(i));
                double &a = x.values[size_t(r * d + (c.rotary_interleaved ? 2 * i : i))];
                double &b = x.values[size_t(r * d + (c.rotary_interleaved ? 2 * i + 1 : i + half))];
                const double first = a, second = b;
                a = first * std::cos(angle) - second * std::sin(angle);
                b = second * std::cos(angle) + first * std::sin(angle);
            }
    }

    // The ALiBi slope of a head: powers of 2^(-8 / n), for the heads beyond a power of two every other one of the next longer series.
    double slope(int64_t head) const
    {
        int64_t power = 1;
        while (2 * power <= c.n_heads)
            power *= 2;
        return head < power ? std::exp2(-8.0 * double(head + 1) / double(power)) : std::exp2(-8.0 * double(2 * (head - power) + 1) / double(2 * power));
    }

    Doubles attention(const Doubles &stream)
    {
        const int64_t H = c.n_heads, D = c.d_model, d = c.d_head;
        Doubles copied = zeros({P, T, H, D});
        each(copied, [&](int64_t row, int64_t i) { return stream.values[size_t(row / H * D + i)]; });
        hook(at("hook_attn_in"), copied);
        const Doubles *attn_in = changes(at("hook_attn_in"), false) ? &copied : nullptr;
        const Doubles shared = c.pre_norms ? norm(at("ln1."), stream, true) : stream;
        Doubles q = projected('q', stream, shared, attn_in), k = projected('k', stream, shared, attn_in), v = projected('v', stream, shared, attn_in);
        hook(at("attn.hook_q"), q);
        kv_hook(at("attn.hook_k"), k);
        kv_hook(at("attn.hook_v"), v);
        if (c.qk_norm != QkNorm::None) {
            qk_norm(q, at("attn.q_norm.w"));
            hook(at("attn.hook_q_norm"), q);
            qk_norm(k, at("attn.k_norm.w"));
            kv_hook(at("attn.hook_k_norm"), k);
        }
        const LayerTraits traits = c.layer_traits.empty() ? LayerTraits() : c.layer_traits[size_t(m_layer)];
        if (c.rotary_dim > 0 && traits.rotary) {
            rotate(q);
            hook(at("attn.hook_rot_q"), q);
            rotate(k);
            kv_hook(at("attn.hook_rot_k"), k);
        }
        k = copies(k);
        v = copies(v);
        const auto head_row = [&](const Doubles &x, int64_t p, int64_t t, int64_t h) { return x.values.data() + ((p * T + t) * H + h) * d; };
        Doubles pattern = zeros({P, H, T, T});
        each(pattern, [&](int64_t row, int64_t j) {
            const int64_t p = row / (H * T), h = row / T % H, i = row % T;
            if (j > i || (traits.window > 0 && i - j >= traits.window))
                return -std::numeric_limits<double>::infinity();
            double score = 0;
            for (int64_t e = 0; e < d; ++e)
                score += head_row(q, p, i, h)[e] * head_row(k, p, j, h)[e];
            score *= c.attention_scale > 0 ? c.attention_scale : 1 / std::sqrt(double(d));
            if (c.score_cap > 0)
                score = c.score_cap * std::tanh(score / c.score_cap);
            return c.alibi ? score - slope(h) * double(i - j) : score;
        });
        hook(at("attn.hook_attn_scores"), pattern);
        for (int64_t row = 0; row < P * H * T; ++row) {
            double *s = pattern.values.data() + row * T;
            const double top = *std::max_element(s, s + T);
            double sum = 0;
            for (int64_t j = 0; j < T; ++j)
                sum += s[j] = std::isinf(top) ? 0 : std::exp(s[j] - top);
            for (int64_t j = 0; j < T && sum > 0; ++j)
                s[j] /= sum;
        }
        hook(at("attn.hook_pattern"), pattern);
        Doubles z = zeros({P, T, H, d});
        each(z, [&](int64_t row, int64_t e) {
            const int64_t p = row / (T * H), i = row / H % T, h = row % H;
            double sum = 0;
            for (int64_t j = 0; j < T; ++j)
                sum += pattern.values[size_t(((p * H + h) * T + i) * T + j)] * head_row(v, p, j, h)[e];
            return sum;
        });
        hook(at("attn.hook_z"), z);
        Doubles result = zeros({P, T, H, D});
        const double *W_O = weight(at("attn.W_O")), *b_O = weight(at("attn.b_O"));
        each(result, [&](int64_t row, int64_t j) {
            double sum = 0;
            for (int64_t e = 0; e < d; ++e)
                sum += z.values[size_t(row * d + e)] * W_O[(row % H * d + e) * D + j];
            return sum;
        });
        hook(at("attn.hook_result"), result);
        Doubles out = zeros({P, T, D});
        each(out, [&](int64_t row, int64_t j) {
            double sum = b_O[j];
            for (int64_t h = 0; h < H; ++h)
                sum += result.values[size_t((row * H + h) * D + j)];
            return sum;
        });
        if (c.post_norms)
            out = norm(at("ln1_post."), out, true);
        hook(at("hook_attn_out"), out);
        return out;
    }

    Doubles mlp(Doubles x)
    {
        hook(at("hook_mlp_in"), x);
        if (c.pre_norms)
            x = norm(at("ln2."), x, true);
        Doubles post;
        if (c.gated_mlp) {
            post = product(x, at("mlp.W_gate"), "");
            hook(at("mlp.hook_pre"), post);
            Doubles linear = product(x, at("mlp.W_in"), "");
            hook(at("mlp.hook_pre_linear"), linear);
            const double *b = weight(at("mlp.b_in"));
            for (size_t i = 0; i < post.values.size(); ++i)
                post.values[i] = activated(c.activation, post.values[i]) * linear.values[i] + b[i % size_t(c.d_mlp)];
        } else {
            post = product(x, at("mlp.W_in"), at("mlp.b_in"));
            hook(at("mlp.hook_pre"), post);
            for (double &value : post.values)
                value = activated(c.activation, value);
        }
        hook(at("mlp.hook_post"), post);
        Doubles out = product(post, at("mlp.W_out"), at("mlp.b_out"));
        if (c.post_norms)
            out = norm(at("ln2_post."), out, true);
        hook(at("hook_mlp_out"), out);
        return out;
    }

    const ModelConfig &c;
    const std::map<std::string, Doubles> &w;
    const Tokens &m_tokens;
    const std::vector<Change> &m_changes;
    const bool m_ungroup;
    const int64_t P, T;
    int m_layer = 0;
    Definition::Output m_out;
};

Definition::Output Definition::run(const Tokens &tokens, const std::vector<Change> &changes, bool ungroup) const
{
    return DefinitionRun(*this, tokens, changes, ungroup).run();
}
