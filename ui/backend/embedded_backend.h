// The backend in this process: a worker carries the requests out, and what it tells is brought to the GUI thread.
#pragma once

#include "backend/backend.h"
#include "requests/worker.h"

#include <QHash>

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
    void want(std::optional<Head> head) override { m_worker->want(head); }

protected:
    JobId submitRequest(Request request, const JobPolicy &policy, JobCalls calls) override;

private:
    using Ticket = Worker::Ticket;
    using News = std::function<void(const JobCalls &)>;
    struct Open {
        Ticket ticket;
        std::shared_ptr<const JobCalls> calls;
    };
    void supersede(const JobTicket &newer, bool interrupts);
    Tell relay(const Ticket &ticket, Tell heard);
    void post(const Ticket &ticket, News news);
    void finish(const Ticket &ticket, News ending);
    void drop(const Ticket &ticket) { finish(ticket, {}); }
    void fail(const Ticket &ticket, Failed failed);

    QHash<JobId, Open> m_jobs; ///< GUI thread only: the calls never leave it
    JobId m_next = 0;
    std::unique_ptr<Worker> m_worker; ///< goes first: its threads use the others
};

} // namespace patchbay
