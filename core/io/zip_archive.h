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
    /// The entry's bytes in order, in pieces of at most chunk bytes.
    template<class Function> void stream(const Entry &entry, size_t chunk, Function &&function) const
    {
        Reader reader(*this, entry);
        std::string buffer(chunk, '\0');
        while (const size_t got = reader.next(buffer.data(), buffer.size()))
            function(buffer.data(), got);
    }

private:
    class Reader {
    public:
        Reader(const ZipArchive &archive, const Entry &entry);
        ~Reader();
        size_t next(char *to, size_t count);

    private:
        const ZipArchive &m_archive;
        const Entry &m_entry;
        void *m_file = nullptr;
        uint64_t m_left = 0;
    };
    std::filesystem::path m_path;
    void *m_zip = nullptr;
    std::vector<Entry> m_entries;
};

} // namespace patchbay
