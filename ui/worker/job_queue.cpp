#include "worker/job_queue.h"

#include <algorithm>

namespace patchbay {

void JobQueue::push(QueuedJob job)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed)
            return;
        m_lines[size_t(job.ticket->policy.priority)].push_back(std::move(job));
    }
    m_arrived.notify_one();
}

// With the mutex held: the first job of the first line that has one, up to the line of `last`.
std::optional<QueuedJob> JobQueue::take(JobPriority last)
{
    for (size_t line = 0; line <= size_t(last); ++line) {
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
    m_arrived.wait(lock, [this] { return m_closed || std::any_of(m_lines.begin(), m_lines.end(), [](const auto &line) { return !line.empty(); }); });
    return m_closed ? std::nullopt : take(JobPriority::Long);
}

std::optional<QueuedJob> JobQueue::tryPopShort()
{
    const std::lock_guard lock(m_mutex);
    return m_closed ? std::nullopt : take(JobPriority::Soon);
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
