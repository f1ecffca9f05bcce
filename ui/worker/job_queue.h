// The line of jobs in front of the compute thread.
#pragma once

#include "worker/job.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace patchbay {

struct QueuedJob {
    std::shared_ptr<JobTicket> ticket;
    std::function<void(Workbench &)> work;
};

/// Thread-safe; quick jobs go first.
class JobQueue {
public:
    void push(QueuedJob job);
    /// Waits for a job; nothing once the queue is closed.
    std::optional<QueuedJob> pop();
    /// A waiting quick job, without waiting for one.
    std::optional<QueuedJob> tryPopQuick();
    /// Ends pop(); what is still queued is forgotten.
    void close();

private:
    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<QueuedJob> m_quick, m_slow;
    bool m_closed = false;
};

} // namespace patchbay
