// A model with its prompts at another place, as the commands use one: they wait for what it comes to.
#pragma once

#include "console.h"
#include "remote/far_worker.h"

#include <deque>
#include <memory>
#include <mutex>
#include <string>

namespace patchbay::cli {

class FarSession {
public:
    /// place: the name of one of `places`. Throws Error where it is none.
    FarSession(const std::string &place, Console &console);

    /// Throws Error, also where there is no connection; Cancelled.
    SetupPtr set_up(const ModelRef &model, const TaskRef &task);
    /// The result of a run or an analysis; observer hears of its events, its resume and estimates are heeded. Where it
    /// was interrupted, or the place was lost for good (lost()), the result has what was finished. Throws Error,
    /// Cancelled.
    RunResult run(const RunSpec &spec, const RunObserver &observer);
    /// Why the last run could not go on; empty where it could.
    const std::string &lost() const { return m_lost; }

private:
    /// An event, or nothing where the request was dropped.
    using Heard = std::optional<Event>;
    /// Returns the reply; nothing where it was dropped, or the place is lost: then lost() says why.
    std::optional<Reply> ask(Request request, const Tell &tell);
    void watch(const remote::Line &line);

    const std::string m_place;
    Console &m_console;
    std::string m_lost;
    std::mutex m_mutex; ///< of what the worker's thread tells
    std::condition_variable m_arrived;
    std::deque<Heard> m_heard;
    std::deque<std::string> m_notes;
    std::string m_down;
    std::unique_ptr<remote::FarWorker> m_worker; ///< goes first: its thread uses the others
};

} // namespace patchbay::cli
