// Timing a workload against the machine's rate at that very time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

namespace patchbay::cli {

/// One run of a workload.
struct TimedRun {
    double seconds = 0, flops = 0;
};

struct BenchTiming {
    std::vector<double> seconds; ///< of each run, sorted
    double median = 0;
    double gemm_rate = 0; ///< the fastest that was measured between the runs
    /// What share of that rate the median run reached; none where the machine never held still long enough to say.
    std::optional<double> gemm_share;
};

/// Runs a workload `repeat` times with the machine's rate measured before, between and after. No program computes
/// faster than the machine multiplies: a share above this means that the rate was measured in a busy moment, and all of
/// it is measured again, some times at most.
constexpr double largest_share = 1.05;
BenchTiming time_beside_rate(int repeat, const std::function<TimedRun()> &run,
                             const std::function<double()> &gemm_rate);

} // namespace patchbay::cli
