// Zip files, read and written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
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

/// A zip file that is being written: the same entries give the same bytes. There is no file, or the one from before,
/// until commit(). All throw Error naming the file.
class ZipWriter {
public:
    explicit ZipWriter(const std::filesystem::path &path);
    ~ZipWriter();
    /// An entry of these parts one after the other; they must live until commit().
    void add(const std::string &entry, const std::vector<std::string_view> &parts, bool compress);
    void commit();

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

} // namespace patchbay
