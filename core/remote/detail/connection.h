// A command that was started, with its standard input, output and error; or just two descriptors.
#pragma once

#include "remote/client.h"
#include "remote/detail/stream.h"

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace patchbay::remote {

class Connection {
public:
    /// Throws Error naming the command where it cannot be started.
    explicit Connection(const Command &command);
    Connection(int in, int out);
    /// Closes what it holds, and waits for the command as long as that says; then ends it.
    ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// What it is called in messages: the command, or its name, or "the server".
    const std::string &name() const { return m_name; }
    /// Also hears what the command says on standard error. Returns at once where it has been woken.
    Arrived read(std::string &bytes, std::chrono::milliseconds at_most);
    /// Lets a read() that waits return, or the next one. From any thread.
    void wake();
    /// The cause, with the last lines that the command said on standard error behind it: why it has ended, mostly.
    std::string with_last_words(const std::string &cause);
    /// It need not be waited for any more: whoever started it has given up.
    void give_up() { m_grace = {}; }
    void write(std::string_view bytes);
    /// Nothing is read or written any more.
    void break_off() { m_broken = true; }
    bool broken() const { return m_broken; }

private:
    bool ended(int options) const;
    bool ends_within(std::chrono::milliseconds time) const;
    void send_signal(int signal) const;
    /// What there is of standard error; false once nothing will come any more.
    bool hear_error();

    std::string m_name = "the server";
    Descriptor m_in, m_out, m_error, m_wake;
    std::string m_said; ///< the end of what came on standard error
    std::chrono::milliseconds m_grace{};
    bool m_apart = false;
    pid_t m_process = -1;
    std::atomic<bool> m_broken{false};
};

} // namespace patchbay::remote
