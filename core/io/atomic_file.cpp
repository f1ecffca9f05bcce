#include "io/atomic_file.h"

#include "base/error.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace patchbay {

namespace {

const std::string temporary_mark = ".part-"; // the process and a number follow

} // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : m_path(std::move(path))
{
    // A link stays a link: what it points to is replaced.
    std::error_code ignored;
    if (std::filesystem::is_symlink(m_path, ignored))
        if (auto target = std::filesystem::weakly_canonical(m_path, ignored); !ignored)
            m_path = std::move(target);
    if (std::filesystem::is_directory(m_path, ignored))
        throw Error(m_path.string(), "is a folder; give a file name");
    // Renaming over a device or pipe would take it away.
    if (std::filesystem::exists(m_path, ignored) && !std::filesystem::is_regular_file(m_path, ignored))
        throw Error(m_path.string(), "is a device or pipe, not a file that can be replaced");
    const std::filesystem::path folder = m_path.parent_path();
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
        throw Error(m_path.string(), "the folder " + folder.string() + " does not exist");
    static std::atomic<unsigned> counter = 0;
    m_temporary = m_path;
    m_temporary += temporary_mark + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    m_fd = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (m_fd < 0)
        throw Error(m_path.string(), std::string("cannot be written: ") + std::strerror(errno));
}

bool is_cut_off(const std::filesystem::path &file)
{
    const std::string name = file.filename().string();
    const size_t at = name.rfind(temporary_mark);
    return at != std::string::npos && at > 0
        && name.find_first_not_of("-0123456789", at + temporary_mark.size()) == std::string::npos;
}

AtomicFile::~AtomicFile()
{
    if (m_fd >= 0)
        ::close(m_fd);
    if (!m_temporary.empty())
        ::unlink(m_temporary.c_str());
}

void AtomicFile::fail(const char *doing) const
{
    throw Error(m_path.string(), std::string("cannot be ") + doing + ": " + std::strerror(errno));
}

void AtomicFile::write(const void *bytes, size_t count)
{
    const char *at = static_cast<const char *>(bytes);
    while (count > 0) {
        const ssize_t written = ::write(m_fd, at, count);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            fail("written");
        }
        at += written;
        count -= static_cast<size_t>(written);
    }
}

void AtomicFile::commit()
{
    // Without this a crash of the machine could leave the new name with no contents.
    if (::fsync(m_fd) != 0 && errno != EINVAL && errno != EROFS)
        fail("written");
    const int fd = m_fd;
    m_fd = -1;
    if (::close(fd) != 0)
        fail("written");
    struct stat earlier { };
    if (::stat(m_path.c_str(), &earlier) == 0)
        ::chmod(m_temporary.c_str(), earlier.st_mode & 07777);
    if (::rename(m_temporary.c_str(), m_path.c_str()) != 0)
        fail("replaced");
    m_temporary.clear();
}

} // namespace patchbay
