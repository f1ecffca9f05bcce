#include "tensor_bytes.h"

#include <c10/core/Allocator.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace patchbay::testing {

namespace {

constexpr size_t alignment = 64;
std::atomic<size_t> now = 0, most = 0;

// The size stands before the bytes.
void give_back(void *bytes)
{
    if (!bytes)
        return;
    char *const start = static_cast<char *>(bytes) - alignment;
    now -= *reinterpret_cast<size_t *>(start);
    std::free(start);
}

struct Counting : c10::Allocator {
    c10::DataPtr allocate(size_t count) const override
    {
        void *start = nullptr;
        if (posix_memalign(&start, alignment, count + alignment) != 0)
            throw std::bad_alloc();
        *static_cast<size_t *>(start) = count;
        const size_t here = now += count;
        for (size_t before = most; before < here && !most.compare_exchange_weak(before, here);) {
        }
        void *const bytes = static_cast<char *>(start) + alignment;
        return {bytes, bytes, &give_back, c10::Device(c10::DeviceType::CPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
};

} // namespace

void count_tensor_bytes()
{
    static Counting counting;
    c10::SetAllocator(c10::DeviceType::CPU, &counting, 255);
}

size_t tensor_bytes()
{
    return now;
}

size_t peak_tensor_bytes()
{
    return most;
}

void begin_peak()
{
    most = now.load();
}

} // namespace patchbay::testing
