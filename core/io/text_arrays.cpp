#include "base/error.h"
#include "io/formats.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <limits>

namespace patchbay {

namespace {

using nlohmann::json;

std::string shape_text(const Array &array)
{
    return json(array.shape).dump();
}

std::string quoted(const std::string &text)
{
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_number(std::string &out, const Array &array, size_t index)
{
    if (!array.is_float()) {
        out += std::to_string(array.ints()[index]);
        return;
    }
    const float value = array.floats()[index];
    const std::string text = float_text(value);
    out += std::isfinite(value) ? text : quoted(text);
}

void append_nested(std::string &out, const Array &array, size_t axis, size_t &index)
{
    if (axis == array.shape.size()) {
        append_number(out, array, index++);
        return;
    }
    out += '[';
    for (int64_t i = 0; i < array.shape[axis]; ++i) {
        if (i > 0)
            out += ',';
        append_nested(out, array, axis + 1, index);
    }
    out += ']';
}

// Shape from the first element of each list; whether the others agree shows when the numbers are read.
std::vector<int64_t> nested_shape(const json &value)
{
    std::vector<int64_t> shape;
    for (const json *at = &value; at->is_array(); at = &at->front()) {
        shape.push_back(static_cast<int64_t>(at->size()));
        if (at->empty())
            break;
    }
    return shape;
}

struct NestedReader {
    const std::vector<int64_t> &shape;
    const std::string &file, &name;
    std::vector<double> floats;
    std::vector<int64_t> ints;
    bool whole = true;

    void read(const json &value, size_t axis)
    {
        if (axis < shape.size()) {
            if (!value.is_array() || static_cast<int64_t>(value.size()) != shape[axis])
                throw Error(file, "the lists of array " + name + " differ in length");
            for (const json &element : value)
                read(element, axis + 1);
        } else if (value.is_number_integer()) {
            ints.push_back(value.get<int64_t>());
            floats.push_back(value.get<double>());
        } else if (value.is_number()) {
            whole = false;
            floats.push_back(value.get<double>());
        } else if (value == "nan" || value == "inf" || value == "-inf") {
            whole = false;
            const double infinity = std::numeric_limits<double>::infinity();
            floats.push_back(value == "nan" ? std::nan("") : value == "inf" ? infinity : -infinity);
        } else {
            throw Error(file, "array " + name + " has an element that is not a number: " + value.dump().substr(0, 40));
        }
    }
};

} // namespace

std::string float_text(float value)
{
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
    std::string text(buffer, result.ptr);
    if (text.find_first_of(".e") == std::string::npos)
        text += ".0";
    return text;
}

void write_json_arrays(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata)
{
    std::string out = "{\n\"metadata\": " + json(metadata).dump(1, ' ', false, json::error_handler_t::replace);
    for (const auto &[key, array] : arrays) {
        if (key == "metadata")
            throw Error(path.string(), "an array cannot be called \"metadata\" in a JSON file");
        out += ",\n" + quoted(key) + ": ";
        size_t index = 0;
        append_nested(out, array, 0, index);
    }
    write_file(path, out + "\n}\n");
}

ArrayFile read_json_arrays(const std::filesystem::path &path)
{
    const json root = json::parse(read_file(path), nullptr, false);
    if (!root.is_object())
        throw Error(path.string(), "is not a JSON object of arrays");
    ArrayFile out;
    for (const auto &[key, value] : root.items()) {
        if (key == "metadata" && value.is_object()) {
            for (const auto &[k, v] : value.items())
                out.metadata.emplace(k, v.is_string() ? v.get<std::string>() : v.dump());
            continue;
        }
        Array array{nested_shape(value), {}};
        const std::string file = path.string();
        NestedReader reader{array.shape, file, key, {}, {}};
        reader.read(value, 0);
        if (reader.whole && !reader.ints.empty())
            array.values = std::move(reader.ints);
        else
            array.values = std::vector<float>(reader.floats.begin(), reader.floats.end());
        out.arrays.emplace(key, std::move(array));
    }
    return out;
}

void write_csv(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata)
{
    const auto one_line = [](std::string text) {
        for (char &c : text)
            if (c == '\n' || c == '\r')
                c = ' ';
        return text;
    };
    std::string out, left_out, blocks;
    for (const auto &[key, value] : metadata)
        out += "# " + one_line(key) + ": " + one_line(value) + "\n";
    for (const auto &[key, array] : arrays) {
        if (!array.is_float() || array.shape.size() != 2) {
            left_out += (left_out.empty() ? "" : ", ") + one_line(key) + " " + shape_text(array);
            continue;
        }
        blocks += (blocks.empty() ? "# " : "\n# ") + one_line(key) + " " + shape_text(array) + "\n";
        const int64_t columns = array.shape[1];
        for (int64_t row = 0; row < array.shape[0]; ++row)
            for (int64_t column = 0; column < columns; ++column)
                blocks +=
                    float_text(array.floats()[size_t(row * columns + column)]) + (column + 1 < columns ? "," : "\n");
    }
    if (blocks.empty())
        throw Error(path.string(),
                    "a CSV file holds 2-D grids of numbers, and there is none here; write .npz, .safetensors or .json");
    if (!left_out.empty())
        out += "# not 2-D, so not in this file: " + left_out + "\n";
    write_file(path, out + blocks);
}

} // namespace patchbay
