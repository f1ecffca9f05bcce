#include "requests/job_queue.h"

namespace patchbay {

void JobTicket::give_way_to(const JobTicket &newer, bool interrupts)
{
    if (tag.empty() || newer.tag != tag)
        return;
    stale = true;
    if (interrupts)
        cancel.cancel();
}

void JobQueue::push(QueuedJob job)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed)
            return;
        m_lines[size_t(urgency(job.request))].push_back(std::move(job));
    }
    m_arrived.notify_one();
}

std::optional<QueuedJob> JobQueue::take(size_t least)
{
    for (size_t line = urgencies; line-- > least;) {
        if (m_lines[line].empty())
            continue;
        QueuedJob job = std::move(m_lines[line].front());
        m_lines[line].pop_front();
        return job;
    }
    return std::nullopt;
}

std::optional<QueuedJob> JobQueue::pop()
{
    std::unique_lock lock(m_mutex);
    std::optional<QueuedJob> job;
    m_arrived.wait(lock, [&] { return m_closed || (job = take(0)).has_value(); });
    return job;
}

std::optional<QueuedJob> JobQueue::try_pop(Urgency than)
{
    const std::lock_guard lock(m_mutex);
    return take(size_t(than) + 1);
}

void JobQueue::close()
{
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        for (auto &line : m_lines)
            line.clear();
    }
    m_arrived.notify_all();
}

} // namespace patchbay
