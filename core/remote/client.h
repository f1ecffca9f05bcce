// The near end of a connection: requests are sent, and what they come to is asked for. Blocking; a window calls it on a
// thread of its own.
#pragma once

#include "remote/message.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace patchbay::remote {

class Connection;

/// The request was superseded, or cancelled before it had anything to show.
struct Dropped { };
/// The connection has ended, or nothing was heard for too long; why. The last news that there are.
struct Lost {
    std::string why;
};

struct ClientLimits {
    FrameLimits frames;
    std::chrono::milliseconds silence{30000}; ///< so long nothing may be heard, not even a beat
};

class Client {
public:
    /// Starts a command that starts the server, such as {"ssh", "host", "patchbay-cli", "serve", "--stdio"}; its
    /// standard error is this program's. Waits until the server has said who it is, at most limits.silence. Throws
    /// Error naming the command where it cannot be started, ends at once, or speaks something else.
    explicit Client(const std::vector<std::string> &command, const ClientLimits &limits = {});
    /// With a server that is there already, over descriptors that it closes.
    Client(int in, int out, const ClientLimits &limits = {});
    /// Closes the connection, which ends the server, and waits for the command; ends it where it takes longer than some
    /// seconds.
    ~Client();

    const Hello &server() const { return m_server; }

    // From any thread. Without a connection they do nothing.

    /// Returns the request's number. A run to be resumed is sent with its cells. Throws Error where it is too large.
    uint64_t submit(Asked asked);
    uint64_t submit(Request request) { return submit(Asked{std::move(request)}); }
    void cancel(uint64_t id);
    void want(std::optional<Head> head);
    /// Is answered by a Pong, whatever the server computes.
    void ping(uint64_t id);

    struct Pong { };
    struct News {
        uint64_t id = 0; ///< of the request, or the ping; 0: of the connection
        std::variant<Event, Dropped, Pong, Lost> what;
    };
    /// The next news, for which it waits at most this long; nothing where there are none. Every request ends in exactly
    /// one of the events Done and Failed, Dropped, or with the connection. On one thread.
    std::optional<News> poll(std::chrono::milliseconds at_most);

    /// What has not ended, in the order in which it was asked: after the connection is lost, what to ask another server
    /// for. A run is to be resumed from the cells that had arrived, so none of them is computed twice.
    std::vector<Asked> unfinished() const;

private:
    struct Open {
        Asked asked;
        std::shared_ptr<RunResult> run; ///< as far as it has arrived; null before Started, and for all else
    };
    void greet();
    std::optional<News> news_of(Frame frame);
    void hear(uint64_t id, const Event &event);
    void send(const Frame &frame);

    const ClientLimits m_limits;
    std::unique_ptr<Connection> m_connection;
    FrameDecoder m_decoder;
    Hello m_server;
    mutable std::mutex m_mutex; ///< of what follows
    std::map<uint64_t, Open> m_open;
    uint64_t m_last = 0;
    std::mutex m_sending;
    std::chrono::steady_clock::time_point m_heard; ///< on the thread that polls
};

} // namespace patchbay::remote
