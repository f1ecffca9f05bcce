// A command that was started, with its standard input and output; or just two descriptors.
#pragma once

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
    explicit Connection(const std::vector<std::string> &command);
    Connection(int in, int out) : m_in(in), m_out(out) { }
    /// Closes what it holds, and waits for the command; ends it where it takes longer than some seconds.
    ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// What it is called in messages: the command, or "the server".
    const std::string &name() const { return m_name; }
    Arrived read(std::string &bytes, std::chrono::milliseconds at_most);
    void write(std::string_view bytes);
    /// Nothing is read or written any more.
    void break_off() { m_broken = true; }
    bool broken() const { return m_broken; }

private:
    bool ended(int options) const;

    std::string m_name = "the server";
    Descriptor m_in, m_out;
    pid_t m_process = -1;
    std::atomic<bool> m_broken{false};
};

} // namespace patchbay::remote
