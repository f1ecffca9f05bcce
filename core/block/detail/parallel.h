// Loops over rows, shared out to the threads that compute.
#pragma once

#include <cstdint>
#include <functional>

namespace patchbay::detail {

class Buffer;

/// Splits [0, count) over the configured threads, at least grain each, and calls body(begin, end) with every part.
void parallel_rows(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body);

/// Calls body(i, buffer) once for every i of [0, count), on the configured threads. Each takes the next i when it is
/// done with one, so that a thread whose core is taken away holds nobody up; products inside are of one thread. buffer:
/// the thread's own, for what it works in.
void parallel_tasks(int64_t count, const std::function<void(int64_t i, Buffer &buffer)> &body);

} // namespace patchbay::detail
