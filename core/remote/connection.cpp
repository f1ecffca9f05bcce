#include "remote/detail/connection.h"

#include "base/error.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace patchbay::remote {

namespace {

constexpr std::chrono::seconds grace{5};
constexpr std::chrono::milliseconds look_again{5};

/// What a command begins with: our ends of its pipes as its standard input and output, and signals as usual.
struct Begin {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    Begin(int in, int out)
    {
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        posix_spawnattr_init(&attributes);
        sigset_t none, ignored;
        sigemptyset(&none);
        sigemptyset(&ignored);
        sigaddset(&ignored, SIGPIPE);
        posix_spawnattr_setsigmask(&attributes, &none); // the thread that starts it may hold all of them off
        posix_spawnattr_setsigdefault(&attributes, &ignored);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~Begin()
    {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    Begin(const Begin &) = delete;
    Begin &operator=(const Begin &) = delete;
};

} // namespace

Connection::Connection(const std::vector<std::string> &command)
{
    if (command.empty())
        throw Error("", "there is no command that starts a server");
    m_name.clear();
    std::vector<char *> words;
    for (const std::string &word : command) {
        m_name += (m_name.empty() ? "" : " ") + word;
        words.push_back(const_cast<char *>(word.c_str()));
    }
    words.push_back(nullptr);
    auto [their_in, our_out] = make_pipe();
    auto [our_in, their_out] = make_pipe();
    const Begin begin(their_in.get(), their_out.get());
    const int error = ::posix_spawnp(&m_process, words.front(), &begin.files, &begin.attributes, words.data(), environ);
    if (error != 0) {
        m_process = -1;
        throw Error(m_name, std::string("cannot be started: ") + std::strerror(error));
    }
    m_in = std::move(our_in);
    m_out = std::move(our_out);
}

Connection::~Connection()
{
    m_out.close();
    m_in.close();
    if (m_process < 0)
        return;
    const auto end = std::chrono::steady_clock::now() + grace;
    const timespec pause{0, std::chrono::nanoseconds(look_again).count()};
    while (!ended(WNOHANG)) {
        if (std::chrono::steady_clock::now() < end) {
            ::nanosleep(&pause, nullptr);
        } else {
            ::kill(m_process, SIGKILL);
            ended(0);
            return;
        }
    }
}

bool Connection::ended(int options) const
{
    pid_t got = 0;
    do
        got = ::waitpid(m_process, nullptr, options);
    while (got < 0 && errno == EINTR);
    return got != 0; // also where somebody else has waited for it
}

Arrived Connection::read(std::string &bytes, std::chrono::milliseconds at_most)
{
    return m_broken ? Arrived::End : read_some(m_in.get(), bytes, at_most);
}

void Connection::write(std::string_view bytes)
{
    if (!m_broken)
        write_all(m_out.get(), bytes, [this] { return m_broken.load(); }); // reading tells that it has ended
}

} // namespace patchbay::remote
