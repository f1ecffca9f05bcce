#include "block/detail/traits.h"

#include <cmath>

namespace patchbay::detail {

namespace {

// As ALiBi's authors have them (Press et al. 2022): a geometric series, for heads that are no power of two filled up
// from the next longer one.
std::vector<float> slopes(int heads)
{
    const auto series = [](int n) {
        std::vector<float> out;
        for (int i = 1; i <= n; ++i)
            out.push_back(float(std::pow(2.0, -8.0 * i / n)));
        return out;
    };
    int power = 1;
    while (2 * power <= heads)
        power *= 2;
    std::vector<float> out = series(power);
    const std::vector<float> longer = series(2 * power);
    for (int i = 0; int(out.size()) < heads; i += 2)
        out.push_back(longer[size_t(i)]);
    return out;
}

} // namespace

BlockTraits::BlockTraits(const ModelConfig &c, int layer)
    : d_model(c.d_model), n_heads(c.n_heads), n_kv_heads(c.n_kv_heads), d_head(c.d_head), d_mlp(c.d_mlp), norm(c.norm),
      eps(c.eps), pre_norms(c.pre_norms), post_norms(c.post_norms), qk_norm(c.qk_norm), clip_qkv(float(c.clip_qkv)),
      activation(c.activation), gated_mlp(c.gated_mlp), mid_norm(c.mid_norm), parallel(c.parallel), attend_rule{}
{
    attend_rule.d = c.d_head;
    attend_rule.scale = float(c.attention_scale > 0 ? c.attention_scale : 1.0 / std::sqrt(double(c.d_head)));
    attend_rule.cap = float(c.score_cap);
    attend_rule.window = c.traits_of(layer).window;
    attend_rule.slope_scale = float(c.alibi_scale);
    attend_rule.slope_bf16 = c.alibi_bf16;
    if (c.alibi)
        alibi_slopes = slopes(c.n_heads);
}

AttendRule BlockTraits::rule(int head) const
{
    AttendRule out = attend_rule;
    if (!alibi_slopes.empty())
        out.slope = alibi_slopes[size_t(head)];
    return out;
}

} // namespace patchbay::detail
