#include "base/error.h"
#include "io/dtype.h"
#include "io/formats.h"
#include "io/zip_archive.h"

#include <nlohmann/json.hpp>

#include <regex>

namespace patchbay {

namespace {

constexpr const char *kMetadata = "metadata.json";

std::string npy_header(const Array &array)
{
    std::string shape;
    for (const int64_t extent : array.shape)
        shape += std::to_string(extent) + ", ";
    if (array.shape.size() > 1)
        shape.resize(shape.size() - 2);
    else if (array.shape.size() == 1)
        shape.resize(shape.size() - 1);
    std::string text = std::string("{'descr': '") + (array.is_float() ? "<f4" : "<i8")
        + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    const size_t start = 10; // magic, version, length
    text.append(63 - (start + text.size()) % 64, ' ');
    text += '\n';
    std::string out = std::string("\x93NUMPY\x01", 7) + '\0';
    out += static_cast<char>(text.size() & 0xff);
    out += static_cast<char>(text.size() >> 8);
    return out + text;
}

struct NpyHeader {
    DType dtype;
    std::vector<int64_t> shape;
    uint64_t count = 1;
    size_t data = 0;
};

NpyHeader read_npy_header(const std::string &bytes, const std::string &file, const std::string &entry)
{
    const auto fail = [&](const std::string &cause) { throw Error(file, "array " + entry + " " + cause); };
    if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0)
        fail("is not in NumPy's format");
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
    const size_t start = byte(6) == 1 ? 10 : 12;
    size_t length = byte(8) | byte(9) << 8;
    if (start == 12)
        length |= byte(10) << 16 | byte(11) << 24;
    if (length > bytes.size() - start)
        fail("has a header longer than itself");
    const std::string text = bytes.substr(start, std::min<size_t>(length, 4096));
    std::smatch descr, shape;
    if (!std::regex_search(text, descr, std::regex(R"('descr':\s*'([<|=]?)([fiub])(\d)')"))
        || !std::regex_search(text, shape, std::regex(R"('shape':\s*\(([\d, L]*)\))")))
        fail("has a header that is not understood");
    if (!std::regex_search(text, std::regex(R"('fortran_order':\s*False)")))
        fail("is stored column by column, which is not supported");
    const std::string kind = descr[2].str() == "b" ? "BOOL"
                                                   : (descr[2].str() == "f"       ? "F"
                                                          : descr[2].str() == "i" ? "I"
                                                                                  : "U")
            + std::to_string(8 * std::stoi(descr[3].str()));
    const auto dtype = dtype_from_name(kind);
    if (!dtype)
        fail("has the unsupported dtype " + descr[0].str());
    NpyHeader out{*dtype, {}, 1, start + length};
    const std::string extents = shape[1].str();
    const std::regex number(R"(\d+)");
    for (std::sregex_iterator it(extents.begin(), extents.end(), number), end; it != end; ++it) {
        if (it->length() > 15)
            fail("has an absurd shape");
        const uint64_t extent = std::stoull(it->str());
        out.shape.push_back(static_cast<int64_t>(extent));
        if (extent != 0 && out.count > bytes.size() / extent)
            fail("is shorter than its shape says");
        out.count *= extent;
    }
    if (out.count * size_of(out.dtype) != bytes.size() - out.data)
        fail("has a length that does not fit its shape");
    return out;
}

} // namespace

void write_npz(const std::filesystem::path &path, const ArrayMap &arrays, const FileMetadata &metadata)
{
    if (arrays.empty() && metadata.empty())
        throw Error(path.string(), "there are no arrays to write"); // libzip would remove the file
    ZipWriter zip(path);
    std::vector<std::string> headers;
    headers.reserve(arrays.size() + 1); // the writer reads them at the end
    for (const auto &[key, array] : arrays) {
        headers.push_back(npy_header(array));
        const std::string_view values = std::visit(
            [](const auto &numbers) {
                return std::string_view(reinterpret_cast<const char *>(numbers.data()),
                                        numbers.size() * sizeof(numbers[0]));
            },
            array.values);
        zip.add(key + ".npy", {headers.back(), values}, false);
    }
    if (!metadata.empty()) {
        headers.push_back(nlohmann::json(metadata).dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
        zip.add(kMetadata, {headers.back()}, false);
    }
    zip.commit();
}

ArrayFile read_npz(const std::filesystem::path &path)
{
    ZipArchive zip(path);
    ArrayFile out;
    for (const ZipArchive::Entry &entry : zip.entries()) {
        const std::string bytes = zip.read(entry);
        if (entry.name == kMetadata) {
            const auto metadata = nlohmann::json::parse(bytes, nullptr, false);
            if (!metadata.is_object())
                throw Error(path.string(), "metadata.json in it is not a JSON object");
            for (const auto &[k, v] : metadata.items())
                out.metadata.emplace(k, v.is_string() ? v.get<std::string>() : v.dump());
            continue;
        }
        std::string key = entry.name;
        if (key.ends_with(".npy"))
            key.resize(key.size() - 4);
        const NpyHeader header = read_npy_header(bytes, path.string(), key);
        const std::byte *data = reinterpret_cast<const std::byte *>(bytes.data()) + header.data;
        Array array{header.shape, {}};
        if (is_floating(header.dtype)) {
            array.values = std::vector<float>(header.count);
            convert_to_float(header.dtype, data, header.count, array.floats().data());
        } else {
            std::vector<int64_t> values(header.count);
            convert_to_int(header.dtype, data, header.count, values.data());
            array.values = std::move(values);
        }
        out.arrays.emplace(key, std::move(array));
    }
    return out;
}

} // namespace patchbay
