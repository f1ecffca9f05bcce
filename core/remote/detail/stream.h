// Bytes in and out of file descriptors that may block, without being blocked by them for good.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::remote {

enum class Arrived {
    Nothing, ///< within the time
    Bytes,
    End, ///< nothing will come any more: closed, or broken
};
/// Waits for bytes, at most this long, and appends what there is, some at a time.
Arrived read_some(int in, std::string &bytes, std::chrono::milliseconds at_most);

/// Writes all of them, asking now and then whether to give up. Returns false where it gave up, or nobody reads any
/// more; there is no SIGPIPE.
bool write_all(int out, std::string_view bytes, const std::function<bool()> &give_up);

/// Closes itself. -1: none.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : m_fd(fd) { }
    Descriptor(Descriptor &&other) noexcept : m_fd(other.release()) { }
    Descriptor &operator=(Descriptor &&other) noexcept
    {
        if (this != &other) {
            close();
            m_fd = other.release();
        }
        return *this;
    }
    ~Descriptor() { close(); }
    int get() const { return m_fd; }
    int release()
    {
        const int fd = m_fd;
        m_fd = -1;
        return fd;
    }
    void close();

private:
    int m_fd;
};

/// A pipe that programs started later do not inherit: what is written to the second comes out of the first. Throws
/// Error.
std::pair<Descriptor, Descriptor> make_pipe();

} // namespace patchbay::remote
