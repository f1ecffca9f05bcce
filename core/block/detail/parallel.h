// Loops over rows, shared out to the threads that compute.
#pragma once

#include <cstdint>
#include <functional>

namespace patchbay::detail {

/// Splits [0, count) over the configured threads, at least grain each, and calls body(begin, end) with every part.
void parallel_rows(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body);

} // namespace patchbay::detail
