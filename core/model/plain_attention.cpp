#include "model/detail/plain_attention.h"

#include "block/detail/parallel.h"

#include <algorithm>
#include <limits>

namespace patchbay::detail {

namespace {

// A softmax that treats what is not finite as never seen: a row without any finite score (possible only by
// intervention) attends to nothing.
void softmax_row(const float *scores, float *pattern, int count)
{
    constexpr float unseen = -3.0e38f;
    bool any = false;
    for (int j = 0; j < count; ++j) {
        pattern[j] = scores[j] > unseen ? std::min(scores[j], -unseen) : unseen;
        any = any || pattern[j] > unseen;
    }
    if (any)
        kernels().softmax(pattern, count);
    else
        std::fill_n(pattern, count, 0.f);
}

} // namespace

at::Tensor plain_scores(const Block &block, const at::Tensor &q, const at::Tensor &k)
{
    const int64_t P = q.size(0), T = q.size(1), H = q.size(2), heads = k.size(2), d = q.size(3);
    at::Tensor out = at::full({P, H, T, T}, -std::numeric_limits<float>::infinity(), at::kFloat);
    parallel_rows(P * H, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t p = i / H, h = i % H;
            const KeyRows keys{k.data_ptr<float>() + (p * T * heads + h / (H / heads)) * d, nullptr, heads * d, int(T)};
            for (int64_t t = 0; t < T; ++t)
                block.scores(int(h), q.data_ptr<float>() + ((p * T + t) * H + h) * d, int(t), keys,
                             out.data_ptr<float>() + (i * T + t) * T);
        }
    });
    return out;
}

at::Tensor plain_softmax(const at::Tensor &scores)
{
    const int64_t T = scores.size(-1);
    at::Tensor out = at::empty_like(scores);
    parallel_rows(scores.numel() / T, 64, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row)
            softmax_row(scores.data_ptr<float>() + row * T, out.data_ptr<float>() + row * T, int(T));
    });
    return out;
}

at::Tensor plain_mix(const at::Tensor &pattern, const at::Tensor &v)
{
    const int64_t P = v.size(0), T = v.size(1), H = pattern.size(1), heads = v.size(2), d = v.size(3);
    at::Tensor z = at::empty({P, T, H, d}, at::kFloat);
    parallel_rows(P * H, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t p = i / H, h = i % H;
            const KeyRows values{nullptr, v.data_ptr<float>() + (p * T * heads + h / (H / heads)) * d, heads * d,
                                 int(T)};
            for (int64_t t = 0; t < T; ++t)
                kernels().mix(pattern.data_ptr<float>() + (i * T + t) * T, 0, int(T), &values, 1, int(d),
                              z.data_ptr<float>() + ((p * T + t) * H + h) * d);
        }
    });
    return z;
}

} // namespace patchbay::detail
