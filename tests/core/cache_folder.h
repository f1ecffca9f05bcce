// A Hugging Face cache made up for a test: blobs, links to them, refs.
#pragma once

#include "base/sha256.h"
#include "io/array_files.h"

#include <QTemporaryDir>

#include <cstdlib>
#include <optional>

/// A variable of the environment as a test wants it, until the test is over.
class Variable {
public:
    Variable(const char *name, const std::optional<std::string> &value) : m_name(name)
    {
        if (const char *before = std::getenv(name))
            m_before = before;
        set(value);
    }
    ~Variable() { set(m_before); }
    Variable(const Variable &) = delete;
    Variable &operator=(const Variable &) = delete;

private:
    void set(const std::optional<std::string> &value) const
    {
        if (value)
            setenv(m_name, value->c_str(), 1);
        else
            unsetenv(m_name);
    }
    const char *m_name;
    std::optional<std::string> m_before;
};

class CacheFolder {
public:
    /// Is HF_HUB_CACHE as long as it lives.
    CacheFolder() : m_cache("HF_HUB_CACHE", path().string()) { }

    std::filesystem::path path() const { return m_dir.path().toStdString() + "/hub"; }
    std::filesystem::path model(const std::string &folder) const { return path() / folder; }
    std::filesystem::path snapshot(const std::string &folder, const std::string &commit) const
    {
        return path() / folder / "snapshots" / commit;
    }

    /// A file of a snapshot: a link to a blob that is called after what it holds.
    void add(const std::string &folder, const std::string &commit, const std::string &file,
             const std::string &bytes) const
    {
        const std::string blob = patchbay::sha256_of(bytes.data(), bytes.size());
        std::filesystem::create_directories(model(folder) / "blobs");
        std::filesystem::create_directories(snapshot(folder, commit));
        patchbay::write_file(model(folder) / "blobs" / blob, bytes);
        std::filesystem::create_symlink("../../blobs/" + blob, snapshot(folder, commit) / file);
    }
    /// The files of a tiny model of tests/data.
    void add_model(const std::string &folder, const std::string &commit, const std::string &tiny) const
    {
        for (const auto &entry : std::filesystem::directory_iterator(PATCHBAY_SOURCE_DIR "/tests/data/" + tiny))
            if (const std::string name = entry.path().filename().string();
                name != "golden.safetensors" && name != "patching.safetensors")
                add(folder, commit, name, patchbay::read_file(entry.path()));
    }
    void add_ref(const std::string &folder, const std::string &revision, const std::string &commit) const
    {
        const std::filesystem::path file = model(folder) / "refs" / revision;
        std::filesystem::create_directories(file.parent_path());
        patchbay::write_file(file, commit);
    }
    /// Takes the blob away that a file links to, as a download that was cut off has not made it yet.
    void lose(const std::string &folder, const std::string &commit, const std::string &file, bool cut_off) const
    {
        const std::filesystem::path link = snapshot(folder, commit) / file;
        const std::filesystem::path blob = link.parent_path() / std::filesystem::read_symlink(link);
        if (cut_off)
            std::filesystem::rename(blob, blob.string() + ".incomplete");
        else
            std::filesystem::remove(blob);
    }

private:
    QTemporaryDir m_dir;
    Variable m_cache;
};
