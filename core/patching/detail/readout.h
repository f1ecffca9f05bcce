// The metric where the engine takes it: at END, from what the final norm gives. Its value and its gradient stand here
// and nowhere else.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace patchbay::detail {

/// logit(io) − logit(s) of each prompt: with a bare final norm, normed · u + c.
class Readout {
public:
    Readout() = default;
    /// u [prompts, D], c [prompts].
    Readout(at::Tensor u, std::vector<float> c) : m_u(std::move(u)), m_c(std::move(c)) { }

    /// Of one prompt's normed row [D].
    float value(const float *normed, int prompt) const;
    /// Of all prompts' normed rows [prompts, D] → [prompts].
    at::Tensor values(const at::Tensor &normed) const;
    /// How one prompt's value changes with its normed row, [D].
    const float *gradient(int prompt) const;

private:
    at::Tensor m_u; // [prompts, D]
    std::vector<float> m_c;
};

} // namespace patchbay::detail
