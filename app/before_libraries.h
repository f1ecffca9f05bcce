// What a program settles before the libraries that it is linked with start. Include in the file that has main().
#pragma once

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace patchbay {

inline const char *name_of_program = "patchbay";

/// For what cannot be caught: a library that throws while it loads, or in a thread of its own. Says what main() would
/// say. Nothing here allocates.
[[noreturn]] inline void end_without_memory()
{
    const auto say = [](const char *text) {
        if (::write(STDERR_FILENO, text, std::strlen(text)) < 0)
            ::_exit(1);
    };
    say(name_of_program);
    say(": not enough memory\n");
    ::_exit(1);
}

inline void on_terminate()
{
    try {
        if (std::current_exception())
            std::rethrow_exception(std::current_exception());
    } catch (const std::bad_alloc &) {
        end_without_memory();
    } catch (const std::exception &error) {
        if (::write(STDERR_FILENO, error.what(), std::strlen(error.what())) < 0 || ::write(STDERR_FILENO, "\n", 1) < 0)
            std::abort();
    } catch (...) {
    }
    std::abort();
}

inline void before_libraries(int argc, char **argv, char **)
{
    if (argc > 0)
        name_of_program = std::strrchr(argv[0], '/') ? std::strrchr(argv[0], '/') + 1 : argv[0];
    std::set_terminate(on_terminate);
    // OpenMP's threads spin for several milliseconds at the end of every parallel loop. On a machine with other work
    // (this program's own window, too) they take the processor from the thread that they wait for: with one other busy
    // program a sweep of the demo model then takes ten times as long. A short spin still covers the gaps between the
    // engine's loops. What the user has set stays.
    if (!std::getenv("OMP_WAIT_POLICY") && !std::getenv("GOMP_SPINCOUNT"))
        ::setenv("GOMP_SPINCOUNT", "5000", 0);
    // LibTorch is linked with OpenBLAS, whose threads are a second pool and spin as well. The engine multiplies without
    // it.
    ::setenv("OPENBLAS_NUM_THREADS", "1", 0);
    // Where OpenBLAS gets no memory while it loads, it tries again for ever. LibTorch's constructors need some, too.
    constexpr size_t needed = size_t(160) << 20;
    void *const place =
        ::mmap(nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        end_without_memory();
    ::munmap(place, needed);
}

#if defined(__linux__) && defined(__GNUC__)
// libgomp and OpenBLAS read their variables while they load, before main() and before any other constructor of the
// program.
__attribute__((section(".preinit_array"), used)) //
static void (*const before_libraries_entry)(int, char **, char **) = before_libraries;
#endif

} // namespace patchbay
