// What all fuzz targets share: a file for readers that want one, and the rule that a reader throws Error or nothing.
#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

namespace patchbay::fuzz {

/// A file in memory with these bytes and this extension; gone with the object.
class ScratchFile {
public:
    ScratchFile(std::string_view bytes, const std::string &extension)
        : m_path(folder() / ("patchbay-fuzz-" + std::to_string(getpid()) + extension))
    {
        std::ofstream(m_path, std::ios::binary) << bytes;
    }
    ~ScratchFile()
    {
        std::error_code ignored;
        std::filesystem::remove(m_path, ignored);
    }
    ScratchFile(const ScratchFile &) = delete;
    ScratchFile &operator=(const ScratchFile &) = delete;
    const std::filesystem::path &path() const { return m_path; }

private:
    static std::filesystem::path folder()
    {
        return std::filesystem::is_directory("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                         : std::filesystem::temp_directory_path();
    }

    std::filesystem::path m_path;
};

inline std::string_view text(const uint8_t *data, size_t size)
{
    return {reinterpret_cast<const char *>(data), size};
}

/// Runs a reader. Error is how it refuses; anything else that it throws ends the program, which is the finding.
template <typename Reader>
void refuse_or_read(Reader reader)
{
    try {
        reader();
    } catch (const Error &) {
    }
}

} // namespace patchbay::fuzz
