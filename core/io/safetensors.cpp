#include "io/safetensors.h"

#include "base/error.h"
#include "io/atomic_file.h"
#include "io/mapped_file.h"

#include <nlohmann/json.hpp>

namespace patchbay {

namespace {

size_t bytes_of(const Array &array)
{
    return static_cast<size_t>(array.count()) * (array.is_float() ? sizeof(float) : sizeof(int64_t));
}

std::string header_text(const nlohmann::ordered_json &header)
{
    std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
}

} // namespace

std::string safetensors_bytes(const std::map<std::string, TensorBytes> &tensors, const FileMetadata &metadata)
{
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    uint64_t at = 0;
    for (const auto &[name, tensor] : tensors) {
        const uint64_t end = at + tensor.bytes.size();
        header[name] = {{"dtype", patchbay::name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text = header_text(header);
    const uint64_t length = text.size();
    std::string file(reinterpret_cast<const char *>(&length), sizeof(length)); // little-endian: dtype.cpp asserts it
    file += text;
    for (const auto &[name, tensor] : tensors)
        file += tensor.bytes;
    return file;
}

namespace {

/// write(bytes, count) gets the file from its first byte to its last.
template <class Write>
void put_arrays(const ArrayMap &arrays, const FileMetadata &metadata, Write &&write)
{
    // The eight-byte numbers come first, so that everything lies at a multiple of its size.
    std::vector<const std::pair<const std::string, Array> *> order;
    for (const bool floats : {false, true})
        for (const auto &item : arrays)
            if (item.second.is_float() == floats)
                order.push_back(&item);
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    uint64_t at = 0;
    for (const auto *item : order) {
        const uint64_t end = at + bytes_of(item->second);
        header[item->first] = {{"dtype", item->second.is_float() ? "F32" : "I64"},
                               {"shape", item->second.shape},
                               {"data_offsets", {at, end}}};
        at = end;
    }
    const std::string text = header_text(header);
    const uint64_t length = text.size();
    write(&length, sizeof(length));
    write(text.data(), text.size());
    for (const auto *item : order)
        std::visit([&](const auto &values) { write(values.data(), bytes_of(item->second)); }, item->second.values);
}

/// done(begin, end) is told of the bytes that are not needed any more.
template <class Done>
ArrayFile take_arrays(std::span<const std::byte> bytes, const std::string &name, Done &&done)
{
    SafetensorsHeader header = parse_safetensors_header(bytes, bytes.size(), name);
    ArrayFile out;
    out.metadata = std::move(header.metadata);
    for (const auto &[tensor, stored] : header.tensors) {
        Array array{stored.shape, {}};
        const size_t count = static_cast<size_t>(stored.count);
        if (is_floating(stored.dtype)) {
            std::vector<float> values(count);
            convert_to_float(stored.dtype, bytes.data() + stored.begin, count, values.data());
            array.values = std::move(values);
        } else {
            std::vector<int64_t> values(count);
            convert_to_int(stored.dtype, bytes.data() + stored.begin, count, values.data());
            array.values = std::move(values);
        }
        done(stored.begin, stored.end);
        out.arrays.emplace(tensor, std::move(array));
    }
    return out;
}

} // namespace

void write_safetensors(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata)
{
    AtomicFile file(path);
    put_arrays(arrays, metadata, [&file](const void *bytes, size_t count) { file.write(bytes, count); });
    file.commit();
}

std::string safetensors_bytes(const ArrayMap &arrays, const FileMetadata &metadata)
{
    std::string out;
    put_arrays(arrays, metadata, [&out](const void *bytes, size_t count) {
        if (count > 0)
            out.append(static_cast<const char *>(bytes), count);
    });
    return out;
}

ArrayFile read_safetensors(const std::filesystem::path &path)
{
    const MappedFile file(path);
    return take_arrays({file.data(), file.size()}, path.string(),
                       [&file](uint64_t begin, uint64_t end) { file.release(begin, end); });
}

ArrayFile parse_safetensors(std::span<const std::byte> bytes, const std::string &name)
{
    return take_arrays(bytes, name, [](uint64_t, uint64_t) {});
}

} // namespace patchbay
