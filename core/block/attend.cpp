// Attention of one head: which keys a query sees and how it weighs them stands in the head's rule.
#include "block/detail/block.h"

namespace patchbay::detail {

void Block::attend(int head, const float *q, int64_t q_stride, int nq, int first, const KeyRows *keys, int key_runs,
                   float *z, int64_t z_stride, float *scratch, float *pattern, int64_t pattern_stride) const
{
    kernels().attend(q, q_stride, nq, first, keys, key_runs, m_traits.rule(head), z, z_stride, scratch, pattern,
                     pattern_stride);
}

void Block::scores(int head, const float *q, int position, const KeyRows &keys, float *out) const
{
    kernels().scores(q, position, &keys, 1, m_traits.rule(head), out);
}

void Block::pattern_gradient(int position, const float *gz, const float *v, int64_t stride, float *ds) const
{
    const int from = m_traits.attend_rule.first_seen(position);
    for (int j = 0; j < from; ++j)
        ds[j] = 0;
    for (int j = from; j <= position; ++j)
        ds[j] = kernels().dot(gz, v + j * stride, m_traits.d_head);
}

void Block::score_gradient(int head, int position, const float *q, const float *k, int64_t stride, const float *pattern,
                           float along, float *ds) const
{
    const AttendRule rule = m_traits.rule(head);
    for (int j = 0; j <= position; ++j) {
        ds[j] = pattern[j] * (ds[j] - along) * rule.scale;
        if (rule.cap > 0 && ds[j] != 0) {
            const float t = std::tanh(kernels().dot(q, k + j * stride, rule.d) * rule.scale / rule.cap);
            ds[j] *= 1 - t * t;
        }
    }
}

} // namespace patchbay::detail
