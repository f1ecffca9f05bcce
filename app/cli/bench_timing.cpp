#include "bench_timing.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

constexpr int attempts = 5;

BenchTiming time_once(int repeat, const std::function<TimedRun()> &run, const std::function<double()> &gemm_rate)
{
    BenchTiming timing;
    double flops = 0;
    timing.gemm_rate = gemm_rate();
    for (int i = 0; i < repeat; ++i) {
        const TimedRun timed = run();
        timing.seconds.push_back(timed.seconds);
        flops = timed.flops;
        timing.gemm_rate = std::max(timing.gemm_rate, gemm_rate());
    }
    std::sort(timing.seconds.begin(), timing.seconds.end());
    timing.median = timing.seconds[timing.seconds.size() / 2];
    if (timing.median > 0 && timing.gemm_rate > 0)
        timing.gemm_share = flops / timing.median / timing.gemm_rate;
    return timing;
}

} // namespace

BenchTiming time_beside_rate(int repeat, const std::function<TimedRun()> &run, const std::function<double()> &gemm_rate)
{
    BenchTiming timing;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        timing = time_once(repeat, run, gemm_rate);
        if (timing.gemm_share && *timing.gemm_share <= largest_share)
            return timing;
    }
    timing.gemm_share.reset();
    return timing;
}

} // namespace patchbay::cli
