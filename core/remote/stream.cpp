#include "remote/detail/stream.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace patchbay::remote {

namespace {

constexpr size_t piece = 1 << 16;
// What a pipe takes without blocking once poll() says that it takes anything (PIPE_BUF of Linux): the descriptor stays
// as it was found, since others may share it.
constexpr size_t never_blocks = 4096;
constexpr int look_again_ms = 50;

/// The calling thread gets no SIGPIPE while one of these is there.
class NoBrokenPipeSignal {
public:
    NoBrokenPipeSignal()
    {
        sigemptyset(&m_pipe);
        sigaddset(&m_pipe, SIGPIPE);
        sigset_t waiting;
        sigpending(&waiting);
        m_waited = sigismember(&waiting, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &m_pipe, &m_before);
    }
    ~NoBrokenPipeSignal()
    {
        const timespec now{};
        if (!m_waited)
            sigtimedwait(&m_pipe, nullptr, &now); // one that came meanwhile was ours
        pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
    }
    NoBrokenPipeSignal(const NoBrokenPipeSignal &) = delete;
    NoBrokenPipeSignal &operator=(const NoBrokenPipeSignal &) = delete;

private:
    sigset_t m_pipe, m_before;
    bool m_waited = false;
};

/// Whether something can be done with it, or has gone wrong, within the time.
bool is_ready(int fd, short what, int at_most)
{
    pollfd one{fd, what, 0};
    return ::poll(&one, 1, at_most) > 0;
}

} // namespace

Arrived read_some(int in, std::string &bytes, std::chrono::milliseconds at_most)
{
    if (!is_ready(in, POLLIN, int(at_most.count())))
        return Arrived::Nothing;
    const size_t had = bytes.size();
    bytes.resize(had + piece);
    const ssize_t got = ::read(in, bytes.data() + had, piece);
    const bool later = got < 0 && (errno == EINTR || errno == EAGAIN);
    bytes.resize(had + size_t(std::max<ssize_t>(got, 0)));
    return got > 0 ? Arrived::Bytes : later ? Arrived::Nothing : Arrived::End;
}

bool write_all(int out, std::string_view bytes, const std::function<bool()> &give_up)
{
    const NoBrokenPipeSignal guard;
    while (!bytes.empty()) {
        if (give_up())
            return false;
        if (!is_ready(out, POLLOUT, look_again_ms))
            continue;
        const ssize_t put = ::write(out, bytes.data(), std::min(bytes.size(), never_blocks));
        if (put >= 0)
            bytes.remove_prefix(size_t(put));
        else if (errno != EINTR && errno != EAGAIN)
            return false;
    }
    return true;
}

void Descriptor::close()
{
    if (m_fd >= 0)
        ::close(m_fd);
    m_fd = -1;
}

std::pair<Descriptor, Descriptor> make_pipe()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Error("", std::string("no pipe can be made: ") + std::strerror(errno));
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

} // namespace patchbay::remote
