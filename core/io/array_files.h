// Named arrays in files: safetensors, npz, json and csv.
#pragma once

#include "base/array.h"

#include <filesystem>
#include <map>
#include <string>

namespace patchbay {

/// Strings kept with the arrays: safetensors' __metadata__, "metadata.json" in an npz, "metadata" in JSON, "# key:
/// value" lines in CSV.
using FileMetadata = std::map<std::string, std::string>;

/// Writes by extension: .safetensors, .npz, .json, or .csv (2-D float arrays only, one block an array).
/// The same arrays give the same bytes. The file appears whole or not at all (a temporary file beside it is renamed),
/// so an earlier file stays as it was when writing fails. Throws Error naming the file and the reason (unknown
/// extension, folder missing, not writable, disk full).
void write_arrays(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata = {});

struct ArrayFile {
    ArrayMap arrays;
    FileMetadata metadata;
};
/// Reads .safetensors (F32, F16, BF16, F64 become float32; integers int64), .npz and .json written by write_arrays.
/// Throws Error.
ArrayFile read_arrays(const std::filesystem::path &path);
/// The metadata alone; of safetensors nothing but the header is read. Throws Error.
FileMetadata read_metadata(const std::filesystem::path &path);

/// Writes text or bytes whole or not at all, as write_arrays does. Throws Error naming the file.
void write_file(const std::filesystem::path &path, const std::string &bytes);
/// With those above it, unless it is there. Throws Error naming it.
void make_folder(const std::filesystem::path &folder);
/// Reads a whole file. Throws Error naming the file.
std::string read_file(const std::filesystem::path &path);

} // namespace patchbay
