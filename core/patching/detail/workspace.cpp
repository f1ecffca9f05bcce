#include "patching/detail/workspace.h"

#include "block/detail/gemm.h"
#include "block/detail/parallel.h"

#include <atomic>

namespace patchbay::detail {

void each_alone(Workspace &all, int64_t count, const std::function<void(int64_t, LayerBuffers &)> &work)
{
    const auto threads = size_t(gemm_threads());
    while (all.of_threads.size() < threads)
        all.of_threads.emplace_back();
    std::atomic<size_t> started = 0;
    share_out(count, int(threads), [&](const std::function<int64_t()> &next) {
        LayerBuffers &own = all.of_threads[started++];
        for (int64_t i = next(); i >= 0; i = next())
            work(i, own);
    });
}

} // namespace patchbay::detail
