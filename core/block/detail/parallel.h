// Loops over rows, shared out to the threads that compute.
#pragma once

#include <cstdint>
#include <functional>

namespace patchbay::detail {

class Buffer;

/// Splits [0, count) over the configured threads, at least grain each, and calls body(begin, end) with every part.
void parallel_rows(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body);

/// Calls work(next) on as many of so many threads as there is something for: next() gives each i of [0, count) to one
/// of them, then -1. Each takes the next i when it is done with one, so that a thread whose core is taken away holds
/// nobody up. Products inside are of one thread.
void share_out(int64_t count, int threads, const std::function<void(const std::function<int64_t()> &next)> &work);

/// Calls body(i, buffer) once for every i of [0, count), shared out to the configured threads. buffer: the
/// thread's own, for what it works in.
void parallel_tasks(int64_t count, const std::function<void(int64_t i, Buffer &buffer)> &body);

} // namespace patchbay::detail
