// One piece of work for the compute thread: what it is called, how it is stopped, and how its errors look.
#pragma once

#include "base/cancel.h"

#include <QString>

#include <atomic>
#include <functional>
#include <memory>

namespace patchbay {

struct Workbench;

using JobId = quint64;

/// An error as a value: what it is about, why, and what the user can do next.
struct Failure {
    QString subject;
    QString cause;
    QString nextStep;
    QString text() const { return subject.isEmpty() ? cause : subject + QStringLiteral(": ") + cause; }
};

/// Who goes first.
enum class JobPriority {
    Quick, ///< milliseconds of work: served between the chunks of a running sweep
    Soon,  ///< a second or so, with a cancel that is heard: served there too, one at a time and after every quick one
    Long   ///< waits for its turn
};

/// How a job behaves towards others.
struct JobPolicy {
    QString tag;             ///< a new job of the same tag supersedes older ones; empty: none
    JobPriority priority = JobPriority::Long;
    bool interrupts = false; ///< also stops a running job of the same tag
};

/// Shared by the GUI thread and the worker while a job exists.
struct JobTicket {
    JobId id = 0;
    JobPolicy policy;
    CancelToken cancel;
    std::atomic<bool> stale{false}; ///< superseded: its results are dropped
};

/// What a job's work is given: a way to see that it shall stop, and a way to send news to the GUI thread.
class JobContext {
public:
    using Post = std::function<void(std::function<void()>)>;
    JobContext(std::shared_ptr<JobTicket> ticket, Post post, std::function<void()> serve)
        : m_ticket(std::move(ticket)), m_post(std::move(post)), m_serve(std::move(serve))
    {
    }
    const CancelToken &cancel() const { return m_ticket->cancel; }
    /// Runs the function on the GUI thread, unless the job is stale by then.
    void post(std::function<void()> news) const { m_post(std::move(news)); }
    /// Serves waiting jobs that are quick or wanted soon. Called by long work between its chunks.
    void serveShortJobs() const { m_serve(); }

private:
    std::shared_ptr<JobTicket> m_ticket;
    Post m_post;
    std::function<void()> m_serve;
};

} // namespace patchbay
