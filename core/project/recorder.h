// Writes a project on a thread of its own, in the order in which things happen.
#pragma once

#include "project/project.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace patchbay {

class Recorder {
public:
    using Action = std::function<void(Project &)>;

    enum class News {
        Waits, ///< nothing can be written now (a full disk): nothing is lost, it is tried again
        Well,  ///< all of it could be written after all
        Lost,  ///< an action failed for a reason of its own and is given up; those after it go on
    };
    /// Called on the recorder's thread, with the reason.
    using Told = std::function<void(News news, const std::string &reason)>;
    Recorder(Project project, Told told);
    /// Writes what waits, unless that fails; then it is lost.
    ~Recorder();
    Recorder(const Recorder &) = delete;
    Recorder &operator=(const Recorder &) = delete;

    /// From any thread; returns at once. key: takes the place of an earlier action of this key that waits still.
    void put(Action action, const std::string &key = {});
    /// What becomes of a run's events: to be called on the thread where they happen. The recorder must outlive it.
    Tell listener(int64_t run);
    /// Waits until everything so far is written; false where it cannot be.
    bool flush();
    /// Actions that are not written yet.
    size_t waiting() const;
    /// Does something with the project on the recorder's thread after all that waits, whether or not that could be
    /// written, and waits for it. Exceptions come back.
    void with_project(const std::function<void(Project &)> &work);
    /// Goes on in a copy with another name, which holds all that waits too. Throws Error; then all is as it was.
    void move_to(const std::filesystem::path &path);

private:
    struct Item {
        Action action;
        std::string key;
    };
    using ItemPtr = std::shared_ptr<const Item>;
    void serve();
    void write_waiting(std::unique_lock<std::mutex> &held);

    Project m_project;
    Told m_told;
    mutable std::mutex m_mutex;
    std::condition_variable m_arrived, m_idle;
    std::deque<ItemPtr> m_waiting;
    std::deque<std::function<void()>> m_asked; ///< with_project
    size_t m_busy = 0;                         ///< items being written
    size_t m_alone = 0;                        ///< the first ones, that together could not be: each by itself
    bool m_closing = false, m_failing = false, m_again = false;
    uint64_t m_begun = 0, m_ended = 0; ///< times that it was tried to write
    std::thread m_thread;
};

} // namespace patchbay
