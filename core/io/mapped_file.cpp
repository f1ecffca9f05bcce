#include "io/mapped_file.h"

#include "base/error.h"
#include "io/git_lfs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace patchbay {

MappedFile::MappedFile(const std::filesystem::path &path) : m_path(path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        throw Error(path.string(), std::string("cannot be opened: ") + std::strerror(errno));
    struct stat status { };
    const bool known = ::fstat(fd, &status) == 0;
    if (!known || !S_ISREG(status.st_mode) || status.st_size == 0) {
        ::close(fd);
        throw Error(path.string(), known && S_ISREG(status.st_mode) ? "the file is empty" : "is not a plain file");
    }
    m_size = static_cast<uint64_t>(status.st_size);
    void *mapped = ::mmap(nullptr, m_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const int error = errno;
    ::close(fd);
    if (mapped == MAP_FAILED && error == ENOMEM)
        throw std::bad_alloc();
    if (mapped == MAP_FAILED)
        throw Error(path.string(), std::string("cannot be mapped into memory: ") + std::strerror(error));
    m_data = static_cast<const std::byte *>(mapped);
    try {
        refuse_git_lfs_pointer({static_cast<const char *>(mapped), size_t(std::min<uint64_t>(m_size, 100))}, path);
    } catch (...) {
        ::munmap(mapped, m_size);
        throw;
    }
}

MappedFile::~MappedFile()
{
    ::munmap(const_cast<std::byte *>(m_data), m_size);
}

void MappedFile::release(uint64_t begin, uint64_t end) const
{
    const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end && end <= m_size)
        ::madvise(const_cast<std::byte *>(m_data) + begin, end - begin, MADV_DONTNEED);
}

} // namespace patchbay
