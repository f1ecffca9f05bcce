// The safetensors format: eight bytes of header length, a JSON header, the tensors' bytes.
#pragma once

#include "base/array.h"
#include "io/array_files.h"
#include "io/dtype.h"

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace patchbay {

struct StoredTensor {
    DType dtype = DType::F32;
    std::vector<int64_t> shape;
    uint64_t begin = 0, end = 0; ///< bytes in the file, from its start
    int64_t count = 0;           ///< elements
};

struct SafetensorsHeader {
    std::map<std::string, StoredTensor> tensors;
    FileMetadata metadata;
};

/// Reads and checks the header. start: at least the first 8 bytes and the header of a file of file_size bytes (the
/// whole file does). Every size is checked against file_size before it is used. Throws Error with the subject name:
/// truncated file, header longer than the file, not JSON, unknown dtype, negative or absurd shape, offsets out of
/// range, overlapping, with gaps, or disagreeing with the shape.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> start, uint64_t file_size,
                                           const std::string &name);

/// A tensor as it lies in a file.
struct TensorBytes {
    DType dtype = DType::F32;
    std::vector<int64_t> shape;
    std::string bytes;
};
/// A whole file of tensors in the order of their names, of any number format.
std::string safetensors_bytes(const std::map<std::string, TensorBytes> &tensors, const FileMetadata &metadata);
/// The bytes that write_safetensors would write.
std::string safetensors_bytes(const ArrayMap &arrays, const FileMetadata &metadata);

void write_safetensors(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata);
ArrayFile read_safetensors(const std::filesystem::path &path);
/// The same from memory; name: for errors.
ArrayFile parse_safetensors(std::span<const std::byte> bytes, const std::string &name);

} // namespace patchbay
