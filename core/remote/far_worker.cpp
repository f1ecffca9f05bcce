#include "remote/far_worker.h"

#include "base/error.h"
#include "base/signals.h"
#include "remote/sent_files.h"

#include <algorithm>
#include <pthread.h>

namespace patchbay::remote {

namespace {

constexpr std::chrono::milliseconds often{20}, rarely{500}; // is looked for what was cancelled
constexpr std::chrono::milliseconds farewell{100}; // in which a command ends by itself: a window is being closed

/// Series are computed into a folder of this machine.
bool is_done_here(const Request &request)
{
    return is_of_results(request) || std::holds_alternative<BeginSeriesRequest>(request)
        || std::holds_alternative<SeriesStepRequest>(request) || std::holds_alternative<EndSeriesRequest>(request);
}

FarWorker::Open opener(Command command)
{
    command.grace = farewell;
    return [command = std::move(command)](const CancelToken &cancel) {
        return std::make_unique<Client>(command, ClientLimits(), cancel);
    };
}

} // namespace

FarWorker::FarWorker(std::string place, Open open, Watch watch, const FarLimits &limits)
    : m_place(std::move(place)), m_open(std::move(open)), m_watch(std::move(watch)), m_limits(limits),
      m_here(std::make_unique<Workbench>())
{
    m_thread = std::thread([this] { serve(); });
    pthread_setname_np(m_thread.native_handle(), "far");
}

FarWorker::FarWorker(std::string place, Command command, Watch watch, const FarLimits &limits)
    : FarWorker(std::move(place), opener(std::move(command)), std::move(watch), limits)
{
}

FarWorker::~FarWorker()
{
    m_stop.cancel();
    {
        const std::lock_guard lock(m_mutex);
        if (m_client)
            m_client->wake();
        m_changed.notify_all();
    }
    m_thread.join();
}

void FarWorker::submit(const Ticket &ticket, Request request, JobListener listener)
{
    if (is_done_here(request))
        return m_here.submit(ticket, std::move(request), std::move(listener));
    const std::lock_guard lock(m_mutex);
    m_arrived.emplace_back(++m_last, Job{ticket, std::move(request), std::move(listener)});
    if (m_client)
        m_client->wake();
    m_changed.notify_all();
}

void FarWorker::want(std::optional<Head> head)
{
    m_here.want(head);
    const std::lock_guard lock(m_mutex);
    m_wanted = head;
    if (m_client)
        m_client->wake();
}

void FarWorker::try_again()
{
    const std::lock_guard lock(m_mutex);
    m_again = true;
    m_changed.notify_all();
}

void FarWorker::tell(Line line) const
{
    if (m_watch && !m_stop.cancelled())
        m_watch(line);
}

void FarWorker::serve()
{
    hold_off_signals();
    while (!m_stop.cancelled()) {
        tell({Line::State::Connecting});
        std::string why;
        if (std::unique_ptr<Client> client = connect(why)) {
            m_has_been_there = true;
            tell({Line::State::Connected, {}, client->server()});
            why = talk(*client);
            {
                const std::lock_guard lock(m_mutex);
                m_client = nullptr;
            }
            keep(*client);
        }
        if (m_stop.cancelled())
            return;
        const bool down = !m_has_been_there || m_failures >= m_limits.pauses.size();
        const std::chrono::milliseconds pause = down ? std::chrono::milliseconds(0) : m_limits.pauses[m_failures];
        ++m_failures;
        tell({down ? Line::State::Down : Line::State::Lost, why, {}, pause});
        if (pause_until_next_try(down ? std::nullopt : std::optional(pause)))
            m_failures = 0;
    }
}

std::unique_ptr<Client> FarWorker::connect(std::string &why)
{
    try {
        return m_open(m_stop);
    } catch (const Cancelled &) {
    } catch (const std::exception &error) {
        why = error.what();
    }
    return nullptr;
}

// No time: until somebody says so. Returns whether somebody did.
bool FarWorker::pause_until_next_try(std::optional<std::chrono::milliseconds> time)
{
    const auto end = std::chrono::steady_clock::now() + time.value_or(std::chrono::milliseconds(0));
    for (;;) {
        end_cancelled();
        std::unique_lock lock(m_mutex);
        if (m_stop.cancelled() || (time && std::chrono::steady_clock::now() >= end))
            return false;
        if (std::exchange(m_again, false))
            return true;
        m_changed.wait_for(lock, often);
    }
}

/// Until the connection is lost, for which the reason is returned, or nobody wants it any more.
std::string FarWorker::talk(Client &client)
{
    {
        const std::lock_guard lock(m_mutex);
        m_client = &client;
        m_wanted = m_head;
        m_again = false;
    }
    m_other_session = true;
    while (!m_stop.cancelled()) {
        if (std::exchange(m_other_session, false)) {
            try {
                set_up_again(client);
            } catch (...) { // such as a task file that is gone
                fail_all(failed_of(std::current_exception()));
            }
        }
        send_what_is_new(client);
        const std::optional<Client::News> news = client.poll(m_jobs.empty() ? rarely : often);
        if (!news)
            continue;
        if (const Lost *lost = std::get_if<Lost>(&news->what))
            return lost->why;
        hear(*news);
    }
    return {};
}

// A server that has just begun knows nothing. What is asked next waits for this: it may be of this session.
void FarWorker::set_up_again(Client &client)
{
    m_again_first.clear();
    if (!m_setup)
        return;
    const auto ask = [&](Request request) {
        Asked asked{std::move(request)};
        attach_files(asked);
        m_again_first.push_back(client.submit(std::move(asked)));
    };
    SetUpRequest setup = *m_setup;
    setup.model = by_name(setup.model);
    ask(std::move(setup));
    if (!m_recipe)
        return;
    BeginRecipeRequest recipe = *m_recipe;
    if (m_steps)
        for (const StepOutcome &step : *m_steps)
            if (step.state == StepState::Done && step.result)
                recipe.known.push_back(step.result);
    ask(std::move(recipe));
    for (size_t i = 0; m_steps && i < m_steps->size(); ++i) {
        if ((*m_steps)[i].state == StepState::Skipped)
            ask(SkipStepRequest{i});
        else if ((*m_steps)[i].state != StepState::Pending && (*m_steps)[i].state != StepState::Running)
            ask(RunStepRequest{i}); // its result is known: nothing is computed
    }
}

void FarWorker::send_what_is_new(Client &client)
{
    std::optional<std::optional<Head>> wanted;
    {
        const std::lock_guard lock(m_mutex);
        for (auto &[id, job] : m_arrived)
            m_jobs.emplace(id, std::move(job));
        m_arrived.clear();
        wanted.swap(m_wanted);
    }
    if (wanted) {
        m_head = *wanted;
        client.want(m_head);
    }
    for (auto at = m_jobs.begin(); at != m_jobs.end();) {
        Job &job = at->second;
        const bool unwanted = job.ticket->stale || job.ticket->cancel.cancelled();
        if (job.sent != 0 && unwanted && !job.cancelled) {
            client.cancel(job.sent);
            job.cancelled = true;
        }
        const bool begin = job.sent == 0 && !unwanted && m_again_first.empty();
        at = begin && !send(client, job) ? m_jobs.erase(at) : std::next(at);
    }
    end_cancelled();
}

/// False: it has failed by itself.
bool FarWorker::send(Client &client, Job &job)
{
    try {
        if (std::holds_alternative<SaveRecipeRequest>(job.request))
            throw Error("the folder of a recipe", "is written where it was computed: at " + m_place + ", not here");
        Asked asked{job.request, job.ticket->tag};
        attach_files(asked);
        if (SetUpRequest *setup = std::get_if<SetUpRequest>(&asked.request))
            setup->model = by_name(setup->model);
        if (RunRequest *run = std::get_if<RunRequest>(&asked.request))
            run->resume = detail::with_more_cells(job.arrived, run->resume);
        job.sent = client.submit(std::move(asked));
        return true;
    } catch (...) {
        job.listener.tell(failed_of(std::current_exception()));
        return false;
    }
}

// Of those that no server carries out now. A run ends as it would there: with what it has.
void FarWorker::end_cancelled()
{
    {
        const std::lock_guard lock(m_mutex);
        for (auto &[id, job] : m_arrived)
            m_jobs.emplace(id, std::move(job));
        m_arrived.clear();
    }
    for (auto at = m_jobs.begin(); at != m_jobs.end();) {
        const Job &job = at->second;
        if (job.sent != 0 || !(job.ticket->stale || job.ticket->cancel.cancelled())) {
            ++at;
            continue;
        }
        if (std::holds_alternative<RunRequest>(job.request) && job.starts > 0 && !job.ticket->stale)
            job.listener.tell(Done{RunEnd{false, job.arrived ? job.arrived->seconds : 0, {}, {}}});
        else
            job.listener.dropped();
        at = m_jobs.erase(at);
    }
}

} // namespace patchbay::remote
