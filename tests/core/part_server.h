// Whoever carries requests out, as a test says: part by part.
#pragma once

#include "requests/workbench.h"

#include <functional>
#include <memory>
#include <utility>

namespace patchbay::testing {

/// One part of a request: false when it was the last.
using Part = std::function<bool(const Request &, const Tell &, const CancelToken &)>;

class PartServer : public RequestServer {
public:
    explicit PartServer(Part part) : m_part(std::move(part)) { }
    std::unique_ptr<Work> begin(const Request &request, Tell tell) override
    {
        struct Parts : Work {
            Part part;
            Request request;
            Tell tell;
            bool step(const CancelToken &cancel) override { return part(request, tell, cancel); }
        };
        auto work = std::make_unique<Parts>();
        work->part = m_part;
        work->request = request;
        work->tell = std::move(tell);
        return work;
    }

private:
    const Part m_part;
};

} // namespace patchbay::testing
