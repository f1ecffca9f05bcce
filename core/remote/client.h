// The near end of a connection: requests are sent, and what they come to is asked for. Blocking; a window calls it on a
// thread of its own.
#pragma once

#include "base/cancel.h"
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

/// What starts a server, whose standard input and output are the connection.
struct Command {
    std::vector<std::string> words; ///< program and arguments
    std::string name = {};          ///< in messages; empty: the words
    /// In a session of its own: it has no terminal to ask on, and all that it started ends with it.
    bool apart = false;
    std::vector<std::pair<std::string, std::string>> environment = {}; ///< beside this program's
    std::chrono::milliseconds grace{5000}; ///< in which it ends by itself once the connection is closed
};

/// The request was superseded, or cancelled before it had anything to show.
struct Dropped { };
/// The connection has ended, or nothing was heard for too long; why. The last news that there are.
struct Lost {
    std::string why;
};

struct ClientLimits {
    FrameLimits frames;
    std::chrono::milliseconds silence{30000}; ///< so long nothing may be heard, not even a beat
    std::chrono::milliseconds answer{120000}; ///< so long it may take to begin: somebody types a password, a job waits
};

class Client {
public:
    /// Starts a command that starts the server, such as {"ssh", "host", "patchbay-cli", "serve", "--stdio"}. Waits
    /// until the server has said who it is, at most limits.answer. Throws Error naming the command where it cannot be
    /// started, ends at once, or speaks something else, with the last lines that it said on standard error; Cancelled.
    explicit Client(const Command &command, const ClientLimits &limits = {}, const CancelToken &cancel = {});
    explicit Client(const std::vector<std::string> &command, const ClientLimits &limits = {})
        : Client(Command{command}, limits)
    {
    }
    /// With a server that is there already, over descriptors that it closes.
    Client(int in, int out, const ClientLimits &limits = {});
    /// Closes the connection, which ends the server, and waits for the command; ends it where it takes longer than it
    /// may.
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
    /// Lets a poll() that waits return without news, or the next one. From any thread.
    void wake();

    /// What has not ended, by its number and so in the order in which it was asked: after the connection is lost, what
    /// to ask another server for. A run is to be resumed from the cells that had arrived, so none of them is computed
    /// twice.
    std::map<uint64_t, Asked> unfinished() const;

private:
    struct Open {
        Asked asked;
        std::shared_ptr<RunResult> run; ///< as far as it has arrived; null before Started, and for all else
    };
    void greet(const CancelToken &cancel);
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
