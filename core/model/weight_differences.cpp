#include "model/weight_differences.h"

#include "base/error.h"
#include "io/dtype.h"
#include "io/safetensors.h"
#include "io/zip_archive.h"
#include "model/detail/differences.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace patchbay {

namespace {

constexpr const char *entry_name = "differences.safetensors", *steps_ending = ".step", *sha256_key = "base_sha256";
constexpr int most_counts = 127;

template <class T>
std::string bytes_of(const std::vector<T> &values)
{
    return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}

/// The step of a row, and how many of them each of its differences is.
float count_row(std::span<const float> base, std::span<const float> weights, double precision, int8_t *counts)
{
    double largest = 0, squares = 0;
    for (size_t i = 0; i < base.size(); ++i) {
        largest = std::max(largest, std::abs(double(weights[i]) - double(base[i])));
        squares += double(base[i]) * double(base[i]);
    }
    const float step =
        float(std::max(precision * std::sqrt(squares / double(base.size())), largest / double(most_counts)));
    for (size_t i = 0; i < base.size(); ++i)
        counts[i] = step > 0 ? int8_t(std::clamp(std::round((double(weights[i]) - double(base[i])) / double(step)),
                                                 -double(most_counts), double(most_counts)))
                             : int8_t(0);
    return step;
}

std::vector<float> floats_of(const std::vector<uint16_t> &bits)
{
    std::vector<float> values(bits.size());
    convert_to_float(DType::F16, reinterpret_cast<const std::byte *>(bits.data()), bits.size(), values.data());
    return values;
}

} // namespace

std::vector<uint16_t> weights_of(const Difference &difference, const std::vector<float> &base)
{
    std::vector<uint16_t> bits;
    if (difference.steps.empty()) {
        for (const float value : difference.values)
            bits.push_back(half_bits(value));
        return bits;
    }
    const size_t columns = difference.counts.size() / difference.steps.size();
    bits.reserve(base.size());
    for (size_t i = 0; i < base.size(); ++i)
        bits.push_back(half_bits(base[i] + difference.steps[i / columns] * float(difference.counts[i])));
    return bits;
}

void write_differences(const std::filesystem::path &file, ArrayMap &base, const ArrayMap &weights, double precision,
                       const std::string &base_sha256)
{
    std::map<std::string, TensorBytes> stored;
    for (const auto &[name, array] : weights) {
        const auto from = base.find(name);
        if (from == base.end() || from->second.shape != array.shape || base.size() != weights.size())
            throw Error(file.string(), "the weights and their base do not have the same tensors: " + name);
        Difference difference{array.shape, {}, {}, {}};
        if (array.shape.size() == 2 && array.count() > 0) {
            const size_t rows = size_t(array.shape[0]), columns = size_t(array.shape[1]);
            difference.counts.resize(rows * columns);
            for (size_t row = 0; row < rows; ++row)
                difference.steps.push_back(count_row(std::span(from->second.floats()).subspan(row * columns, columns),
                                                     std::span(array.floats()).subspan(row * columns, columns),
                                                     precision, difference.counts.data() + row * columns));
            stored[name] = {DType::I8, array.shape, bytes_of(difference.counts)};
            stored[name + steps_ending] = {DType::F32, {array.shape[0]}, bytes_of(difference.steps)};
        } else {
            difference.values = array.floats();
        }
        const std::vector<uint16_t> read = weights_of(difference, from->second.floats());
        if (difference.steps.empty())
            stored[name] = {DType::F16, array.shape, bytes_of(read)};
        from->second.floats() = floats_of(read);
    }
    const std::string bytes = safetensors_bytes(stored, {{sha256_key, base_sha256}});
    ZipWriter zip(file);
    zip.add(entry_name, {bytes}, true);
    zip.commit();
}

Differences read_differences(const std::filesystem::path &file)
{
    const ZipArchive zip(file);
    const auto entry = std::find_if(zip.entries().begin(), zip.entries().end(),
                                    [](const ZipArchive::Entry &one) { return one.name == entry_name; });
    if (entry == zip.entries().end())
        throw Error(file.string(), std::string("holds no ") + entry_name);
    const std::string bytes = zip.read(*entry);
    const std::byte *data = reinterpret_cast<const std::byte *>(bytes.data());
    const SafetensorsHeader header = parse_safetensors_header({data, bytes.size()}, bytes.size(), file.string());
    Differences out;
    if (const auto known = header.metadata.find(sha256_key); known != header.metadata.end())
        out.base_sha256 = known->second;
    for (const auto &[name, tensor] : header.tensors) {
        if (name.ends_with(steps_ending) && header.tensors.contains(name.substr(0, name.rfind('.'))))
            continue;
        Difference &one = out.tensors[name];
        one.shape = tensor.shape;
        if (tensor.dtype != DType::I8) {
            one.values.resize(size_t(tensor.count));
            convert_to_float(tensor.dtype, data + tensor.begin, one.values.size(), one.values.data());
            continue;
        }
        const auto steps = header.tensors.find(name + steps_ending);
        if (steps == header.tensors.end() || tensor.shape.empty() || steps->second.count != tensor.shape.front()
            || tensor.count == 0)
            throw Error(file.string(), "does not say how large the differences of " + name + " are in each row");
        one.steps.resize(size_t(steps->second.count));
        convert_to_float(steps->second.dtype, data + steps->second.begin, one.steps.size(), one.steps.data());
        const int8_t *counts = reinterpret_cast<const int8_t *>(data + tensor.begin);
        one.counts.assign(counts, counts + tensor.count);
    }
    return out;
}

} // namespace patchbay
