// Attention by its definition.
#include "definition_run.h"

#include <limits>
#include <numbers>

namespace {

double rotary_frequency(const ModelConfig &c, int layer, int pair, int64_t width)
{
    const double own = layer < int(c.layer_traits.size()) ? c.layer_traits[size_t(layer)].rotary_base : 0;
    const double frequency = std::pow(own > 0 ? own : c.rotary_base, -2.0 * pair / c.rotary_dim);
    const RotaryScaling &s = c.rotary_scaling;
    if (own > 0 || s.type == RotaryScaling::Type::None)
        return frequency;
    if (s.type == RotaryScaling::Type::Linear)
        return frequency / s.factor;
    if (s.type == RotaryScaling::Type::LongRope)
        return frequency / (double(width) > s.original_ctx ? s.long_factors : s.short_factors)[size_t(pair)];
    double kept;
    if (s.type == RotaryScaling::Type::Yarn) {
        const auto place = [&](double turns) { // of the pair that makes so many turns
            return c.rotary_dim / 2.0 * std::log(s.original_ctx / (2 * std::numbers::pi * turns))
                / std::log(c.rotary_base);
        };
        double fast = place(s.high_freq_factor), slow = place(s.low_freq_factor);
        if (s.truncated)
            fast = std::floor(fast), slow = std::ceil(slow);
        fast = std::max(fast, 0.0), slow = std::min(slow, c.rotary_dim - 1.0);
        kept = 1 - std::clamp((pair - fast) / (fast == slow ? 0.001 : slow - fast), 0.0, 1.0);
    } else {
        const double turns = s.original_ctx * frequency / (2 * std::numbers::pi);
        kept = std::clamp((turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor), 0.0, 1.0);
    }
    return (1 - kept) * frequency / s.factor + kept * frequency;
}

// Rounded to the nearest number of bfloat16, ties to even.
double bfloat16(double value)
{
    if (value == 0)
        return 0;
    const double unit = std::exp2(std::floor(std::log2(std::abs(value))) - 7);
    return std::nearbyint(value / unit) * unit;
}

} // namespace

/// Queries, keys or values: of the shared normed stream, or of inputs that single heads have for themselves.
Doubles DefinitionRun::projected(char part, const Doubles &stream, const Doubles &shared, const Doubles *attn_in)
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
    for (int64_t row = 0; row < P * T * heads; ++row) {
        const int64_t head = row % heads * own_heads / heads;
        product_row(normed.values.data() + row * D, D, W + head * D * d, b + head * d, d, out.values.data() + row * d);
    }
    for (double &value : out.values)
        if (c.clip_qkv > 0)
            value = std::clamp(value, -c.clip_qkv, c.clip_qkv);
    return out;
}

void DefinitionRun::qk_norm(Doubles &x, const std::string &prefix, bool keys)
{
    const bool whole = c.qk_norm == QkNorm::WholeWidth;
    const int64_t d = x.shape[3];
    if (whole)
        x.shape = {P, T, x.shape[2] * d};
    const auto hooked = [&](const std::string &suffix, Doubles &value) {
        if (keys && !whole)
            kv_hook(at(prefix + suffix), value);
        else
            hook(at(prefix + suffix), value);
    };
    Doubles scale = zeros(x.shape);
    scale.shape.back() = 1;
    scale.values.resize(size_t(scale.stride(0)));
    for (size_t r = 0; r < scale.values.size(); ++r) {
        const int64_t n = x.shape.back();
        std::vector<double> row(x.values.begin() + int64_t(r) * n, x.values.begin() + int64_t(r + 1) * n);
        scale.values[r] = norm_row(row.data(), n, c.norm);
    }
    hooked("hook_scale", scale);
    if (!whole && scale.shape[2] > x.shape[2])
        x = copies(x);
    for (size_t r = 0; r < scale.values.size(); ++r)
        norm_row(x.values.data() + int64_t(r) * x.shape.back(), x.shape.back(), c.norm, scale.values[r]);
    hooked("hook_normalized", x);
    if (whole)
        x.shape = {P, T, x.shape[2] / d, d};
    const int64_t heads = x.shape[2], own = w.at(at(prefix + "w")).shape[0];
    for (size_t i = 0; i < x.values.size(); ++i) {
        const int64_t head = int64_t(i) / d % heads;
        x.values[i] *= weight(at(prefix + "w"))[head * own / heads * d + int64_t(i) % d];
    }
}

void DefinitionRun::rotate(Doubles &x) const
{
    const int64_t heads = x.shape[2], d = x.shape[3], half = c.rotary_dim / 2;
    const bool own = !c.layer_traits.empty() && c.layer_traits[size_t(m_layer)].rotary_base > 0;
    const double amplitude = own ? 1 : c.rotary_scaling.amplitude;
    for (int64_t r = 0; r < P * T * heads; ++r)
        for (int64_t i = 0; i < half; ++i) {
            const double angle = double(r / heads % T) * rotary_frequency(c, m_layer, int(i), T);
            double &a = x.values[size_t(r * d + (c.rotary_interleaved ? 2 * i : i))];
            double &b = x.values[size_t(r * d + (c.rotary_interleaved ? 2 * i + 1 : i + half))];
            const double first = a * amplitude, second = b * amplitude;
            a = first * std::cos(angle) - second * std::sin(angle);
            b = second * std::cos(angle) + first * std::sin(angle);
        }
}

// The ALiBi slope of a head: powers of 2^(-8 / n), for the heads beyond a power of two every other one of the next
// longer series.
double DefinitionRun::slope(int64_t head) const
{
    int64_t power = 1;
    while (2 * power <= c.n_heads)
        power *= 2;
    return head < power ? std::exp2(-8.0 * double(head + 1) / double(power))
                        : std::exp2(-8.0 * double(2 * (head - power) + 1) / double(2 * power));
}

Doubles DefinitionRun::attention(const Doubles &stream)
{
    const int64_t H = c.n_heads, D = c.d_model, d = c.d_head;
    Doubles copied = zeros({P, T, H, D});
    each(copied, [&](int64_t row, int64_t i) { return stream.values[size_t(row / H * D + i)]; });
    hook(at("hook_attn_in"), copied);
    const Doubles *attn_in = changes(at("hook_attn_in"), false) ? &copied : nullptr;
    const Doubles shared = c.pre_norms ? norm(at("ln1."), stream, true) : stream;
    Doubles q = projected('q', stream, shared, attn_in), k = projected('k', stream, shared, attn_in),
            v = projected('v', stream, shared, attn_in);
    hook(at("attn.hook_q"), q);
    kv_hook(at("attn.hook_k"), k);
    kv_hook(at("attn.hook_v"), v);
    if (c.qk_norm != QkNorm::None) {
        qk_norm(q, "attn.q_norm.", false);
        hook(at("attn.hook_q_norm"), q);
        qk_norm(k, "attn.k_norm.", true);
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
    const auto head_row = [&](const Doubles &x, int64_t p, int64_t t, int64_t h) {
        return x.values.data() + ((p * T + t) * H + h) * d;
    };
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
        if (c.alibi_bf16) // what is added for the query's own position is the same for all keys
            return score + c.alibi_scale * (bfloat16(bfloat16(slope(h)) * double(j)) - slope(h) * double(i));
        return c.alibi ? score - c.alibi_scale * slope(h) * double(i - j) : score;
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
    for (int64_t row = 0; row < P * T * H; ++row)
        product_row(z.values.data() + row * d, d, W_O + row % H * d * D, nullptr, D, result.values.data() + row * D);
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
