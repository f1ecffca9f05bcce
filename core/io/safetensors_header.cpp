#include "base/error.h"
#include "io/safetensors.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

namespace patchbay {

namespace {

using nlohmann::json;

// What other readers allow too; a real header has some hundred bytes a tensor.
constexpr uint64_t kLargestHeader = 100'000'000;

// JSON keeps the last of two equal keys; here that would hide a tensor.
json parse_json(std::string_view text, const std::string &name)
{
    std::vector<std::set<std::string>> keys;
    std::string twice;
    const auto watch = [&](int, json::parse_event_t event, json &value) {
        if (event == json::parse_event_t::object_start)
            keys.emplace_back();
        else if (event == json::parse_event_t::object_end)
            keys.pop_back();
        else if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
            twice = value.get<std::string>();
        return true;
    };
    json header = json::parse(text, watch, false);
    if (header.is_discarded())
        throw Error(name, "the safetensors header is not valid JSON");
    if (!header.is_object())
        throw Error(name, "the safetensors header is not a JSON object");
    if (!twice.empty())
        throw Error(name, "the safetensors header has \"" + twice + "\" twice");
    return header;
}

bool read_unsigned(const json &value, uint64_t &out)
{
    if (!value.is_number_unsigned())
        return false;
    out = value.get<uint64_t>();
    return true;
}

StoredTensor read_tensor(const json &entry, uint64_t data_start, uint64_t data_size, const std::string &name,
                         const std::string &tensor)
{
    const auto fail = [&](const std::string &cause) { throw Error(name, "tensor " + tensor + " " + cause); };
    const auto part = [&](const char *key) -> const json & {
        if (!entry.is_object() || !entry.contains(key))
            fail(std::string("has no \"") + key + "\" in the header");
        return entry[key];
    };
    StoredTensor out;
    const json &dtype = part("dtype");
    if (!dtype.is_string())
        fail("has a dtype that is not a name");
    const auto known = dtype_from_name(dtype.get_ref<const std::string &>());
    if (!known)
        fail("has the unknown dtype \"" + dtype.get<std::string>() + "\""
             + (dtype.get_ref<const std::string &>().starts_with("F8_")
                    ? ": an FP8 checkpoint, which is quantised; open the one that it was made from"
                    : ""));
    out.dtype = *known;

    const json &shape = part("shape");
    if (!shape.is_array())
        fail("has a shape that is not a list");
    // A product that overflows cannot fit the file either, so the limit is the file's size.
    uint64_t count = 1;
    for (const json &extent : shape) {
        uint64_t value = 0;
        if (!read_unsigned(extent, value))
            fail("has a shape with something else than whole numbers: " + shape.dump());
        if (value > uint64_t(std::numeric_limits<int64_t>::max())
            || (value != 0 && count > std::numeric_limits<uint64_t>::max() / value))
            fail("has an absurd shape: " + shape.dump());
        count *= value;
        out.shape.push_back(static_cast<int64_t>(value));
    }
    const json &offsets = part("data_offsets");
    uint64_t begin = 0, end = 0;
    if (!offsets.is_array() || offsets.size() != 2 || !read_unsigned(offsets[0], begin)
        || !read_unsigned(offsets[1], end))
        fail("has data_offsets that are not two whole numbers");
    if (begin > end || end > data_size)
        fail("has offsets out of range: [" + std::to_string(begin) + ", " + std::to_string(end) + "] in "
             + std::to_string(data_size) + " bytes of data (is the file truncated?)");
    if (count > data_size || count * size_of(out.dtype) != end - begin)
        fail("has " + std::to_string(end - begin) + " bytes, which does not fit its shape " + shape.dump() + " of "
             + patchbay::name(out.dtype));
    out.count = static_cast<int64_t>(count);
    out.begin = data_start + begin;
    out.end = data_start + end;
    return out;
}

void check_layout(const SafetensorsHeader &header, uint64_t data_start, uint64_t file_size, const std::string &name)
{
    std::vector<const std::pair<const std::string, StoredTensor> *> order;
    for (const auto &item : header.tensors)
        order.push_back(&item);
    std::sort(order.begin(), order.end(), [](const auto *a, const auto *b) {
        return std::tie(a->second.begin, a->second.end, a->first) < std::tie(b->second.begin, b->second.end, b->first);
    });
    uint64_t at = data_start;
    const std::string *before = nullptr;
    for (const auto *item : order) {
        if (item->second.begin < at)
            throw Error(name, "tensors " + *before + " and " + item->first + " have overlapping offsets");
        if (item->second.begin > at)
            throw Error(name,
                        std::to_string(item->second.begin - at) + " bytes before tensor " + item->first
                            + " belong to no tensor");
        at = item->second.end;
        before = &item->first;
    }
    if (at != file_size)
        throw Error(name, std::to_string(file_size - at) + " bytes at the end belong to no tensor");
}

} // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> start, uint64_t file_size,
                                           const std::string &name)
{
    uint64_t length = 0;
    if (file_size < sizeof(length) || start.size() < sizeof(length))
        throw Error(name,
                    "is truncated: a safetensors file starts with eight bytes of header length, this one has "
                        + std::to_string(file_size) + " bytes");
    std::memcpy(&length, start.data(), sizeof(length));
    if (length > file_size - sizeof(length))
        throw Error(name,
                    "the safetensors header claims " + std::to_string(length) + " bytes, more than the file has ("
                        + std::to_string(file_size) + "); is it truncated, or not a safetensors file?");
    if (length > kLargestHeader)
        throw Error(name,
                    "the safetensors header claims " + std::to_string(length)
                        + " bytes; more than 100 MB is not accepted");
    if (start.size() - sizeof(length) < length)
        throw Error(name, "the safetensors header is truncated");
    const std::string_view text(reinterpret_cast<const char *>(start.data()) + sizeof(length), length);
    const json header = parse_json(text, name);

    const uint64_t data_start = sizeof(length) + length;
    SafetensorsHeader out;
    for (const auto &[key, entry] : header.items()) {
        if (key == "__metadata__") {
            if (!entry.is_object())
                throw Error(name, "__metadata__ is not a JSON object");
            for (const auto &[k, v] : entry.items()) {
                if (!v.is_string())
                    throw Error(name, "__metadata__ has a value that is not a string, at \"" + k + "\"");
                out.metadata.emplace(k, v.get<std::string>());
            }
            continue;
        }
        out.tensors.emplace(key, read_tensor(entry, data_start, file_size - data_start, name, key));
    }
    check_layout(out, data_start, file_size, name);
    return out;
}

} // namespace patchbay
