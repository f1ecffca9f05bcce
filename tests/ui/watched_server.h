// A workbench that a test looks into: when a request begins to be carried out, what it tells, and how it ends.
#pragma once

#include "requests/workbench.h"

#include <functional>

namespace patchbay::testing {

class WatchedServer : public RequestServer {
public:
    struct Watch {
        std::function<void(const Request &)> begun = {}; ///< before the first part
        std::function<void(const Event &)> told = {};
        std::function<void(const Request &)> cancelled = {};
    };
    WatchedServer(std::unique_ptr<Session> session, Watch watch)
        : m_bench(std::move(session)), m_watch(std::move(watch))
    {
    }

    std::unique_ptr<Work> begin(const Request &request, Tell tell) override
    {
        struct Watched : Work {
            std::unique_ptr<Work> work;
            Request request;
            const Watch *watch = nullptr;
            bool begun = false;
            bool step(const CancelToken &cancel) override
            {
                if (!begun && watch->begun)
                    watch->begun(request);
                begun = true;
                try {
                    return work->step(cancel);
                } catch (const Cancelled &) {
                    if (watch->cancelled)
                        watch->cancelled(request);
                    throw;
                }
            }
        };
        auto out = std::make_unique<Watched>();
        out->request = request;
        out->watch = &m_watch;
        out->work = m_bench.begin(request, [this, tell = std::move(tell)](const Event &event) {
            if (m_watch.told)
                m_watch.told(event);
            tell(event);
        });
        return out;
    }

private:
    Workbench m_bench;
    const Watch m_watch;
};

} // namespace patchbay::testing
