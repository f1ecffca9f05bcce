#include "base/memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <new>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace patchbay {

bool means_out_of_memory(const std::exception &error)
{
    if (dynamic_cast<const std::bad_alloc *>(&error))
        return true;
    if (const auto *system = dynamic_cast<const std::system_error *>(&error))
        return system->code() == std::errc::not_enough_memory
            || system->code() == std::errc::resource_unavailable_try_again;
    return std::strstr(error.what(), "DefaultCPUAllocator") || std::strstr(error.what(), "std::bad_alloc");
}

void need_memory(size_t bytes)
{
    void *const place =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        throw std::bad_alloc();
    ::munmap(place, bytes);
}

namespace {

// The smallest memory limit of this process's control group and those around it; the largest number where there is
// none.
uint64_t memory_limit()
{
    uint64_t limit = std::numeric_limits<uint64_t>::max();
    std::ifstream groups("/proc/self/cgroup");
    std::filesystem::path group;
    for (std::string line; std::getline(groups, line);)
        if (line.rfind("0::", 0) == 0)
            group = "/sys/fs/cgroup" + line.substr(3);
    for (; group.has_relative_path() && group != "/sys/fs"; group = group.parent_path()) {
        std::ifstream file(group / "memory.max");
        if (uint64_t here = 0; file >> here) // "max" is no number
            limit = std::min(limit, here);
    }
    return limit;
}

} // namespace

uint64_t usable_memory()
{
    const uint64_t pages = uint64_t(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    return std::min(pages * uint64_t(std::max(0L, ::sysconf(_SC_PAGESIZE))), memory_limit());
}

size_t default_memory_budget()
{
    return std::max(size_t(usable_memory() / 4), size_t(1) << 30);
}

} // namespace patchbay
