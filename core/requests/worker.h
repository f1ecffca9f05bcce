// Carries requests out on threads of its own: one that computes, part by part, and looks at what has arrived between
// two parts; a second one for what waits for disks and networks, so that a download and a sweep do not wait for each
// other; and a third one for what the server can do beside all else, so that a click does not wait for the end of a
// part.
#pragma once

#include "requests/carrier.h"
#include "requests/workbench.h"

#include <deque>
#include <functional>
#include <memory>
#include <thread>

namespace patchbay {

/// The more urgent request goes first (requests/request.h), and comes between two parts of a less urgent one.
class Worker : public Carrier {
public:
    explicit Worker(std::unique_ptr<RequestServer> server);
    /// Waits for the threads, and forgets what has not been begun. Whoever owns the tickets cancels them first; a sweep
    /// then answers inside of its chunk.
    ~Worker() override;
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    void submit(const Ticket &ticket, Request request, JobListener listener) override;
    void want(std::optional<Head> head) override { m_compute.server->priority().want(head); }

private:
    struct Running {
        QueuedJob job;
        Urgency urgency;
    };
    /// A thread with whoever carries requests out on it, and the line in front.
    struct Lane {
        std::unique_ptr<RequestServer> server;
        JobQueue queue;
        std::thread thread;
        std::deque<Running> running; ///< the most urgent last; on the thread, as is all that takes or gives one
    };
    void start(Lane &lane, std::unique_ptr<RequestServer> server, const char *name);
    void serve(Lane &lane);
    void serve_more_urgent(Lane &lane);
    void begin(Lane &lane, QueuedJob job);
    static bool proceed(const Running &running);

    Lane m_compute, m_fetch,
        m_beside; ///< the last has no server: what it does was begun by the first's, beside the rest
};

} // namespace patchbay
