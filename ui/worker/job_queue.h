// The line of jobs in front of the compute thread.
#pragma once

#include "worker/job.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace patchbay {

struct QueuedJob {
    std::shared_ptr<JobTicket> ticket;
    std::function<void(Workbench &)> work;
};

/// Thread-safe; by priority, and in order of arrival within one.
class JobQueue {
public:
    void push(QueuedJob job);
    /// Waits for a job; nothing once the queue is closed.
    std::optional<QueuedJob> pop();
    /// A waiting job that is not a long one, without waiting for one.
    std::optional<QueuedJob> tryPopShort();
    /// Ends pop(); what is still queued is forgotten.
    void close();

private:
    std::optional<QueuedJob> take(JobPriority last);

    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::array<std::deque<QueuedJob>, 3> m_lines; ///< one a priority
    bool m_closed = false;
};

} // namespace patchbay
