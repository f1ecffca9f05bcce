// A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>

namespace patchbay {

/// Writes to a temporary file in the same folder; commit() renames it onto path. Without commit() (an error, a
/// cancellation) the temporary file is removed and an earlier file stays as it was. All members throw Error naming path
/// and the system's reason.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path path);
    ~AtomicFile();
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;

    void write(const void *bytes, size_t count);
    void commit();
    const std::filesystem::path &temporary() const { return m_temporary; }

private:
    [[noreturn]] void fail(const char *doing) const;
    std::filesystem::path m_path, m_temporary;
    int m_fd = -1;
};

/// Whether a file has the name of a temporary one of these: a process that was killed leaves it behind.
bool is_cut_off(const std::filesystem::path &file);

} // namespace patchbay
