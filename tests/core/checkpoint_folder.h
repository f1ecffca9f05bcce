// A copy of a tiny model that a test may damage, change and load.
#pragma once

#include "base/error.h"
#include "io/array_files.h"
#include "model/model.h"

#include <QTemporaryDir>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>

class CheckpointFolder {
public:
    explicit CheckpointFolder(const std::string &model = "tiny-neox")
    {
        std::filesystem::copy(PATCHBAY_SOURCE_DIR "/tests/data/" + model, path(),
                              std::filesystem::copy_options::recursive);
        std::filesystem::remove(path("golden.safetensors"));
        for (const auto &entry : std::filesystem::directory_iterator(path()))
            std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_write,
                                         std::filesystem::perm_options::add);
    }
    std::filesystem::path path(const std::string &file = {}) const
    {
        return m_dir.path().toStdString() + "/model" + (file.empty() ? "" : "/" + file);
    }

    std::string read(const std::string &file) const { return patchbay::read_file(path(file)); }
    void write(const std::string &file, const std::string &bytes) const { patchbay::write_file(path(file), bytes); }

    /// Changes config.json.
    void config(const std::function<void(nlohmann::json &)> &change) const
    {
        nlohmann::json json = nlohmann::json::parse(read("config.json"));
        change(json);
        write("config.json", json.dump());
    }
    /// Changes the header of a safetensors file; the data stays.
    void header(const std::function<void(nlohmann::json &)> &change,
                const std::string &file = "model.safetensors") const
    {
        const std::string bytes = read(file);
        uint64_t length = 0;
        std::memcpy(&length, bytes.data(), 8);
        nlohmann::json json = nlohmann::json::parse(bytes.substr(8, length));
        change(json);
        raw(json.dump(), bytes.substr(8 + length), file);
    }
    /// Writes a safetensors file from a header's text and data.
    void raw(const std::string &header, const std::string &data, const std::string &file = "model.safetensors") const
    {
        const uint64_t length = header.size();
        write(file, std::string(reinterpret_cast<const char *>(&length), 8) + header + data);
    }
    /// Changes tensors: reads the file, calls change, writes it (as float32).
    void tensors(const std::function<void(patchbay::ArrayMap &)> &change,
                 const std::string &file = "model.safetensors") const
    {
        patchbay::ArrayMap arrays = patchbay::read_arrays(path(file)).arrays;
        change(arrays);
        patchbay::write_arrays(path(file), arrays);
    }

    std::shared_ptr<const patchbay::Model> load() const { return patchbay::Model::load({path(), {}, false}); }
    /// The message of the error that loading ends with; empty when it loads.
    std::string error() const
    {
        try {
            load();
        } catch (const patchbay::Error &error) {
            return error.what();
        }
        return {};
    }

private:
    QTemporaryDir m_dir;
};

// Nearest float16; normal numbers and zero only, which is all that these models hold after rounding small ones to zero.
inline uint16_t float16_bits(float value)
{
    if (std::abs(value) < 0x1p-14f)
        return 0;
    int exponent = 0;
    const float fraction = std::frexp(std::abs(value), &exponent); // [0.5, 1)
    const int mantissa = int(std::lround(fraction * 2048)) - 1024;
    return uint16_t((value < 0 ? 0x8000 : 0) + ((exponent + 14) << 10) + mantissa);
}

/// Cut off, not rounded.
inline uint16_t bfloat16_bits(float value)
{
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return uint16_t(bits >> 16);
}

/// Stores all tensors of the folder's model.safetensors in another number format.
template <class To, class Convert>
void store_as(const CheckpointFolder &folder, const char *dtype, Convert convert)
{
    nlohmann::json header;
    std::string data;
    for (const auto &[name, array] : patchbay::read_arrays(folder.path("model.safetensors")).arrays) {
        const size_t begin = data.size();
        for (const float value : array.floats()) {
            const To stored = convert(value);
            data.append(reinterpret_cast<const char *>(&stored), sizeof(stored));
        }
        header[name] = {{"dtype", dtype}, {"shape", array.shape}, {"data_offsets", {begin, data.size()}}};
    }
    folder.raw(header.dump(), data);
}
