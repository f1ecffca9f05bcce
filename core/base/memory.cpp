#include "base/memory.h"

#include <cstring>
#include <new>
#include <sys/mman.h>
#include <system_error>

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

} // namespace patchbay
