// The backend in this process: one compute thread, which carries requests out part by part and looks at what has
// arrived between two parts; a second one for what waits for disks and networks, so that a download and a sweep do not
// wait for each other; and a third one for what the server can do beside all else, so that a click does not wait for
// the end of a part.
#pragma once

#include "backend/backend.h"
#include "backend/job_queue.h"
#include "requests/workbench.h"

#include <QHash>
#include <QThread>

#include <deque>
#include <memory>

namespace patchbay {

class EmbeddedBackend : public Backend {
    Q_OBJECT
public:
    explicit EmbeddedBackend(std::unique_ptr<RequestServer> server = std::make_unique<Workbench>(),
                             QObject *parent = nullptr);
    /// Cancels what runs and waits for the threads; a sweep answers inside of its chunk.
    ~EmbeddedBackend() override;

    void cancel(JobId id) override;
    void cancelAll() override;
    int pending() const override { return static_cast<int>(m_jobs.size()); }
    void want(std::optional<Head> head) override { m_compute.server->priority().want(head); }

protected:
    JobId submitRequest(Request request, const JobPolicy &policy, JobCalls calls) override;

private:
    using Ticket = std::shared_ptr<JobTicket>;
    using News = std::function<void(const JobCalls &)>;
    struct Open {
        Ticket ticket;
        std::shared_ptr<const JobCalls> calls;
    };
    /// A thread with whoever carries requests out on it, and the line in front.
    struct Running {
        Ticket ticket;
        Urgency urgency;
        std::unique_ptr<Work> work;
    };
    struct Lane {
        std::unique_ptr<RequestServer> server;
        JobQueue queue;
        std::unique_ptr<QThread> thread;
        std::deque<Running> running; ///< the most urgent last; on the thread, as is all that takes or gives one
    };
    void supersede(const JobPolicy &policy);
    void start(Lane &lane, std::unique_ptr<RequestServer> server, const QString &name);
    void serve(Lane &lane);
    void serveMoreUrgent(Lane &lane);
    void begin(Lane &lane, QueuedJob job);
    bool proceed(const Running &job);
    Tell relay(const Ticket &ticket, Tell heard);
    void post(const Ticket &ticket, News news);
    void finish(const Ticket &ticket, News ending);
    void drop(const Ticket &ticket) { finish(ticket, {}); }
    void fail(const Ticket &ticket, Failed failed);

    Lane m_compute, m_fetch,
        m_beside;              ///< the last has no server: what it does was begun by the first's, beside the rest
    QHash<JobId, Open> m_jobs; ///< GUI thread only: the calls never leave it
    JobId m_next = 0;
};

} // namespace patchbay
