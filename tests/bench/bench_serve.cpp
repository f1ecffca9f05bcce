// A sweep over z of the demo model in this process and through patchbay-cli serve, in turn: what the other process
// costs.
#include "base/error.h"
#include "remote/client.h"
#include "requests/worker.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace patchbay;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 11;

double since(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

RunSpec sweep_of(const Setup &setup)
{
    RunSpec spec = spec_of(ActPatch{});
    spec.model = setup.model_ref;
    spec.task = setup.task_ref;
    return spec;
}

/// As the window does it: a worker's threads, and events that are folded on another one.
class Here {
public:
    Reply ask(Request request, RunResult &result)
    {
        auto ticket = std::make_shared<JobTicket>();
        std::optional<Reply> reply;
        m_worker.submit(ticket, std::move(request),
                        {[&](const Event &event) {
                             const std::lock_guard lock(m_mutex);
                             m_events.push_back(event);
                             m_arrived.notify_one();
                         },
                         [] {}});
        while (!reply) {
            std::unique_lock lock(m_mutex);
            m_arrived.wait(lock, [this] { return !m_events.empty(); });
            const std::vector<Event> events = std::exchange(m_events, {});
            lock.unlock();
            for (const Event &event : events) {
                apply(result, event);
                if (const Failed *failed = std::get_if<Failed>(&event))
                    throw Error(failed->subject, failed->cause);
                if (const Done *done = std::get_if<Done>(&event))
                    reply = done->reply;
            }
        }
        return *reply;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::vector<Event> m_events;
    Worker m_worker{std::make_unique<Workbench>()};
};

class There {
public:
    explicit There(const std::string &program) : m_client({program, "serve", "--stdio"}) { }
    Reply ask(Request request, RunResult &result)
    {
        const uint64_t id = m_client.submit(std::move(request));
        for (;;) {
            const auto news = m_client.poll(std::chrono::minutes(10));
            if (!news)
                throw Error("", "the server says nothing");
            if (const auto *lost = std::get_if<remote::Lost>(&news->what))
                throw Error("", lost->why);
            const Event *event = news->id == id ? std::get_if<Event>(&news->what) : nullptr;
            if (!event)
                continue;
            apply(result, *event);
            if (const Failed *failed = std::get_if<Failed>(event))
                throw Error(failed->subject, failed->cause);
            if (const Done *done = std::get_if<Done>(event))
                return done->reply;
        }
    }

private:
    remote::Client m_client;
};

/// In a session of its own: nothing of the run before is known in it.
template <class Place>
double seconds_of_a_sweep(Place &place, const SetUpRequest &setup)
{
    RunResult result;
    const SetupPtr ready = std::get<SetupPtr>(place.ask(setup, result));
    const auto begin = Clock::now();
    place.ask(RunRequest{sweep_of(*ready)}, result);
    const double seconds = since(begin);
    if (!result.complete)
        throw Error("", "a sweep is not complete");
    return seconds;
}

double median(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2), values.end());
    return values[values.size() / 2];
}

} // namespace

int main(int argc, char **argv)
{
    try {
        if (argc != 2)
            throw Error("bench_serve", "needs one word: the patchbay-cli that serves");
        Here here;
        There there(argv[1]);
        for (const int prompts : {70, 500}) {
            SetUpRequest setup;
            setup.task.prompts = prompts;
            std::vector<double> own, far;
            for (int round = 0; round < rounds; ++round) {
                own.push_back(seconds_of_a_sweep(here, setup));
                far.push_back(seconds_of_a_sweep(there, setup));
            }
            std::printf("z sweep of the demo model, %d prompts, medians of %d in turn: here %.4f s, through serve "
                        "%.4f s (%+.1f %%)\n",
                        prompts, rounds, median(own), median(far), 100 * (median(far) / median(own) - 1));
        }
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "bench_serve: %s\n", error.what());
        return 1;
    }
}
