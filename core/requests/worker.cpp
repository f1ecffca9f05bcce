#include "requests/worker.h"

#include "base/signals.h"

#include <pthread.h>

namespace patchbay {

Worker::Worker(std::unique_ptr<RequestServer> server)
{
    start(m_compute, std::move(server), "compute");
    start(m_fetch, std::make_unique<Workbench>(), "fetch");
    start(m_beside, nullptr, "beside");
}

Worker::~Worker()
{
    for (Lane *lane : {&m_compute, &m_fetch, &m_beside})
        lane->queue.close();
    for (Lane *lane : {&m_compute, &m_fetch, &m_beside})
        lane->thread.join();
}

void Worker::start(Lane &lane, std::unique_ptr<RequestServer> server, const char *name)
{
    lane.server = std::move(server);
    if (lane.server)
        lane.server->when_between([this, &lane] { serve_more_urgent(lane); });
    lane.thread = std::thread([this, &lane] { serve(lane); });
    pthread_setname_np(lane.thread.native_handle(), name);
}

void Worker::submit(const Ticket &ticket, Request request, JobListener listener)
{
    if (std::unique_ptr<Work> work = m_compute.server->begin_beside(request, listener.tell)) {
        m_beside.queue.push({ticket, std::move(request), std::move(listener), std::move(work)});
    } else {
        Lane &lane = only_fetches(request) ? m_fetch : m_compute;
        lane.queue.push({ticket, std::move(request), std::move(listener), nullptr});
    }
}

// A lane's thread. Only what is more urgent comes between two parts of a work, so there are never more of them than
// urgencies.
void Worker::serve(Lane &lane)
{
    hold_off_signals(); // another thread takes the process's: a child that has ended, a profiler's timer, Ctrl+C
    while (auto job = lane.queue.pop()) {
        begin(lane, std::move(*job));
        while (!lane.running.empty()) {
            serve_more_urgent(lane);
            if (!proceed(lane.running.back()))
                lane.running.pop_back();
        }
    }
}

// What is more urgent than the work on its way, to its end. Also called within a step of that work.
void Worker::serve_more_urgent(Lane &lane)
{
    const size_t depth = lane.running.size();
    while (auto job = lane.queue.try_pop(lane.running.back().urgency)) {
        begin(lane, std::move(*job));
        while (lane.running.size() > depth) {
            serve_more_urgent(lane);
            if (!proceed(lane.running.back()))
                lane.running.pop_back();
        }
    }
}

void Worker::begin(Lane &lane, QueuedJob job)
{
    if (job.ticket->stale || job.ticket->cancel.cancelled())
        return job.listener.dropped();
    try {
        if (!job.work)
            job.work = lane.server->begin(job.request, job.listener.tell);
        const Urgency how_urgent = urgency(job.request);
        lane.running.push_back({std::move(job), how_urgent});
    } catch (...) {
        job.listener.tell(failed_of(std::current_exception()));
    }
}

// False: it is over.
bool Worker::proceed(const Running &running)
{
    const QueuedJob &job = running.job;
    try {
        if (job.ticket->stale)
            throw Cancelled(); // nobody waits for it any more
        return job.work->step(job.ticket->cancel);
    } catch (const Cancelled &) {
        job.listener.dropped();
    } catch (...) {
        job.listener.tell(failed_of(std::current_exception()));
    }
    return false;
}

} // namespace patchbay
