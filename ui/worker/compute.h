// The GUI thread's door to the compute thread: jobs in, results back as calls on the GUI thread.
#pragma once

#include "worker/job.h"
#include "worker/job_queue.h"

#include <QHash>
#include <QObject>
#include <QThread>

#include <exception>

namespace patchbay {

/// Explains any exception of core to a user.
Failure failureOf(std::exception_ptr error);

/// Owns the thread. Every job ends in exactly one call on the GUI thread: done, failed, or dropped (superseded, or cancelled before it
/// had anything to show). After destruction begins nothing is called any more.
class Compute : public QObject {
    Q_OBJECT
public:
    explicit Compute(QObject *parent = nullptr);
    /// Cancels what runs and waits for the thread; a sweep answers at its next chunk.
    ~Compute() override;

    template <class T>
    struct Job {
        JobPolicy policy;
        std::function<T(Workbench &, const JobContext &)> work; ///< on the compute thread
        std::function<void(T)> done;                            ///< on the GUI thread, as are the next two
        std::function<void(Failure)> failed;
        std::function<void()> dropped;
    };
    template <class T>
    JobId submit(Job<T> job)
    {
        auto outcome = std::make_shared<T>();
        return submitErased(job.policy,
                            [outcome, work = std::move(job.work)](Workbench &bench, const JobContext &context) { *outcome = work(bench, context); },
                            [outcome, done = std::move(job.done)] {
                                if (done)
                                    done(std::move(*outcome));
                            },
                            std::move(job.failed), std::move(job.dropped));
    }

    /// Asks a job to stop. A sweep then ends with what it has; other jobs are dropped.
    void cancel(JobId id);
    void cancelAll();
    int pending() const { return static_cast<int>(m_tickets.size()); }

private:
    using Work = std::function<void(Workbench &, const JobContext &)>;
    using Call = std::function<void()>;
    using Fail = std::function<void(Failure)>;
    JobId submitErased(const JobPolicy &policy, Work work, Call done, Fail failed, Call dropped);
    void supersede(const JobPolicy &policy);
    void execute(Workbench &bench, const std::shared_ptr<JobTicket> &ticket, const Work &work, const Call &done, const Fail &failed,
                 const Call &dropped);
    void finish(const std::shared_ptr<JobTicket> &ticket, Call ending, Call dropped);
    void serveShortJobs(Workbench &bench);

    JobQueue m_queue;
    std::unique_ptr<QThread> m_thread;
    QHash<JobId, std::shared_ptr<JobTicket>> m_tickets; ///< GUI thread only
    JobId m_next = 0;
};

} // namespace patchbay
