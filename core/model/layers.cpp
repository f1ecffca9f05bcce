#include "model/detail/layers.h"

#include "model/rotary.h"

#include <cmath>

namespace patchbay {

at::Tensor activate(const at::Tensor &pre, Activation activation)
{
    switch (activation) {
    case Activation::Gelu: return at::gelu(pre);
    case Activation::GeluNew: return at::gelu(pre, "tanh");
    case Activation::Silu: return at::silu(pre);
    case Activation::Relu: return at::relu(pre);
    }
    return pre;
}

RotaryTable rotary_table(const ModelConfig &config, int64_t width)
{
    const int64_t half = config.rotary_dim / 2;
    RotaryTable out{at::empty({width, half}, at::kFloat), at::empty({width, half}, at::kFloat)};
    float *cos = out.cos.data_ptr<float>(), *sin = out.sin.data_ptr<float>();
    const std::vector<double> frequencies = rotary_frequencies(config);
    for (int64_t i = 0; i < half; ++i) {
        const double frequency = frequencies[size_t(i)];
        for (int64_t position = 0; position < width; ++position) {
            cos[position * half + i] = static_cast<float>(std::cos(double(position) * frequency));
            sin[position * half + i] = static_cast<float>(std::sin(double(position) * frequency));
        }
    }
    return out;
}

at::Tensor rotate(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin)
{
    const int64_t half = cos.size(-1);
    const at::Tensor first = x.slice(-1, 0, half), second = x.slice(-1, half, 2 * half); // [.., half]
    return at::cat({first * cos - second * sin, second * cos + first * sin, x.slice(-1, 2 * half)}, -1);
}

} // namespace patchbay
