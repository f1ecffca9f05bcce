#include "io/array_files.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "io/atomic_file.h"
#include "io/formats.h"
#include "io/git_lfs.h"
#include "io/mapped_file.h"
#include "io/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace patchbay {

namespace {

std::string extension(const std::filesystem::path &path)
{
    return lower_case(path.extension().string());
}

void check_counts(const std::filesystem::path &path, const ArrayMap &arrays)
{
    for (const auto &[key, array] : arrays) {
        const size_t held = std::visit([](const auto &values) { return values.size(); }, array.values);
        if (array.count() < 0 || held != static_cast<size_t>(array.count()))
            throw Error(path.string(),
                        "array " + key + " holds " + std::to_string(held) + " values, its shape needs "
                            + std::to_string(array.count()));
    }
}

} // namespace

void write_arrays(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata)
{
    check_counts(path, arrays);
    const std::string kind = extension(path);
    if (kind == ".safetensors")
        write_safetensors(path, arrays, metadata);
    else if (kind == ".npz")
        write_npz(path, arrays, metadata);
    else if (kind == ".json")
        write_json_arrays(path, arrays, metadata);
    else if (kind == ".csv")
        write_csv(path, arrays, metadata);
    else
        throw Error(path.string(), "unknown extension \"" + kind + "\"; write .safetensors, .npz, .json or .csv");
}

ArrayFile read_arrays(const std::filesystem::path &path)
{
    const std::string kind = extension(path);
    if (kind == ".safetensors")
        return read_safetensors(path);
    if (kind == ".npz")
        return read_npz(path);
    if (kind == ".json")
        return read_json_arrays(path);
    throw Error(path.string(), "unknown extension \"" + kind + "\"; arrays are read from .safetensors, .npz and .json");
}

FileMetadata read_metadata(const std::filesystem::path &path)
{
    if (extension(path) != ".safetensors")
        return read_arrays(path).metadata;
    const MappedFile file(path);
    return parse_safetensors_header({file.data(), size_t(file.size())}, file.size(), path.string()).metadata;
}

void write_file(const std::filesystem::path &path, const std::string &bytes)
{
    AtomicFile file(path);
    file.write(bytes.data(), bytes.size());
    file.commit();
}

void make_folder(const std::filesystem::path &folder)
{
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        throw Error(folder.string(), "cannot be created: " + failed.message());
}

std::string read_file(const std::filesystem::path &path)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        throw Error(path.string(), "is a folder, not a file");
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw Error(path.string(), std::string("cannot be opened: ") + std::strerror(errno));
    std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (in.bad())
        throw Error(path.string(), "cannot be read");
    refuse_git_lfs_pointer(bytes, path);
    return bytes;
}

} // namespace patchbay
