#include "remote/detail/connection.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace patchbay::remote {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_again{5}, after_asking{1000}, last_words{200};
constexpr size_t most_said = 2000, lines_told = 4;

/// What a command begins with: our ends of its pipes as its standard input, output and error, and signals as usual.
struct Begin {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    Begin(int in, int out, int error, bool apart)
    {
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
        posix_spawnattr_init(&attributes);
        sigset_t held_off, as_usual;
        sigemptyset(&held_off);
        // Ctrl+C on our terminal asks for what is finished, which the connection brings. With a session of its own the
        // command hears nothing of it; without one, this keeps it away.
        if (!apart)
            sigaddset(&held_off, SIGINT);
        sigemptyset(&as_usual);
        sigaddset(&as_usual, SIGPIPE);
        posix_spawnattr_setsigmask(&attributes, &held_off); // the thread that starts it may hold all of them off
        posix_spawnattr_setsigdefault(&attributes, &as_usual);
        posix_spawnattr_setflags(
            &attributes, short(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (apart ? POSIX_SPAWN_SETSID : 0)));
    }
    ~Begin()
    {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    Begin(const Begin &) = delete;
    Begin &operator=(const Begin &) = delete;
};

/// This program's environment with some variables set.
std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>> &more)
{
    std::vector<std::string> out;
    for (char **one = environ; *one; ++one) {
        const std::string variable = *one;
        if (std::none_of(more.begin(), more.end(),
                         [&](const auto &set) { return variable.starts_with(set.first + "="); }))
            out.push_back(variable);
    }
    for (const auto &[name, value] : more)
        out.push_back(name + "=" + value);
    return out;
}

std::vector<char *> pointers_to(std::vector<std::string> &texts)
{
    std::vector<char *> out;
    for (std::string &text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

Descriptor make_wake()
{
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        throw Error("", std::string("no connection can be made: ") + std::strerror(errno));
    return Descriptor(fd);
}

} // namespace

Connection::Connection(int in, int out) : m_in(in), m_out(out), m_wake(make_wake()) { }

Connection::Connection(const Command &command)
    : m_name(command.name), m_wake(make_wake()), m_grace(command.grace), m_apart(command.apart)
{
    if (command.words.empty())
        throw Error("", "there is no command that starts a server");
    std::vector<std::string> words = command.words, environment = environment_with(command.environment);
    if (m_name.empty())
        for (const std::string &word : words)
            m_name += (m_name.empty() ? "" : " ") + word;
    auto [their_in, our_out] = make_pipe();
    auto [our_in, their_out] = make_pipe();
    auto [our_error, their_error] = make_pipe();
    const Begin begin(their_in.get(), their_out.get(), their_error.get(), m_apart);
    const int error = ::posix_spawnp(&m_process, words.front().c_str(), &begin.files, &begin.attributes,
                                     pointers_to(words).data(), pointers_to(environment).data());
    if (error != 0) {
        m_process = -1;
        throw Error(m_name, std::string("cannot be started: ") + std::strerror(error));
    }
    m_in = std::move(our_in);
    m_out = std::move(our_out);
    m_error = std::move(our_error);
}

// First it may end by itself, since its input has; then it is asked to, so that a terminal that it has taken for a
// password is given back; then it is ended.
Connection::~Connection()
{
    m_out.close();
    m_in.close();
    m_error.close();
    if (m_process < 0 || ends_within(m_grace))
        return;
    send_signal(SIGTERM);
    if (ends_within(after_asking))
        return;
    send_signal(SIGKILL);
    ended(0);
}

void Connection::send_signal(int signal) const
{
    ::kill(m_apart ? -m_process : m_process, signal);
}

bool Connection::ends_within(std::chrono::milliseconds time) const
{
    const auto end = Clock::now() + time;
    const timespec pause{0, std::chrono::nanoseconds(look_again).count()};
    while (!ended(WNOHANG)) {
        if (Clock::now() >= end)
            return false;
        ::nanosleep(&pause, nullptr);
    }
    return true;
}

bool Connection::ended(int options) const
{
    pid_t got = 0;
    do
        got = ::waitpid(m_process, nullptr, options);
    while (got < 0 && errno == EINTR);
    return got != 0; // also where somebody else has waited for it
}

void Connection::wake()
{
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(m_wake.get(), &one, sizeof one); // full: it is awake already
}

bool Connection::hear_error()
{
    if (m_error.get() < 0)
        return false;
    if (read_some(m_error.get(), m_said, std::chrono::milliseconds(0)) == Arrived::End)
        m_error.close(); // poll() passes it over then
    m_said.erase(0, m_said.size() - std::min(m_said.size(), most_said));
    return m_error.get() >= 0;
}

std::string Connection::with_last_words(const std::string &cause)
{
    // Somebody else may hold its end, such as a connection that ssh leaves behind for the next one.
    for (const auto end = Clock::now() + last_words; m_error.get() >= 0 && Clock::now() < end;) {
        pollfd one{m_error.get(), POLLIN, 0};
        ::poll(&one, 1, int(last_words.count()));
        hear_error();
    }
    std::vector<std::string> lines{""};
    for (const char c : m_said) {
        if (c == '\n' || c == '\r')
            lines.emplace_back();
        else
            lines.back() += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    std::erase_if(lines, [](const std::string &line) { return trimmed(line).empty(); });
    std::string out = cause;
    for (size_t i = lines.size() - std::min(lines.size(), lines_told); i < lines.size(); ++i)
        out += (out.size() == cause.size() ? ": " : "; ") + std::string(trimmed(lines[i]));
    return out;
}

Arrived Connection::read(std::string &bytes, std::chrono::milliseconds at_most)
{
    for (const auto end = Clock::now() + at_most;;) {
        if (m_broken)
            return Arrived::End;
        pollfd each[]{{m_in.get(), POLLIN, 0}, {m_error.get(), POLLIN, 0}, {m_wake.get(), POLLIN, 0}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (::poll(each, std::size(each), int(std::max<int64_t>(0, left.count()))) <= 0)
            return Arrived::Nothing;
        if (each[1].revents != 0)
            hear_error();
        if (each[0].revents != 0)
            return read_some(m_in.get(), bytes, std::chrono::milliseconds(0));
        if (each[2].revents != 0) {
            uint64_t times = 0;
            [[maybe_unused]] const ssize_t got = ::read(m_wake.get(), &times, sizeof times);
            return Arrived::Nothing;
        }
    }
}

void Connection::write(std::string_view bytes)
{
    if (!m_broken)
        write_all(m_out.get(), bytes, [this] { return m_broken.load(); }); // reading tells that it has ended
}

} // namespace patchbay::remote
