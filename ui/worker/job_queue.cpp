#include "worker/job_queue.h"

namespace patchbay {

void JobQueue::push(QueuedJob job)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed)
            return;
        (job.ticket->policy.quick ? m_quick : m_slow).push_back(std::move(job));
    }
    m_arrived.notify_one();
}

std::optional<QueuedJob> JobQueue::pop()
{
    std::unique_lock lock(m_mutex);
    m_arrived.wait(lock, [this] { return m_closed || !m_quick.empty() || !m_slow.empty(); });
    if (m_closed)
        return std::nullopt;
    auto &line = m_quick.empty() ? m_slow : m_quick;
    QueuedJob job = std::move(line.front());
    line.pop_front();
    return job;
}

std::optional<QueuedJob> JobQueue::tryPopQuick()
{
    const std::lock_guard lock(m_mutex);
    if (m_closed || m_quick.empty())
        return std::nullopt;
    QueuedJob job = std::move(m_quick.front());
    m_quick.pop_front();
    return job;
}

void JobQueue::close()
{
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_quick.clear();
        m_slow.clear();
    }
    m_arrived.notify_all();
}

} // namespace patchbay
