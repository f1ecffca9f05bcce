// The line of requests in front of the compute thread.
#pragma once

#include "backend/backend.h"
#include "base/cancel.h"
#include "requests/workbench.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

namespace patchbay {

/// Shared by the GUI thread and the compute thread while a job exists.
struct JobTicket {
    JobId id = 0;
    JobPolicy policy;
    CancelToken cancel;
    std::atomic<bool> stale{false}; ///< superseded: its results are dropped
};

struct QueuedJob {
    std::shared_ptr<JobTicket> ticket;
    Request request;
    Tell heard = {};                      ///< of JobCalls
    std::unique_ptr<Work> work = nullptr; ///< where it has been begun already (RequestServer::begin_beside)
};

/// Thread-safe; the most urgent go first, and those of one urgency in their order.
class JobQueue {
public:
    void push(QueuedJob job);
    /// Waits for a job; nothing once the queue is closed.
    std::optional<QueuedJob> pop();
    /// A waiting job that is more urgent than this, without waiting for one.
    std::optional<QueuedJob> tryPop(Urgency than);
    /// Ends pop(); what is still queued is forgotten.
    void close();

private:
    static constexpr size_t kUrgencies = size_t(Urgency::Quick) + 1;
    /// Of the lines from this one on, the first job of the most urgent. The mutex is held.
    std::optional<QueuedJob> take(size_t least);

    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::array<std::deque<QueuedJob>, kUrgencies> m_lines; ///< by urgency
    bool m_closed = false;
};

} // namespace patchbay
