// Carries requests out, a part at a time: the one thread that calls it decides between two parts what comes next.
#pragma once

#include "requests/request.h"

#include <memory>

namespace patchbay {

/// A request that is being carried out.
class Work {
public:
    virtual ~Work() = default;
    /// The next part; false once Done was told. Throws Error and Cancelled, after which it is over.
    virtual bool step(const CancelToken &cancel) = 0;
};

/// Whoever carries requests out. All but the priority belong to one thread.
class RequestServer {
public:
    virtual ~RequestServer() = default;
    /// tell hears of everything that the work comes to, from step(). While a work is on its way only more urgent ones
    /// may be begun and stepped.
    virtual std::unique_ptr<Work> begin(const Request &request, Tell tell) = 0;
    /// Which cells to compute next; set from any thread.
    PriorityHint &priority() { return m_priority; }

private:
    PriorityHint m_priority;
};

/// A model, a session and a recipe, with which requests are carried out in this process.
class Workbench : public RequestServer {
public:
    Workbench() = default;
    /// With a session that is there already (benchmarks and tests on models without a folder), or null.
    explicit Workbench(std::unique_ptr<Session> session) : m_model(session ? session->model_ptr() : nullptr), m_session(std::move(session))
    {
    }
    std::unique_ptr<Work> begin(const Request &request, Tell tell) override;

private:
    struct Begin;
    Session &session() const;
    RecipeRun &recipe() const;

    std::shared_ptr<const Model> m_model; ///< null until there is one
    std::unique_ptr<Session> m_session;   ///< null until a model and a task with prompts are there
    std::unique_ptr<RecipeRun> m_recipe;  ///< over the session; goes before it
};

} // namespace patchbay
