// Carries requests out, a part at a time: the one thread that calls it decides between two parts what comes next.
#pragma once

#include "requests/request.h"

#include <functional>
#include <memory>
#include <mutex>

namespace patchbay {

/// A request that is being carried out.
class Work {
public:
    virtual ~Work() = default;
    /// The next part; false once Done was told. Throws Error and Cancelled, after which it is over.
    virtual bool step(const CancelToken &cancel) = 0;
};

/// Whoever carries requests out. What is not said to be for any thread belongs to one.
class RequestServer {
public:
    virtual ~RequestServer() = default;
    /// tell hears of everything that the work comes to, from step(). While a work is on its way only more urgent ones
    /// may be begun and stepped.
    virtual std::unique_ptr<Work> begin(const Request &request, Tell tell) = 0;
    /// From any thread: what can be stepped on another thread beside the work on its way; null where this cannot, or
    /// not now: then it is begun like all others. tell hears nothing before the first step.
    virtual std::unique_ptr<Work> begin_beside(const Request &, const Tell &) { return nullptr; }
    /// Which cells to compute next; set from any thread.
    PriorityHint &priority() { return m_priority; }
    /// Called within a step of a work that has more parts than steps, between two of them: the place to begin and step
    /// what is more urgent. Set before anything is begun; throws nothing.
    void when_between(std::function<void()> serve) { m_between = std::move(serve); }

protected:
    const std::function<void()> &between() const { return m_between; }

private:
    PriorityHint m_priority;
    std::function<void()> m_between;
};

/// A model, a session and a recipe, with which requests are carried out in this process.
class Workbench : public RequestServer {
public:
    Workbench() = default;
    /// For the sessions that it sets up.
    explicit Workbench(const Resources &resources) : m_resources(resources) { }
    /// With a session that is there already (benchmarks and tests on models without a folder), or null.
    explicit Workbench(std::unique_ptr<Session> session);
    std::unique_ptr<Work> begin(const Request &request, Tell tell) override;
    /// Attention in the cached runs, where these are there for good: nobody waits for a chunk of a sweep to see it.
    std::unique_ptr<Work> begin_beside(const Request &request, const Tell &tell) override;

private:
    struct Begin;
    Session &session() const;
    RecipeRun &recipe() const;
    void publish(std::shared_ptr<const AttentionReader> reader);

    Resources m_resources;
    std::shared_ptr<const Model> m_model; ///< null until there is one
    std::unique_ptr<Session> m_session;   ///< null until a model and a task with prompts are there
    std::unique_ptr<RecipeRun> m_recipe;  ///< over the session; goes before it
    std::unique_ptr<Series> m_series;     ///< that was begun and is not at its end
    std::filesystem::path m_series_folder;
    std::shared_ptr<Tell> m_series_tell = std::make_shared<Tell>(); ///< who hears of its step on the way, if any
    std::mutex m_mutex;                                             ///< of what follows, which any thread reads
    std::shared_ptr<const AttentionReader> m_reader;
};

} // namespace patchbay
