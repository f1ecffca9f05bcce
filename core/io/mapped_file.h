// A file mapped into memory for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace patchbay {

/// Pages are read when touched. Throws Error naming the file when it cannot be opened, is not a plain file or is empty.
class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path &path);
    ~MappedFile();
    MappedFile(const MappedFile &) = delete;
    MappedFile &operator=(const MappedFile &) = delete;

    const std::byte *data() const { return m_data; }
    uint64_t size() const { return m_size; }
    const std::filesystem::path &path() const { return m_path; }
    /// Lets go of the whole pages inside [begin, end): they no longer count as this process's memory, and are read
    /// again when touched.
    void release(uint64_t begin, uint64_t end) const;

private:
    std::filesystem::path m_path;
    const std::byte *m_data = nullptr;
    uint64_t m_size = 0;
};

} // namespace patchbay
