#include "block/detail/parallel.h"

#include "block/detail/buffer.h"
#include "block/detail/gemm.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

namespace patchbay::detail {

void parallel_rows(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body)
{
    if (count > 0)
        at::parallel_for(0, count, grain, body);
}

void parallel_tasks(int64_t count, const std::function<void(int64_t, Buffer &)> &body)
{
    std::atomic<int64_t> next = 0;
    parallel_rows(std::min<int64_t>(count, gemm_threads()), 1, [&](int64_t, int64_t) {
        Buffer buffer;
        for (int64_t i = next++; i < count; i = next++)
            body(i, buffer);
    });
}

} // namespace patchbay::detail
