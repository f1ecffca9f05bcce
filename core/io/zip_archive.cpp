#include "io/zip_archive.h"

#include "base/error.h"
#include "io/atomic_file.h"
#include "io/git_lfs.h"

#include <fstream>
#include <memory>

#include <zip.h>

namespace patchbay {

ZipArchive::ZipArchive(const std::filesystem::path &path) : m_path(path)
{
    int code = 0;
    zip_t *zip = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (!zip) {
        char start[100] = {};
        std::ifstream(path, std::ios::binary).read(start, sizeof(start) - 1);
        refuse_git_lfs_pointer(start, path);
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string cause = zip_error_strerror(&error);
        zip_error_fini(&error);
        throw Error(path.string(), "cannot be read as a zip file: " + cause);
    }
    m_zip = zip;
    std::error_code ignored;
    const uint64_t file_size = std::filesystem::file_size(path, ignored);
    const zip_int64_t count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t status;
        constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
        if (zip_stat_index(zip, static_cast<zip_uint64_t>(i), 0, &status) != 0 || (status.valid & kNeeded) != kNeeded
            || status.comp_size > file_size) {
            zip_discard(zip);
            throw Error(path.string(), "the zip file's list of contents is damaged");
        }
        m_entries.push_back(
            {status.name, static_cast<uint64_t>(i), status.size, status.comp_size, status.comp_method == ZIP_CM_STORE});
    }
}

ZipArchive::~ZipArchive()
{
    zip_discard(static_cast<zip_t *>(m_zip));
}

ZipArchive::Stream::Stream(const ZipArchive &archive, const Entry &entry)
    : m_archive(archive), m_name(entry.name), m_size(entry.size)
{
    // Deflate cannot shrink by more than a factor of 1032.
    if (entry.size / 1100 > entry.packed)
        throw Error(archive.m_path.string(),
                    m_name + " in it claims an absurd size of " + std::to_string(entry.size) + " bytes");
    m_file = zip_fopen_index(static_cast<zip_t *>(archive.m_zip), entry.index, 0);
    if (!m_file)
        throw Error(archive.m_path.string(),
                    m_name + " in it cannot be read: " + zip_strerror(static_cast<zip_t *>(archive.m_zip)));
}

ZipArchive::Stream::~Stream()
{
    zip_fclose(static_cast<zip_file_t *>(m_file));
}

void ZipArchive::Stream::read(void *to, size_t count)
{
    if (count > m_size - m_position)
        throw Error(m_archive.m_path.string(), m_name + " in it is shorter than expected");
    char *at = static_cast<char *>(to);
    while (count > 0) {
        const zip_int64_t got = zip_fread(static_cast<zip_file_t *>(m_file), at, count);
        if (got <= 0)
            throw Error(m_archive.m_path.string(), m_name + " in it is damaged or truncated");
        at += got;
        count -= static_cast<size_t>(got);
        m_position += static_cast<uint64_t>(got);
    }
}

std::string ZipArchive::read(const Entry &entry) const
{
    Stream stream(*this, entry);
    std::string bytes(entry.size, '\0');
    stream.read(bytes.data(), bytes.size());
    return bytes;
}

struct ZipWriter::Impl {
    explicit Impl(const std::filesystem::path &where) : path(where), file(where) { }
    ~Impl()
    {
        if (zip)
            zip_discard(zip);
    }
    [[noreturn]] void fail(const std::string &cause) const
    {
        throw Error(path.string(), "cannot be written: " + cause);
    }

    std::filesystem::path path;
    AtomicFile file;
    zip_t *zip = nullptr;
};

ZipWriter::ZipWriter(const std::filesystem::path &path) : m(std::make_unique<Impl>(path))
{
    int code = 0;
    m->zip = zip_open(m->file.temporary().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!m->zip)
        m->fail("zip error " + std::to_string(code));
}

ZipWriter::~ZipWriter() = default;

void ZipWriter::add(const std::string &entry, const std::vector<std::string_view> &parts, bool compress)
{
    std::vector<zip_buffer_fragment_t> fragments; // libzip copies where they are, not what they hold
    for (const std::string_view part : parts)
        if (!part.empty())
            fragments.push_back({reinterpret_cast<zip_uint8_t *>(const_cast<char *>(part.data())), part.size()});
    zip_source_t *source = zip_source_buffer_fragment(m->zip, fragments.data(), fragments.size(), 0);
    if (!source)
        m->fail(zip_strerror(m->zip));
    const zip_int64_t index = zip_file_add(m->zip, entry.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        m->fail(zip_strerror(m->zip));
    }
    const auto at = static_cast<zip_uint64_t>(index);
    // The first moment that a zip file can name.
    if (zip_set_file_compression(m->zip, at, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, compress ? 9 : 0) != 0
        || zip_file_set_dostime(m->zip, at, 0, 0x21, 0) != 0)
        m->fail(zip_strerror(m->zip));
}

void ZipWriter::commit()
{
    if (zip_close(m->zip) != 0)
        m->fail(zip_strerror(m->zip));
    m->zip = nullptr;
    m->file.commit();
}

} // namespace patchbay
