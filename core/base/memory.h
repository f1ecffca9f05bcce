// Running out of memory, in the forms in which libraries say so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>

namespace patchbay {

/// What a user is told.
inline constexpr const char not_enough_memory[] =
    "not enough memory; fewer prompts, a smaller --memory-budget or --threads 1 need less";

/// Whether an exception of core means that memory ran out: std::bad_alloc, LibTorch's own error of its allocator, a
/// thread that could not start.
bool means_out_of_memory(const std::exception &error);

/// Throws std::bad_alloc where the system would not give this many bytes more of address space: for libraries that end
/// the program, or try for ever, where they get none.
void need_memory(size_t bytes);

/// Bytes of memory that this machine, or this process's control group, has.
uint64_t usable_memory();

/// What a computation may take unless it is told: a quarter of usable_memory(), at least 1 GiB.
size_t default_memory_budget();

} // namespace patchbay
