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

void write_safetensors(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata)
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

    AtomicFile file(path);
    file.write(&length, sizeof(length));
    file.write(text.data(), text.size());
    for (const auto *item : order)
        std::visit([&](const auto &values) { file.write(values.data(), bytes_of(item->second)); }, item->second.values);
    file.commit();
}

ArrayFile read_safetensors(const std::filesystem::path &path)
{
    const MappedFile file(path);
    SafetensorsHeader header = parse_safetensors_header({file.data(), file.size()}, file.size(), path.string());
    ArrayFile out;
    out.metadata = std::move(header.metadata);
    for (const auto &[tensor, stored] : header.tensors) {
        Array array{stored.shape, {}};
        const size_t count = static_cast<size_t>(stored.count);
        if (is_floating(stored.dtype)) {
            std::vector<float> values(count);
            convert_to_float(stored.dtype, file.data() + stored.begin, count, values.data());
            array.values = std::move(values);
        } else {
            std::vector<int64_t> values(count);
            convert_to_int(stored.dtype, file.data() + stored.begin, count, values.data());
            array.values = std::move(values);
        }
        file.release(stored.begin, stored.end);
        out.arrays.emplace(tensor, std::move(array));
    }
    return out;
}

} // namespace patchbay
