#include "backend/embedded_backend.h"

#include "base/signals.h"

namespace patchbay {

EmbeddedBackend::EmbeddedBackend(std::unique_ptr<RequestServer> server, QObject *parent) : Backend(parent)
{
    start(m_compute, std::move(server), QStringLiteral("compute"));
    start(m_fetch, std::make_unique<Workbench>(), QStringLiteral("fetch"));
    start(m_beside, nullptr, QStringLiteral("beside"));
}

EmbeddedBackend::~EmbeddedBackend()
{
    for (const Open &job : std::as_const(m_jobs)) {
        job.ticket->stale = true;
        job.ticket->cancel.cancel();
    }
    for (Lane *lane : {&m_compute, &m_fetch, &m_beside})
        lane->queue.close();
    for (Lane *lane : {&m_compute, &m_fetch, &m_beside})
        lane->thread->wait();
}

void EmbeddedBackend::start(Lane &lane, std::unique_ptr<RequestServer> server, const QString &name)
{
    lane.server = std::move(server);
    if (lane.server)
        lane.server->when_between([this, &lane] { serveMoreUrgent(lane); });
    lane.thread.reset(QThread::create([this, &lane] { serve(lane); }));
    lane.thread->setObjectName(name);
    lane.thread->start();
}

JobId EmbeddedBackend::submitRequest(Request request, const JobPolicy &policy, JobCalls calls)
{
    supersede(policy);
    const auto ticket = std::make_shared<JobTicket>();
    ticket->id = ++m_next;
    ticket->policy = policy;
    const Tell heard = std::exchange(calls.heard, {});
    m_jobs.insert(ticket->id, {ticket, std::make_shared<const JobCalls>(std::move(calls))});
    if (std::unique_ptr<Work> work = m_compute.server->begin_beside(request, relay(ticket, heard))) {
        m_beside.queue.push({ticket, std::move(request), heard, std::move(work)});
    } else {
        Lane &lane = only_fetches(request) ? m_fetch : m_compute;
        lane.queue.push({ticket, std::move(request), heard, nullptr});
    }
    return ticket->id;
}

void EmbeddedBackend::supersede(const JobPolicy &policy)
{
    if (policy.tag.isEmpty())
        return;
    for (const Open &job : std::as_const(m_jobs)) {
        if (job.ticket->policy.tag != policy.tag)
            continue;
        job.ticket->stale = true;
        if (policy.interrupts)
            job.ticket->cancel.cancel();
    }
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

// A lane's thread. Only what is more urgent comes between two parts of a work, so there are never more of them than
// urgencies.
void EmbeddedBackend::serve(Lane &lane)
{
    hold_off_signals(); // the GUI thread takes the process's: a child that has ended, a profiler's timer, Ctrl+C
    while (auto job = lane.queue.pop()) {
        begin(lane, std::move(*job));
        while (!lane.running.empty()) {
            serveMoreUrgent(lane);
            if (!proceed(lane.running.back()))
                lane.running.pop_back();
        }
    }
}

// What is more urgent than the work on its way, to its end. Also called within a step of that work.
void EmbeddedBackend::serveMoreUrgent(Lane &lane)
{
    const size_t depth = lane.running.size();
    while (auto job = lane.queue.tryPop(lane.running.back().urgency)) {
        begin(lane, std::move(*job));
        while (lane.running.size() > depth) {
            serveMoreUrgent(lane);
            if (!proceed(lane.running.back()))
                lane.running.pop_back();
        }
    }
}

void EmbeddedBackend::begin(Lane &lane, QueuedJob job)
{
    if (job.ticket->stale || job.ticket->cancel.cancelled())
        return drop(job.ticket);
    try {
        std::unique_ptr<Work> work =
            job.work ? std::move(job.work) : lane.server->begin(job.request, relay(job.ticket, job.heard));
        lane.running.push_back({job.ticket, urgency(job.request), std::move(work)});
    } catch (...) {
        fail(job.ticket, failed_of(std::current_exception()));
    }
}

// False: it is over.
bool EmbeddedBackend::proceed(const Running &job)
{
    try {
        if (job.ticket->stale)
            throw Cancelled(); // nobody waits for it any more
        return job.work->step(job.ticket->cancel);
    } catch (const Cancelled &) {
        drop(job.ticket);
    } catch (...) {
        fail(job.ticket, failed_of(std::current_exception()));
    }
    return false;
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
