// Carries requests out at another place: what is asked for is sent there, what it comes to is told here, and a
// connection that is lost is made again.
#pragma once

#include "remote/client.h"
#include "requests/carrier.h"
#include "requests/worker.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace patchbay::remote {

/// How the connection to a place stands.
struct Line {
    enum class State {
        Connecting,
        Connected,
        Lost, ///< it is made again by itself
        Down  ///< it is made again when somebody says so: it was never there, or was lost too often
    };
    State state = State::Connecting;
    std::string why = {};               ///< lost and down: the cause
    std::optional<Hello> server{};      ///< connected
    std::chrono::milliseconds pause{0}; ///< lost: after which it is tried again
};

struct FarLimits {
    /// Before each try to make a lost connection again; after the last of them it is down. What arrives of a run or an
    /// answer begins them anew.
    std::vector<std::chrono::milliseconds> pauses{std::chrono::milliseconds(0), std::chrono::seconds(1),
                                                  std::chrono::seconds(2), std::chrono::seconds(4),
                                                  std::chrono::seconds(8)};
};

/// Of the server it needs nothing kept: after a lost connection it sets the model up again, a recipe with the results
/// that it had, and goes on with every run from the cells that have arrived. So none of them is computed twice.
///
/// Files of the task travel, models are found by their names in the Hugging Face cache there. What needs only results
/// (intervals, stability, series that lie in a folder) is computed here; so are new series, whose folder is here.
class FarWorker : public Carrier {
public:
    /// Makes a connection; throws what Client's constructor does. On the worker's own thread.
    using Open = std::function<std::unique_ptr<Client>(const CancelToken &)>;
    /// Hears how the connection stands, on that thread; it throws nothing.
    using Watch = std::function<void(const Line &)>;

    /// place: its name, for messages.
    FarWorker(std::string place, Open open, Watch watch, const FarLimits &limits = {});
    FarWorker(std::string place, Command command, Watch watch, const FarLimits &limits = {});
    ~FarWorker() override;
    FarWorker(const FarWorker &) = delete;
    FarWorker &operator=(const FarWorker &) = delete;

    void submit(const Ticket &ticket, Request request, JobListener listener) override;
    void want(std::optional<Head> head) override;
    /// Where the connection is lost or down: now. From any thread.
    void try_again();

private:
    struct Job {
        Ticket ticket;
        Request request; ///< as it was asked here
        JobListener listener;
        RunResultPtr arrived = {};                 ///< of a run: what a server need not compute again
        uint64_t sent = 0;                         ///< its number at the server; 0: not there
        int starts = 0, starts_here = 0;           ///< how often the listener, and this connection, has heard Started
        std::vector<std::vector<bool>> heard = {}; ///< [grid][cell] that the listener knows to be exact
        bool cancelled = false;                    ///< the server has been told so
    };
    using Jobs = std::map<uint64_t, Job>;

    void serve();
    std::unique_ptr<Client> connect(std::string &why);
    std::string talk(Client &client);
    void send_what_is_new(Client &client);
    bool send(Client &client, Job &job);
    void set_up_again(Client &client);
    void hear(const Client::News &news);
    void hear(Job &job, const Event &event);
    Event as_asked(const Job &job, Event event) const;
    void remember(const Job &job, const Done &done);
    void keep(const Client &client);
    void fail_all(const Failed &failed);
    void end_cancelled();
    bool pause_until_next_try(std::optional<std::chrono::milliseconds> time);
    void tell(Line line) const;

    const std::string m_place;
    const Open m_open;
    const Watch m_watch;
    const FarLimits m_limits;
    Worker m_here;
    CancelToken m_stop;

    std::mutex m_mutex; ///< of what is between here and the next gap
    std::condition_variable m_changed;
    std::vector<std::pair<uint64_t, Job>> m_arrived; ///< jobs that the thread has not seen yet
    uint64_t m_last = 0;
    std::optional<std::optional<Head>> m_wanted; ///< that has not been sent
    bool m_again = false;
    Client *m_client = nullptr; ///< to be woken

    // On the thread only.
    Jobs m_jobs;
    std::optional<Head> m_head;                              ///< that is wanted
    std::optional<SetUpRequest> m_setup;                     ///< what the server's session is of
    std::optional<BeginRecipeRequest> m_recipe;              ///< that was begun on it
    std::shared_ptr<const std::vector<StepOutcome>> m_steps; ///< what it came to
    std::vector<uint64_t> m_again_first; ///< numbers of what is set up again, before anything else is sent
    bool m_has_been_there = false;
    bool m_other_session = false; ///< the server's is not of what m_setup says
    size_t m_failures = 0;

    std::thread m_thread;
};

namespace detail {
/// The one with more exact cells; either may be null.
RunResultPtr with_more_cells(const RunResultPtr &one, const RunResultPtr &other);
} // namespace detail

/// The name that a model's folder here has in a Hugging Face cache, with its commit; other references as they are. So a
/// model is found where the cache lies elsewhere.
ModelRef by_name(ModelRef model);

} // namespace patchbay::remote
