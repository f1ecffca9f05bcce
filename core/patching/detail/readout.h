// The metric where the engine takes it: at END, from what the final norm gives. Its value and its gradient stand here
// and nowhere else.
#pragma once

#include <ATen/ATen.h>

namespace patchbay::detail {

/// logit(io) − logit(s) of each prompt, each logit soft-capped where the model does so.
class Readout {
public:
    /// A logit of each prompt before a soft cap, with a bare final norm: normed · u + c.
    struct Logit {
        at::Tensor u; // [prompts, D]
        at::Tensor c; // [prompts]
        float at(int prompt, const float *normed) const;
    };

    Readout() = default;
    /// cap: 0 for none; then only the difference is read.
    Readout(Logit io, Logit s, Logit difference, float cap);

    /// Of one prompt's normed row [D].
    float value(const float *normed, int prompt) const;
    /// Of all prompts' normed rows [prompts, D] → [prompts].
    at::Tensor values(const at::Tensor &normed) const;
    /// g [D] = how one prompt's value changes with its normed row.
    void gradient(const float *normed, int prompt, float *g) const;

private:
    Logit m_io, m_s, m_difference;
    float m_cap = 0;
};

} // namespace patchbay::detail
