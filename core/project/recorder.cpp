#include "project/recorder.h"

#include "base/signals.h"
#include "project/detail/database.h"

#include <algorithm>
#include <chrono>
#include <future>

namespace patchbay {

namespace {
constexpr std::chrono::seconds retry_after{2};
} // namespace

Recorder::Recorder(Project project, Told told)
    : m_project(std::move(project)), m_told(std::move(told)), m_thread([this] { serve(); })
{
}

Recorder::~Recorder()
{
    {
        const std::lock_guard hold(m_mutex);
        m_closing = m_again = true;
    }
    m_arrived.notify_all();
    m_thread.join();
}

void Recorder::put(Action action, const std::string &key)
{
    {
        const std::lock_guard hold(m_mutex);
        const auto first = m_waiting.begin() + std::ptrdiff_t(m_busy); // those before it are being written
        const auto same = [&](const ItemPtr &item) { return item->key == key; };
        if (!key.empty())
            m_waiting.erase(std::remove_if(first, m_waiting.end(), same), m_waiting.end());
        m_waiting.push_back(std::make_shared<const Item>(Item{std::move(action), key}));
    }
    m_arrived.notify_all();
}

Tell Recorder::listener(int64_t run)
{
    return [this, run](const Event &event) {
        if (!std::holds_alternative<Progress>(event) && !std::holds_alternative<Failed>(event))
            put([run, event](Project &project) { project.hear(run, event); });
    };
}

bool Recorder::flush()
{
    std::unique_lock hold(m_mutex);
    m_again = true;
    m_arrived.notify_all();
    // One that is on its way began before what made somebody ask.
    const uint64_t wanted = m_begun + 1;
    m_idle.wait(hold, [&] { return m_waiting.empty() || (m_failing && m_ended >= wanted); });
    return m_waiting.empty();
}

size_t Recorder::waiting() const
{
    const std::lock_guard hold(m_mutex);
    return m_waiting.size();
}

void Recorder::with_project(const std::function<void(Project &)> &work)
{
    std::promise<void> done;
    {
        const std::lock_guard hold(m_mutex);
        m_asked.push_back([&] {
            try {
                work(m_project);
                done.set_value();
            } catch (...) {
                done.set_exception(std::current_exception());
            }
        });
        m_again = true;
    }
    m_arrived.notify_all();
    done.get_future().get();
}

void Recorder::move_to(const std::filesystem::path &path)
{
    with_project([&](Project &project) {
        std::deque<ItemPtr> waiting;
        {
            const std::lock_guard hold(m_mutex);
            waiting = m_waiting; // copies: they stay here where this fails
        }
        project.copy_to(path);
        Project moved(path, Project::Open::Write);
        moved.together([&] {
            for (const ItemPtr &item : waiting)
                item->action(moved);
        });
        project = std::move(moved);
        const std::lock_guard hold(m_mutex);
        m_waiting.erase(m_waiting.begin(), m_waiting.begin() + std::ptrdiff_t(waiting.size()));
    });
}

void Recorder::serve()
{
    hold_off_signals();
    std::unique_lock hold(m_mutex);
    for (;;) {
        const auto something = [this] {
            return m_closing || !m_asked.empty() || (!m_waiting.empty() && (!m_failing || m_again));
        };
        if (m_failing)
            m_arrived.wait_for(hold, retry_after, something);
        else
            m_arrived.wait(hold, something);
        const bool closing = m_closing;
        m_again = false;
        if (!m_waiting.empty())
            write_waiting(hold);
        if (m_waiting.empty() || m_failing) {
            while (!m_asked.empty()) {
                const auto work = std::move(m_asked.front());
                m_asked.pop_front();
                hold.unlock();
                work();
                hold.lock();
            }
            m_idle.notify_all();
            if (closing)
                return;
        }
    }
}

// What waits by now goes into one transaction: a disk that is slower than the engine does not fall behind, and what is
// lost in a crash is no more, since none of it was on disk before. Where one of them fails for a reason of its own,
// each is written by itself, and that one is given up.
void Recorder::write_waiting(std::unique_lock<std::mutex> &held)
{
    ++m_begun;
    m_busy = m_alone > 0 ? 1 : m_waiting.size();
    const std::deque<ItemPtr> now(m_waiting.begin(), m_waiting.begin() + std::ptrdiff_t(m_busy));
    held.unlock();
    std::string waits, lost;
    try {
        m_project.together([&] {
            for (const ItemPtr &item : now)
                item->action(m_project);
        });
    } catch (const detail::OutOfReach &error) {
        waits = error.what();
    } catch (const std::exception &error) {
        lost = error.what();
    }
    held.lock();
    m_ended = m_begun;
    m_busy = 0;
    if (!lost.empty() && now.size() > 1) {
        m_alone = now.size();
        return;
    }
    if (waits.empty()) {
        m_waiting.erase(m_waiting.begin(), m_waiting.begin() + std::ptrdiff_t(now.size()));
        m_alone -= std::min(m_alone, now.size());
    }
    const bool changed = m_failing != !waits.empty();
    m_failing = !waits.empty();
    if (!m_told || (!changed && lost.empty()))
        return;
    held.unlock();
    if (changed)
        m_told(waits.empty() ? News::Well : News::Waits, waits);
    if (!lost.empty())
        m_told(News::Lost, lost);
    held.lock();
}

} // namespace patchbay
