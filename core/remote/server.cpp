#include "remote/server.h"

#include "base/error.h"
#include "remote/detail/frame_writer.h"
#include "remote/detail/stream.h"
#include "requests/snapshot.h"

namespace patchbay::remote {

namespace {

constexpr std::chrono::milliseconds look_for_stop{50};
constexpr std::chrono::milliseconds last_words{1000};
constexpr const char *client_side = "the client";

} // namespace

Server::Server(int in, int out, std::unique_ptr<RequestServer> server, const Hello &hello, const ServerLimits &limits)
    : m_in(in), m_limits(limits), m_writer(std::make_unique<FrameWriter>(out, limits.beat, limits.most_waiting)),
      m_worker(std::make_unique<Worker>(std::move(server)))
{
    m_writer->put_first(frame_of(hello));
}

Server::~Server()
{
    // First: that these have been cancelled here is not for the client, who asks for them elsewhere.
    m_writer->close();
    {
        const std::lock_guard lock(m_mutex);
        for (auto &[id, job] : m_jobs) {
            job.ticket->stale = true;
            job.ticket->cancel.cancel();
        }
    }
    m_worker.reset();
}

void Server::serve(const CancelToken &stop)
{
    FrameDecoder decoder(client_side, m_limits.frames);
    std::string bytes;
    try {
        while (!stop.cancelled() && !m_writer->broken()) {
            bytes.clear();
            const Arrived arrived = read_some(m_in, bytes, look_for_stop);
            if (arrived == Arrived::End)
                return;
            if (arrived == Arrived::Nothing)
                continue;
            decoder.feed(bytes);
            while (std::optional<Frame> frame = decoder.next())
                handle(std::move(*frame));
        }
    } catch (const Error &error) {
        m_writer->put_first(frame_of_trouble(error.what()));
        m_writer->flush(last_words);
        throw;
    }
}

void Server::handle(Frame frame)
{
    const Type type = Type(frame.type);
    if (!m_greeted && type != Type::Hello)
        throw Error(client_side, "did not say who it is first");
    switch (type) {
    case Type::Hello:
        if (m_greeted)
            throw Error(client_side, "said who it is twice");
        hello_of(std::move(frame), client_side);
        m_greeted = true;
        return;
    case Type::Request:
        return begin(std::move(frame));
    case Type::Cancel: {
        const std::lock_guard lock(m_mutex);
        if (const auto job = m_jobs.find(frame.id); job != m_jobs.end())
            job->second.ticket->cancel.cancel();
        return; // it may just have ended
    }
    case Type::Want:
        return m_worker->want(wanted_of(std::move(frame), client_side));
    case Type::Ping:
        return m_writer->put_first(plain_frame(Type::Pong, frame.id));
    default:
        throw Error(client_side, "sent a frame of the unknown type " + std::to_string(frame.type));
    }
}

void Server::begin(Frame frame)
{
    const uint64_t id = frame.id, bytes = frame.bytes();
    {
        const std::lock_guard lock(m_mutex);
        if (id == 0 || m_jobs.contains(id))
            throw Error(client_side,
                        "sent a request " + std::to_string(id) + " beside another of this number, or none");
    }
    Asked asked;
    try {
        asked = asked_of(std::move(frame), client_side, m_limits.frames);
        m_files.receive(asked);
    } catch (const Error &error) {
        return refuse(id, error.what());
    }
    const auto ticket = std::make_shared<JobTicket>();
    ticket->id = id;
    ticket->tag = std::move(asked.tag);
    {
        const std::lock_guard lock(m_mutex);
        if (m_jobs.size() < m_limits.most_requests && m_job_bytes + bytes <= m_limits.most_request_bytes) {
            for (auto &[other, job] : m_jobs)
                job.ticket->give_way_to(*ticket, asked.interrupts);
            m_jobs[id] = {ticket, bytes};
            m_job_bytes += bytes;
        } else {
            ticket->stale = true;
        }
    }
    if (ticket->stale)
        return refuse(id, "there are too many requests on their way already");
    const Urgency how_urgent = urgency(asked.request);
    m_worker->submit(ticket, std::move(asked.request), listener(ticket, how_urgent));
}

void Server::refuse(uint64_t id, const std::string &why)
{
    m_writer->put(Urgency::Quick, frame_of(id, Event(Failed{{}, why, {}})), {});
}

void Server::end(uint64_t id)
{
    const std::lock_guard lock(m_mutex);
    const auto job = m_jobs.find(id);
    m_job_bytes -= job->second.bytes;
    m_jobs.erase(job);
}

Frame Server::checked(Frame frame) const
{
    if (const std::string why = why_too_large(frame, m_limits.frames); !why.empty())
        throw Error("", "the answer " + why);
    return frame;
}

// Of progress only as much is sent as one can look at. What is too large to be sent fails the job: the worker tells so.
JobListener Server::listener(const Worker::Ticket &ticket, Urgency urgency)
{
    const auto dropped = [this, ticket, urgency] {
        end(ticket->id);
        m_writer->put(urgency, plain_frame(Type::Dropped, ticket->id), ticket->cancel);
    };
    const auto tell = [this, ticket, urgency, dropped, pace = std::make_shared<Pace>()](const Event &event) {
        const bool ends = std::holds_alternative<Done>(event) || std::holds_alternative<Failed>(event);
        if (ticket->stale) {
            if (ends)
                dropped();
            return;
        }
        if (const Progress *at = std::get_if<Progress>(&event); at && at->done != at->total && !pace->due())
            return;
        const Frame frame = checked(frame_of(ticket->id, event));
        if (ends)
            end(ticket->id);
        m_writer->put(urgency, frame, ticket->cancel);
    };
    return {tell, dropped};
}

} // namespace patchbay::remote
