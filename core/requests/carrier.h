// Where requests go to be carried out: a worker in this process, or another process anywhere.
#pragma once

#include "requests/job_queue.h"

#include <memory>
#include <optional>

namespace patchbay {

class Carrier {
public:
    using Ticket = std::shared_ptr<JobTicket>;

    /// Waits for its threads, and forgets what has not been begun. Whoever owns the tickets cancels them first.
    virtual ~Carrier() = default;
    /// From any thread.
    virtual void submit(const Ticket &ticket, Request request, JobListener listener) = 0;
    /// The head whose cells are to be computed next, in whatever run is going on. From any thread.
    virtual void want(std::optional<Head> head) = 0;
};

} // namespace patchbay
