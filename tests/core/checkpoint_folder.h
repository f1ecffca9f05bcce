// A copy of a tiny model that a test may damage, change and load.
#pragma once

#include "base/error.h"
#include "io/array_files.h"
#include "model/model.h"

#include <QTemporaryDir>

#include <nlohmann/json.hpp>

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
