#include "io/zip_archive.h"

#include "base/error.h"

#include <zip.h>

#include <algorithm>

namespace patchbay {

ZipArchive::ZipArchive(const std::filesystem::path &path) : m_path(path)
{
    int code = 0;
    zip_t *zip = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (!zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string cause = zip_error_strerror(&error);
        zip_error_fini(&error);
        throw Error(path.string(), "cannot be read as a zip file: " + cause);
    }
    m_zip = zip;
    const zip_int64_t count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t status;
        constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
        if (zip_stat_index(zip, static_cast<zip_uint64_t>(i), 0, &status) != 0 || (status.valid & kNeeded) != kNeeded) {
            zip_discard(zip);
            throw Error(path.string(), "the zip file's list of contents is damaged");
        }
        m_entries.push_back({status.name, static_cast<uint64_t>(i), status.size, status.comp_size, status.comp_method == ZIP_CM_STORE});
    }
}

ZipArchive::~ZipArchive()
{
    zip_discard(static_cast<zip_t *>(m_zip));
}

ZipArchive::Reader::Reader(const ZipArchive &archive, const Entry &entry) : m_archive(archive), m_entry(entry), m_left(entry.size)
{
    m_file = zip_fopen_index(static_cast<zip_t *>(archive.m_zip), entry.index, 0);
    if (!m_file)
        throw Error(archive.m_path.string(), entry.name + " in it cannot be read: " + zip_strerror(static_cast<zip_t *>(archive.m_zip)));
}

ZipArchive::Reader::~Reader()
{
    zip_fclose(static_cast<zip_file_t *>(m_file));
}

size_t ZipArchive::Reader::next(char *to, size_t count)
{
    count = static_cast<size_t>(std::min<uint64_t>(count, m_left));
    if (count == 0)
        return 0;
    const zip_int64_t got = zip_fread(static_cast<zip_file_t *>(m_file), to, count);
    if (got <= 0)
        throw Error(m_archive.m_path.string(), m_entry.name + " in it is damaged or truncated");
    m_left -= static_cast<uint64_t>(got);
    return static_cast<size_t>(got);
}

std::string ZipArchive::read(const Entry &entry) const
{
    // Deflate cannot shrink by more than a factor of 1032.
    if (entry.size / 1100 > entry.packed)
        throw Error(m_path.string(), entry.name + " in it claims an absurd size of " + std::to_string(entry.size) + " bytes");
    std::string bytes(entry.size, '\0');
    Reader reader(*this, entry);
    for (size_t at = 0; at < bytes.size();)
        at += reader.next(bytes.data() + at, bytes.size() - at);
    return bytes;
}

} // namespace patchbay
