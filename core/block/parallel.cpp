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

void share_out(int64_t count, int threads, const std::function<void(const std::function<int64_t()> &)> &work)
{
    std::atomic<int64_t> at = 0;
    const std::function<int64_t()> next = [&] {
        const int64_t i = at++;
        return i < count ? i : -1;
    };
    parallel_rows(std::min<int64_t>(count, threads), 1, [&](int64_t, int64_t) { work(next); });
}

void parallel_tasks(int64_t count, const std::function<void(int64_t, Buffer &)> &body)
{
    share_out(count, gemm_threads(), [&](const std::function<int64_t()> &next) {
        Buffer buffer;
        for (int64_t i = next(); i >= 0; i = next())
            body(i, buffer);
    });
}

} // namespace patchbay::detail
