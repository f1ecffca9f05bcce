// The backend in this process: one compute thread, which carries requests out part by part and looks at what has
// arrived between two parts.
#pragma once

#include "backend/backend.h"
#include "backend/job_queue.h"
#include "requests/workbench.h"

#include <QHash>
#include <QThread>

#include <memory>
#include <vector>

namespace patchbay {

class EmbeddedBackend : public Backend {
    Q_OBJECT
public:
    explicit EmbeddedBackend(std::unique_ptr<RequestServer> server = std::make_unique<Workbench>(),
                             QObject *parent = nullptr);
    /// Cancels what runs and waits for the thread; a sweep answers inside of its chunk.
    ~EmbeddedBackend() override;

    void cancel(JobId id) override;
    void cancelAll() override;
    int pending() const override { return static_cast<int>(m_jobs.size()); }
    void want(std::optional<Head> head) override { m_server->priority().want(head); }

protected:
    JobId submitRequest(Request request, const JobPolicy &policy, JobCalls calls) override;

private:
    using Ticket = std::shared_ptr<JobTicket>;
    using News = std::function<void(const JobCalls &)>;
    struct Open {
        Ticket ticket;
        std::shared_ptr<const JobCalls> calls;
    };
    /// On the compute thread, as is all that takes or gives one.
    struct Running {
        Ticket ticket;
        Urgency urgency;
        std::unique_ptr<Work> work;
    };
    void supersede(const JobPolicy &policy);
    void serve();
    void begin(const QueuedJob &job, std::vector<Running> &running);
    bool proceed(const Running &job);
    Tell relay(const Ticket &ticket);
    void post(const Ticket &ticket, News news);
    void finish(const Ticket &ticket, News ending);
    void drop(const Ticket &ticket) { finish(ticket, {}); }
    void fail(const Ticket &ticket, Failed failed);

    JobQueue m_queue;
    std::unique_ptr<RequestServer> m_server;
    std::unique_ptr<QThread> m_thread;
    QHash<JobId, Open> m_jobs; ///< GUI thread only: the calls never leave it
    JobId m_next = 0;
};

} // namespace patchbay
