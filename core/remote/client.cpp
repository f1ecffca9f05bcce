#include "remote/client.h"

#include "base/error.h"
#include "patching/session.h"
#include "remote/detail/connection.h"

#include <algorithm>

namespace patchbay::remote {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_looks{50};

std::chrono::milliseconds until(Clock::time_point end)
{
    return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()));
}

} // namespace

Client::Client(const Command &command, const ClientLimits &limits, const CancelToken &cancel)
    : m_limits(limits), m_connection(std::make_unique<Connection>(command)),
      m_decoder(m_connection->name(), limits.frames)
{
    try {
        greet(cancel);
    } catch (...) {
        m_connection->give_up();
        throw;
    }
}

Client::Client(int in, int out, const ClientLimits &limits)
    : m_limits(limits), m_connection(std::make_unique<Connection>(in, out)),
      m_decoder(m_connection->name(), limits.frames)
{
    greet({});
}

Client::~Client() = default;

void Client::greet(const CancelToken &cancel)
{
    std::string bytes = greeting();
    append_frame(bytes, frame_of(Hello{program_version(), 0, 0, {}, {}}));
    m_connection->write(bytes);
    const auto end = Clock::now() + m_limits.answer;
    const auto fail = [this](const std::string &cause) {
        throw Error(m_connection->name(), m_connection->with_last_words(cause));
    };
    std::optional<Frame> frame;
    while (!(frame = m_decoder.next())) {
        cancel.check();
        bytes.clear();
        const Arrived arrived = m_connection->read(bytes, std::min(until(end), between_looks));
        if (arrived == Arrived::End)
            fail("ended before it answered");
        if (arrived == Arrived::Nothing && Clock::now() >= end)
            fail("did not answer");
        m_decoder.feed(bytes);
    }
    if (frame->type != uint32_t(Type::Hello))
        fail("did not say who it is first");
    m_server = hello_of(std::move(*frame), m_connection->name(), m_limits.frames);
    m_heard = Clock::now();
}

uint64_t Client::submit(Asked asked)
{
    uint64_t id = 0;
    {
        const std::lock_guard lock(m_mutex);
        id = ++m_last;
    }
    const Frame frame = frame_of(id, asked);
    if (const std::string why = why_too_large(frame, m_limits.frames); !why.empty())
        throw Error("", "the request " + why);
    {
        const std::lock_guard lock(m_mutex);
        m_open[id] = {std::move(asked), nullptr};
    }
    send(frame);
    return id;
}

void Client::cancel(uint64_t id)
{
    send(plain_frame(Type::Cancel, id));
}

void Client::want(std::optional<Head> head)
{
    send(frame_of_want(head));
}

void Client::ping(uint64_t id)
{
    send(plain_frame(Type::Ping, id));
}

void Client::send(const Frame &frame)
{
    std::string bytes;
    append_frame(bytes, frame);
    const std::lock_guard lock(m_sending);
    m_connection->write(bytes);
}

std::optional<Client::News> Client::poll(std::chrono::milliseconds at_most)
{
    if (m_connection->broken())
        return std::nullopt;
    const auto end = Clock::now() + at_most;
    const auto lost = [this](const std::string &why) {
        m_connection->break_off();
        return News{0, Lost{m_connection->name() + ": " + m_connection->with_last_words(why)}};
    };
    try {
        for (;;) {
            while (std::optional<Frame> frame = m_decoder.next())
                if (std::optional<News> news = news_of(std::move(*frame)))
                    return news;
            std::string bytes;
            const Arrived arrived = m_connection->read(bytes, until(std::min(end, m_heard + m_limits.silence)));
            if (arrived == Arrived::End)
                return lost(m_decoder.within() ? "the connection broke off" : "the connection was closed");
            if (arrived == Arrived::Bytes)
                m_heard = Clock::now();
            else if (Clock::now() >= m_heard + m_limits.silence)
                return lost("nothing was heard for too long");
            else
                return std::nullopt; // the time is over, or it was woken
            m_decoder.feed(bytes);
        }
    } catch (const Error &error) {
        m_connection->break_off();
        return News{0, Lost{error.what()}};
    }
}

std::optional<Client::News> Client::news_of(Frame frame)
{
    const uint64_t id = frame.id;
    const std::string &from = m_connection->name();
    switch (Type(frame.type)) {
    case Type::Event: {
        Event event = event_of(std::move(frame), from, m_limits.frames);
        hear(id, event);
        return News{id, std::move(event)};
    }
    case Type::Dropped: {
        const std::lock_guard lock(m_mutex);
        m_open.erase(id);
        return News{id, Dropped{}};
    }
    case Type::Pong:
        return News{id, Pong{}};
    case Type::Beat:
        return std::nullopt;
    case Type::Trouble:
        throw Error(from, "gave up: " + trouble_of(std::move(frame), from));
    default:
        throw Error(from, "sent a frame of the unknown type " + std::to_string(frame.type));
    }
}

// What a run has come to so far is kept, in case that it has to go on elsewhere.
void Client::hear(uint64_t id, const Event &event)
{
    const std::lock_guard lock(m_mutex);
    const auto open = m_open.find(id);
    if (open == m_open.end())
        throw Error(m_connection->name(), "tells of a request that there is not");
    if (std::holds_alternative<Done>(event) || std::holds_alternative<Failed>(event)) {
        m_open.erase(open);
        return;
    }
    std::shared_ptr<RunResult> &run = open->second.run;
    if (std::holds_alternative<Started>(event) && !run)
        run = std::make_shared<RunResult>();
    if (const Cells *cells = std::get_if<Cells>(&event)) {
        if (!run)
            throw Error(m_connection->name(), "sent cells of a run that has not begun");
        check_cells(*cells, *run, m_connection->name());
    }
    if (run)
        apply(*run, event);
}

void Client::wake()
{
    m_connection->wake();
}

std::map<uint64_t, Asked> Client::unfinished() const
{
    const std::lock_guard lock(m_mutex);
    std::map<uint64_t, Asked> out;
    for (const auto &[id, open] : m_open) {
        RunRequest *request = std::get_if<RunRequest>(&(out[id] = open.asked).request);
        if (request && open.run)
            request->resume = std::make_shared<const RunResult>(*open.run);
    }
    return out;
}

} // namespace patchbay::remote
