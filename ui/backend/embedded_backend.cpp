#include "backend/embedded_backend.h"

#include <utility>

namespace patchbay {

EmbeddedBackend::EmbeddedBackend(std::unique_ptr<RequestServer> server, QObject *parent)
    : Backend(parent), m_worker(std::make_unique<Worker>(std::move(server)))
{
}

EmbeddedBackend::~EmbeddedBackend()
{
    for (const Open &job : std::as_const(m_jobs)) {
        job.ticket->stale = true;
        job.ticket->cancel.cancel();
    }
    m_worker.reset();
}

JobId EmbeddedBackend::submitRequest(Request request, const JobPolicy &policy, JobCalls calls)
{
    const auto ticket = std::make_shared<JobTicket>();
    ticket->id = ++m_next;
    ticket->tag = policy.tag.toStdString();
    supersede(*ticket, policy.interrupts);
    Tell heard = std::exchange(calls.heard, {});
    m_jobs.insert(ticket->id, {ticket, std::make_shared<const JobCalls>(std::move(calls))});
    m_worker->submit(ticket, std::move(request), {relay(ticket, std::move(heard)), [this, ticket] { drop(ticket); }});
    return ticket->id;
}

void EmbeddedBackend::supersede(const JobTicket &newer, bool interrupts)
{
    for (const Open &job : std::as_const(m_jobs))
        job.ticket->give_way_to(newer, interrupts);
}

void EmbeddedBackend::cancel(JobId id)
{
    if (const auto job = m_jobs.constFind(id); job != m_jobs.cend())
        job->ticket->cancel.cancel();
}

void EmbeddedBackend::cancelAll()
{
    for (const Open &job : std::as_const(m_jobs))
        job.ticket->cancel.cancel();
}

// What becomes of a job's events on their way to the GUI thread: cells are collected into snapshots, and nothing comes
// faster than one can look.
Tell EmbeddedBackend::relay(const Ticket &ticket, Tell heard)
{
    return [this, ticket, heard = std::move(heard), feed = std::make_shared<SnapshotFeed>(),
            pace = std::make_shared<Pace>()](const Event &event) {
        if (heard)
            heard(event);
        if (const std::optional<Snapshot> snapshot = feed->hear(event))
            post(ticket, [snapshot = *snapshot](const JobCalls &calls) {
                if (calls.snapshot)
                    calls.snapshot(snapshot);
            });
        if (const Progress *progress = std::get_if<Progress>(&event);
            progress && (pace->due() || progress->done == progress->total))
            post(ticket, [progress = *progress](const JobCalls &calls) {
                if (calls.progress)
                    calls.progress(progress);
            });
        if (const Failed *failed = std::get_if<Failed>(&event))
            fail(ticket, *failed);
        if (const Done *done = std::get_if<Done>(&event)) {
            const auto answer = [&feed](const auto &reply) -> Answer {
                if constexpr (std::is_same_v<std::decay_t<decltype(reply)>, RunEnd>)
                    return feed->last();
                else
                    return reply;
            };
            finish(ticket, [answer = std::visit(answer, done->reply)](const JobCalls &calls) {
                if (calls.done)
                    calls.done(answer);
            });
        }
    };
}

void EmbeddedBackend::post(const Ticket &ticket, News news)
{
    QMetaObject::invokeMethod(
        this,
        [this, ticket, news = std::move(news)] {
            if (const auto calls = m_jobs.value(ticket->id).calls; calls && !ticket->stale)
                news(*calls);
        },
        Qt::QueuedConnection);
}

// No ending: dropped.
void EmbeddedBackend::finish(const Ticket &ticket, News ending)
{
    QMetaObject::invokeMethod(
        this,
        [this, ticket, ending = std::move(ending)] {
            const auto calls = m_jobs.take(ticket->id).calls;
            if (!calls)
                return;
            if (ending && !ticket->stale)
                ending(*calls);
            else if (calls->dropped)
                calls->dropped();
        },
        Qt::QueuedConnection);
}

void EmbeddedBackend::fail(const Ticket &ticket, Failed failed)
{
    finish(ticket, [failure = failureOf(failed)](const JobCalls &calls) {
        if (calls.failed)
            calls.failed(failure);
    });
}

} // namespace patchbay
