#include "batch.h"

#include <algorithm>

namespace patchbay::trainer {

Batch make_batch(const std::vector<Example> &examples)
{
    const auto n = static_cast<int64_t>(examples.size());
    size_t width = 0;
    for (const Example &e : examples)
        width = std::max(width, e.ids.size());
    const auto whole = torch::kLong;
    Batch b;
    b.ids = torch::zeros({n, static_cast<int64_t>(width)}, whole);
    b.flipped = torch::zeros_like(b.ids);
    b.target = torch::full_like(b.ids, -100);
    b.ioi = torch::zeros({n}, torch::kBool);
    for (torch::Tensor *t : {&b.io, &b.s, &b.io_pos, &b.s1_pos, &b.s2_pos, &b.end})
        *t = torch::zeros({n}, whole);
    auto ids = b.ids.accessor<int64_t, 2>(), flipped = b.flipped.accessor<int64_t, 2>(),
         target = b.target.accessor<int64_t, 2>();
    for (int64_t i = 0; i < n; ++i) {
        const Example &e = examples[static_cast<size_t>(i)];
        for (size_t p = 0; p < e.ids.size(); ++p) {
            const auto at = static_cast<int64_t>(p);
            ids[i][at] = e.ids[p];
            if (p > 0)
                target[i][at - 1] = e.ids[p];
            if (e.ioi)
                flipped[i][at] = e.flipped[p];
        }
        if (!e.ioi)
            continue;
        b.ioi[i] = true;
        b.io[i] = e.io;
        b.s[i] = e.s;
        b.io_pos[i] = e.io_pos;
        b.s1_pos[i] = e.s1_pos;
        b.s2_pos[i] = e.s2_pos;
        b.end[i] = e.end;
    }
    return b;
}

torch::Tensor at_position(const torch::Tensor &value, const torch::Tensor &position)
{
    return value.index({torch::arange(value.size(0)), position});
}

} // namespace patchbay::trainer
