// A zip file opened for reading.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace patchbay {

class ZipArchive {
public:
    struct Entry {
        std::string name;
        uint64_t index = 0;
        uint64_t size = 0;   ///< uncompressed, as the file claims
        uint64_t packed = 0; ///< bytes in the file
        bool stored = false; ///< not compressed
    };
    /// Throws Error naming the file.
    explicit ZipArchive(const std::filesystem::path &path);
    ~ZipArchive();

    const std::vector<Entry> &entries() const { return m_entries; }
    /// The whole entry. Sizes that no compression reaches are refused before memory is taken. Throws Error.
    std::string read(const Entry &entry) const;

    /// The bytes of one entry from front to back. The archive must outlive it.
    class Stream {
    public:
        /// Throws Error when the entry claims a size that no compression reaches.
        Stream(const ZipArchive &archive, const Entry &entry);
        ~Stream();
        Stream(const Stream &) = delete;
        Stream &operator=(const Stream &) = delete;
        uint64_t position() const { return m_position; }
        /// Exactly count bytes. Throws Error when the entry ends before.
        void read(void *to, size_t count);

    private:
        const ZipArchive &m_archive;
        std::string m_name;
        uint64_t m_size = 0, m_position = 0;
        void *m_file = nullptr;
    };

private:
    std::filesystem::path m_path;
    void *m_zip = nullptr;
    std::vector<Entry> m_entries;
};

/// A zip file of one compressed entry. The same bytes give the same file. Throws Error naming it.
void write_zip(const std::filesystem::path &path, const std::string &entry, const std::string &bytes);

} // namespace patchbay
