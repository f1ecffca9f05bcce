#include "worker/compute.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/signals.h"
#include "worker/workbench.h"

namespace patchbay {

Failure failureOf(std::exception_ptr error)
{
    try {
        std::rethrow_exception(error);
    } catch (const Error &e) {
        return {QString::fromStdString(e.subject()), QString::fromStdString(e.cause()), {}};
    } catch (const std::exception &e) {
        if (means_out_of_memory(e))
            return {{}, QStringLiteral("there is not enough memory for this"), QStringLiteral("Use fewer prompts or a smaller model.")};
        return {{}, QString::fromUtf8(e.what()).section(QLatin1Char('\n'), 0, 0), {}};
    }
}

Compute::Compute(QObject *parent) : QObject(parent)
{
    m_thread.reset(QThread::create([this] {
        hold_off_signals(); // the GUI thread takes the process's: a child that has ended, a profiler's timer, Ctrl+C
        Workbench bench;
        while (const auto job = m_queue.pop())
            job->work(bench);
    }));
    m_thread->setObjectName(QStringLiteral("compute"));
    m_thread->start();
}

Compute::~Compute()
{
    for (const auto &ticket : std::as_const(m_tickets)) {
        ticket->stale = true;
        ticket->cancel.cancel();
    }
    m_queue.close();
    m_thread->wait();
}

JobId Compute::submitErased(const JobPolicy &policy, Work work, Call done, Fail failed, Call dropped)
{
    supersede(policy);
    auto ticket = std::make_shared<JobTicket>();
    ticket->id = ++m_next;
    ticket->policy = policy;
    m_tickets.insert(ticket->id, ticket);
    m_queue.push({ticket, [this, ticket, work = std::move(work), done = std::move(done), failed = std::move(failed),
                           dropped = std::move(dropped)](Workbench &bench) { execute(bench, ticket, work, done, failed, dropped); }});
    return ticket->id;
}

void Compute::supersede(const JobPolicy &policy)
{
    if (policy.tag.isEmpty())
        return;
    for (const auto &ticket : std::as_const(m_tickets)) {
        if (ticket->policy.tag != policy.tag)
            continue;
        ticket->stale = true;
        if (policy.interrupts)
            ticket->cancel.cancel();
    }
}

// On the compute thread.
void Compute::execute(Workbench &bench, const std::shared_ptr<JobTicket> &ticket, const Work &work, const Call &done, const Fail &failed,
                      const Call &dropped)
{
    const Call nothing = dropped ? dropped : Call([] {});
    if (ticket->stale || ticket->cancel.cancelled()) {
        finish(ticket, nothing, nothing);
        return;
    }
    const JobContext context(
        ticket,
        [this, ticket](std::function<void()> news) {
            QMetaObject::invokeMethod(
                this,
                [ticket, news = std::move(news)] {
                    if (!ticket->stale)
                        news();
                },
                Qt::QueuedConnection);
        },
        [this, &bench] { serveShortJobs(bench); });
    try {
        work(bench, context);
        finish(ticket, done, nothing);
    } catch (const Cancelled &) {
        finish(ticket, nothing, nothing);
    } catch (...) {
        finish(ticket, [failed, failure = failureOf(std::current_exception())] {
            if (failed)
                failed(failure);
        }, nothing);
    }
}

// On the compute thread: a short job inside a long one's work, while that is between two chunks.
void Compute::serveShortJobs(Workbench &bench)
{
    while (const auto job = m_queue.tryPopShort())
        job->work(bench);
}

void Compute::finish(const std::shared_ptr<JobTicket> &ticket, Call ending, Call dropped)
{
    QMetaObject::invokeMethod(
        this,
        [this, ticket, ending = std::move(ending), dropped = std::move(dropped)] {
            m_tickets.remove(ticket->id);
            if (ticket->stale)
                dropped();
            else
                ending();
        },
        Qt::QueuedConnection);
}

void Compute::cancel(JobId id)
{
    if (const auto ticket = m_tickets.value(id))
        ticket->cancel.cancel();
}

void Compute::cancelAll()
{
    for (const auto &ticket : std::as_const(m_tickets))
        ticket->cancel.cancel();
}

} // namespace patchbay
