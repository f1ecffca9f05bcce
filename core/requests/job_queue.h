// The line of requests in front of a thread that carries them out.
#pragma once

#include "base/cancel.h"
#include "requests/workbench.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace patchbay {

/// Shared by whoever asked and the thread that carries it out, while a job exists.
struct JobTicket {
    uint64_t id = 0;
    std::string tag; ///< a new job of the same tag supersedes older ones; empty: none
    CancelToken cancel;
    std::atomic<bool> stale{false}; ///< superseded: its results are dropped

    /// Nobody waits for this job any more where it has the tag of a newer one. interrupts: that one also stops it
    /// inside of a part, not only after it.
    void give_way_to(const JobTicket &newer, bool interrupts);
};

/// Called on the threads that carry a job out, which ends in exactly one of the events Done and Failed, or dropped:
/// superseded, or cancelled before it had anything to show.
struct JobListener {
    Tell tell;
    std::function<void()> dropped;
};

struct QueuedJob {
    std::shared_ptr<JobTicket> ticket;
    Request request;
    JobListener listener;
    std::unique_ptr<Work> work = nullptr; ///< where it has been begun already (RequestServer::begin_beside)
};

/// Thread-safe; the most urgent go first, and those of one urgency in their order.
class JobQueue {
public:
    void push(QueuedJob job);
    /// Waits for a job; nothing once the queue is closed.
    std::optional<QueuedJob> pop();
    /// A waiting job that is more urgent than this, without waiting for one.
    std::optional<QueuedJob> try_pop(Urgency than);
    /// Ends pop(); what is still queued is forgotten.
    void close();

private:
    static constexpr size_t urgencies = size_t(Urgency::Quick) + 1;
    /// Of the lines from this one on, the first job of the most urgent. The mutex is held.
    std::optional<QueuedJob> take(size_t least);

    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::array<std::deque<QueuedJob>, urgencies> m_lines; ///< by urgency
    bool m_closed = false;
};

} // namespace patchbay
