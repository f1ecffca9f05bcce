#include "patching/detail/readout.h"

#include "block/detail/kernels.h"

#include <algorithm>
#include <cmath>

namespace patchbay::detail {

float Readout::Logit::at(int prompt, const float *normed) const
{
    return kernels().dot(normed, u.data_ptr<float>() + prompt * u.size(1), u.size(1)) + c.data_ptr<float>()[prompt];
}

Readout::Readout(Logit io, Logit s, Logit difference, float cap)
    : m_io(std::move(io)), m_s(std::move(s)), m_difference(std::move(difference)), m_cap(cap)
{
}

float Readout::value(const float *normed, int prompt) const
{
    if (m_cap == 0)
        return m_difference.at(prompt, normed);
    const auto capped = [&](const Logit &logit) { return m_cap * std::tanh(logit.at(prompt, normed) / m_cap); };
    return capped(m_io) - capped(m_s);
}

at::Tensor Readout::values(const at::Tensor &normed) const
{
    const at::Tensor rows = normed.contiguous();
    at::Tensor out = at::empty({rows.size(0)}, at::kFloat);
    for (int prompt = 0; prompt < rows.size(0); ++prompt)
        out.data_ptr<float>()[prompt] = value(rows.data_ptr<float>() + prompt * rows.size(1), prompt);
    return out;
}

void Readout::gradient(const float *normed, int prompt, float *g) const
{
    const int64_t D = m_difference.u.size(1);
    std::fill_n(g, D, 0.f);
    const auto add = [&](const Logit &logit, float by) {
        kernels().axpy(by, logit.u.data_ptr<float>() + prompt * D, g, D);
    };
    if (m_cap == 0) {
        add(m_difference, 1);
        return;
    }
    const auto slope = [&](const Logit &logit) {
        const float t = std::tanh(logit.at(prompt, normed) / m_cap);
        return 1 - t * t;
    };
    add(m_io, slope(m_io));
    add(m_s, -slope(m_s));
}

} // namespace patchbay::detail
