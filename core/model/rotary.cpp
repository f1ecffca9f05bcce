#include "model/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace patchbay {

namespace {

// Yarn: the share of its speed that a pair keeps. Two pairs are those that make so many turns within original_ctx;
// between them the share falls evenly.
double kept_by_yarn(const ModelConfig &c, int pair)
{
    const RotaryScaling &s = c.rotary_scaling;
    const auto pair_of = [&](double turns) {
        return c.rotary_dim * std::log(s.original_ctx / (turns * 2 * std::numbers::pi)) / (2 * std::log(c.rotary_base));
    };
    double low = pair_of(s.high_freq_factor), high = pair_of(s.low_freq_factor);
    if (s.truncated) {
        low = std::floor(low);
        high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, c.rotary_dim - 1.0);
    if (low == high)
        high += 0.001;
    return 1 - std::clamp((pair - low) / (high - low), 0.0, 1.0);
}

double slowed(double frequency, const ModelConfig &c, int pair, int64_t batch_width)
{
    const RotaryScaling &s = c.rotary_scaling;
    const auto blend = [&](double kept) { return (1 - kept) * frequency / s.factor + kept * frequency; };
    switch (s.type) {
    case RotaryScaling::Type::None:
        return frequency;
    case RotaryScaling::Type::Linear:
        return frequency / s.factor;
    case RotaryScaling::Type::Yarn:
        return blend(kept_by_yarn(c, pair));
    case RotaryScaling::Type::LongRope:
        return frequency / (double(batch_width) > s.original_ctx ? s.long_factors : s.short_factors).at(size_t(pair));
    case RotaryScaling::Type::Llama3:
        break;
    }
    // How many turns the pair makes within the context that the model was first trained with.
    const double turns = s.original_ctx * frequency / (2 * std::numbers::pi);
    if (turns > s.high_freq_factor)
        return frequency;
    if (turns < s.low_freq_factor)
        return frequency / s.factor;
    return blend((turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor));
}

} // namespace

std::vector<double> rotary_frequencies(const ModelConfig &config, int layer, int64_t batch_width)
{
    const double own = config.traits_of(layer).rotary_base;
    std::vector<double> out;
    for (int i = 0; i < config.rotary_dim / 2; ++i) {
        const double share = -2.0 * double(i) / config.rotary_dim;
        out.push_back(own > 0 ? std::pow(own, share)
                              : slowed(std::pow(config.rotary_base, share), config, i, batch_width));
    }
    return out;
}

} // namespace patchbay
