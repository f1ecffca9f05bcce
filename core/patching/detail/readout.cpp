#include "patching/detail/readout.h"

#include "block/detail/kernels.h"

namespace patchbay::detail {

float Readout::value(const float *normed, int prompt) const
{
    return kernels().dot(normed, gradient(prompt), m_u.size(1)) + m_c[size_t(prompt)];
}

at::Tensor Readout::values(const at::Tensor &normed) const
{
    return (normed * m_u).sum(1) + at::tensor(m_c);
}

const float *Readout::gradient(int prompt) const
{
    return m_u.data_ptr<float>() + int64_t(prompt) * m_u.size(1);
}

} // namespace patchbay::detail
