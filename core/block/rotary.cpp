#include "block/detail/rotary.h"

#include "block/detail/kernels.h"
#include "model/rotary.h"

#include <map>

namespace patchbay::detail {

std::vector<Rotary> Rotary::of_layers(const ModelConfig &c, int64_t batch_width)
{
    std::map<double, Rotary> by_base;
    std::vector<Rotary> out;
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const LayerTraits traits = c.traits_of(layer);
        if (c.rotary_dim == 0 || !traits.rotary) {
            out.emplace_back();
            continue;
        }
        Rotary &rotary = by_base[traits.rotary_base];
        if (!rotary.turns()) {
            // Angles in double: at float32, far positions lose digits.
            const at::Tensor frequency = at::tensor(rotary_frequencies(c, layer, batch_width), at::kDouble); // [half]
            const at::Tensor angle =
                at::arange(batch_width, at::kDouble).unsqueeze(1) * frequency.unsqueeze(0); // [positions, half]
            const double amplitude = traits.rotary_base > 0 ? 1 : c.rotary_scaling.amplitude;
            rotary.m_cos = (amplitude * angle.cos()).to(at::kFloat).contiguous();
            rotary.m_sin = (amplitude * angle.sin()).to(at::kFloat).contiguous();
            rotary.m_half = c.rotary_dim / 2;
            rotary.m_interleaved = c.rotary_interleaved;
        }
        out.push_back(rotary);
    }
    return out;
}

void Rotary::turn(float *row, int position) const
{
    if (!turns())
        return;
    const float *c = m_cos.data_ptr<float>() + int64_t(position) * m_half,
                *s = m_sin.data_ptr<float>() + int64_t(position) * m_half;
    if (!m_interleaved) {
        kernels().rotate(row, c, s, m_half);
        return;
    }
    for (int i = 0; i < m_half; ++i) {
        const float a = row[2 * i], b = row[2 * i + 1];
        row[2 * i] = a * c[i] - b * s[i];
        row[2 * i + 1] = b * c[i] + a * s[i];
    }
}

void Rotary::turn_back(float *row, int position) const
{
    if (!turns())
        return;
    const float *c = m_cos.data_ptr<float>() + int64_t(position) * m_half,
                *s = m_sin.data_ptr<float>() + int64_t(position) * m_half;
    const int step = m_interleaved ? 2 : 1, pair = m_interleaved ? 1 : m_half;
    for (int i = 0; i < m_half; ++i) {
        float &first = row[i * step], &second = row[i * step + pair];
        const float a = first, b = second;
        first = a * c[i] + b * s[i];
        second = b * c[i] - a * s[i];
    }
}

} // namespace patchbay::detail
