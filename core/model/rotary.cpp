#include "model/rotary.h"

#include <cmath>
#include <numbers>

namespace patchbay {

namespace {

double slowed(double frequency, const RotaryScaling &s)
{
    switch (s.type) {
    case RotaryScaling::Type::None:
        return frequency;
    case RotaryScaling::Type::Linear:
        return frequency / s.factor;
    case RotaryScaling::Type::Llama3:
        break;
    }
    // How many turns the pair makes within the context that the model was first trained with.
    const double turns = s.original_ctx * frequency / (2 * std::numbers::pi);
    if (turns > s.high_freq_factor)
        return frequency;
    if (turns < s.low_freq_factor)
        return frequency / s.factor;
    const double kept = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
    return (1 - kept) * frequency / s.factor + kept * frequency;
}

} // namespace

std::vector<double> rotary_frequencies(const ModelConfig &config, int layer)
{
    const double own = config.traits_of(layer).rotary_base;
    std::vector<double> out;
    for (int i = 0; i < config.rotary_dim / 2; ++i) {
        const double share = -2.0 * double(i) / config.rotary_dim;
        out.push_back(own > 0 ? std::pow(own, share)
                              : slowed(std::pow(config.rotary_base, share), config.rotary_scaling));
    }
    return out;
}

} // namespace patchbay
