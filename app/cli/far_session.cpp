#include "far_session.h"

#include "base/amounts.h"
#include "base/error.h"
#include "interrupt.h"
#include "remote/places.h"

#include <chrono>
#include <optional>

namespace patchbay::cli {

namespace {

constexpr std::chrono::milliseconds look_for_interrupt{50};

} // namespace

FarSession::FarSession(const std::string &place, Console &console) : m_place(place), m_console(console)
{
    m_worker = std::make_unique<remote::FarWorker>(
        place, remote::command_of(remote::place_named(place), remote::Asking::Terminal),
        [this](const remote::Line &line) { watch(line); });
}

void FarSession::watch(const remote::Line &line)
{
    using State = remote::Line::State;
    const std::lock_guard lock(m_mutex);
    if (line.state == State::Lost)
        m_notes.push_back(line.why + "; what has arrived is kept, and the connection made again"
                          + (line.pause.count() > 0 ? " in " + duration_text(double(line.pause.count()) / 1000) : ""));
    m_down = line.state == State::Down ? line.why : std::string();
    m_arrived.notify_one();
}

std::optional<Reply> FarSession::ask(Request request, const Tell &tell)
{
    const auto ticket = std::make_shared<JobTicket>();
    m_worker->submit(ticket, std::move(request),
                     {[this](const Event &event) {
                          const std::lock_guard lock(m_mutex);
                          m_heard.emplace_back(event);
                          m_arrived.notify_one();
                      },
                      [this] {
                          const std::lock_guard lock(m_mutex);
                          m_heard.emplace_back(std::nullopt);
                          m_arrived.notify_one();
                      }});
    const CancelToken &interrupt = cancel_on_interrupt();
    for (;;) {
        std::deque<Heard> heard;
        std::deque<std::string> notes;
        {
            std::unique_lock lock(m_mutex);
            m_arrived.wait_for(lock, look_for_interrupt, [this] { return !m_heard.empty(); });
            heard.swap(m_heard);
            notes.swap(m_notes);
            m_lost = heard.empty() ? m_down : std::string();
        }
        for (const std::string &note : notes)
            m_console.note(note);
        if (interrupt.cancelled())
            ticket->cancel.cancel();
        for (const Heard &one : heard) {
            if (!one)
                return std::nullopt;
            if (const Failed *failed = std::get_if<Failed>(&*one))
                throw Error(failed->subject, failed->cause);
            tell(*one);
            if (const Done *done = std::get_if<Done>(&*one))
                return done->reply;
        }
        if (!m_lost.empty()) {
            ticket->cancel.cancel();
            return std::nullopt;
        }
    }
}

SetupPtr FarSession::set_up(const ModelRef &model, const TaskRef &task)
{
    const std::optional<Reply> reply = ask(SetUpRequest{model, task}, [this](const Event &event) {
        if (const Progress *at = std::get_if<Progress>(&event))
            m_console.progress(at->what, at->total > 0 ? double(at->done) / at->total : 1);
    });
    m_console.end_progress();
    if (!m_lost.empty())
        throw Error("", m_lost);
    if (!reply)
        throw Cancelled();
    return std::get<SetupPtr>(*reply);
}

RunResult FarSession::run(const RunSpec &spec, const RunObserver &observer)
{
    RunRequest request{spec};
    if (observer.resume)
        request.resume = std::make_shared<const RunResult>(*observer.resume);
    request.estimates = observer.estimates;
    RunResult result;
    const std::optional<Reply> reply = ask(std::move(request), [&](const Event &event) {
        apply(result, event);
        if (observer.tell)
            observer.tell(event);
    });
    m_console.end_progress();
    if (!reply && exact_cells(result) == 0) { // there is nothing to keep
        if (!m_lost.empty())
            throw Error("", m_lost);
        throw Cancelled();
    }
    return result;
}

} // namespace patchbay::cli
