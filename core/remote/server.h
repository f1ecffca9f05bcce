// The far end of a connection: requests arrive on one file descriptor, are carried out as in the window's own process,
// and what they come to is sent on another.
#pragma once

#include "base/cancel.h"
#include "remote/message.h"
#include "remote/sent_files.h"
#include "requests/worker.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>

namespace patchbay::remote {

class FrameWriter;

struct ServerLimits {
    FrameLimits frames;
    size_t most_requests = 1024;                     ///< on their way at once
    uint64_t most_request_bytes = uint64_t(2) << 30; ///< of all of those together
    std::chrono::milliseconds beat{2000};            ///< after so long in which nothing was sent, a beat is
    size_t most_waiting = size_t(64) << 20;          ///< bytes that wait to be sent; who computes waits then
};

class Server {
public:
    /// in and out must outlive it. hello: what it says of itself.
    Server(int in, int out, std::unique_ptr<RequestServer> server, const Hello &hello, const ServerLimits &limits = {});
    /// Cancels what is on its way; a sweep answers inside of its chunk.
    ~Server();

    /// Serves until the other side closes its end or breaks away, or stop is cancelled. Throws Error where it breaks
    /// the rules of frames, which it has been told then; a message that cannot be read fails by itself.
    void serve(const CancelToken &stop = {});

private:
    struct Job {
        Worker::Ticket ticket;
        uint64_t bytes = 0;
    };
    void handle(Frame frame);
    void begin(Frame frame);
    void refuse(uint64_t id, const std::string &why);
    void end(uint64_t id);
    JobListener listener(const Worker::Ticket &ticket, Urgency urgency);
    /// Throws Error where it is too large to be sent.
    Frame checked(Frame frame) const;

    const int m_in;
    const ServerLimits m_limits;
    std::unique_ptr<FrameWriter> m_writer;
    bool m_greeted = false;
    std::mutex m_mutex; ///< of the jobs
    std::map<uint64_t, Job> m_jobs;
    uint64_t m_job_bytes = 0;
    ReceivedFiles m_files;
    std::unique_ptr<Worker> m_worker; ///< goes first: its threads use the others
};

} // namespace patchbay::remote
