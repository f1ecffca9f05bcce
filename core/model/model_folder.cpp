#include "model/model_folder.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "io/array_files.h"
#include "model/detail/foreign_checkpoint.h"
#include "model/model.h"

#include <algorithm>
#include <vector>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

constexpr const char *kCached = "models--"; // models--ORG--NAME, with the folders blobs, refs and snapshots

std::string file_name(const fs::path &path)
{
    return path.filename().string();
}

/// "models--EleutherAI--pythia-160m": pythia-160m.
std::string cached_name(const std::string &folder)
{
    return folder.substr(folder.rfind("--") + 2);
}

/// A snapshot of a cached model: the only one, or the one that refs/main names. Throws Error where neither is.
fs::path snapshot_of(const fs::path &cached)
{
    std::error_code ignored;
    std::vector<fs::path> snapshots;
    for (const auto &entry : fs::directory_iterator(cached / "snapshots", ignored))
        if (entry.is_directory(ignored))
            snapshots.push_back(entry.path());
    if (snapshots.size() == 1)
        return snapshots.front();
    if (snapshots.empty())
        throw Error(cached.string(), "is a model in a Hugging Face cache of which no snapshot was downloaded");
    if (const fs::path main = cached / "refs" / "main"; fs::exists(main, ignored)) {
        std::string revision = read_file(main);
        revision.erase(std::find_if(revision.begin(), revision.end(), is_space), revision.end());
        for (const fs::path &snapshot : snapshots)
            if (file_name(snapshot) == revision)
                return snapshot;
    }
    std::sort(snapshots.begin(), snapshots.end());
    std::string list;
    for (const fs::path &snapshot : snapshots)
        list += (list.empty() ? "" : ", ") + file_name(snapshot);
    throw Error(cached.string(),
                "holds " + std::to_string(snapshots.size())
                    + " snapshots of a model; open one of them, in its folder snapshots: " + list);
}

} // namespace

fs::path model_folder(const std::string &path)
{
    if (path == "demo")
        return demo_model_path();
    std::error_code ignored;
    const fs::path folder(path);
    if (!fs::exists(folder, ignored))
        throw Error(path, "does not exist; give the folder with config.json and the weights");
    if (!fs::is_directory(folder, ignored))
        refuse_model_file(folder);
    if (fs::exists(folder / "config.json", ignored))
        return folder;
    if (fs::is_directory(folder / "snapshots", ignored))
        return snapshot_of(folder);
    if (file_name(folder) == "snapshots" && fs::is_directory(folder.parent_path() / "blobs", ignored))
        return snapshot_of(folder.parent_path());
    refuse_folder_without_config(folder);
    return folder;
}

std::string model_path_in(const fs::path &file, const std::string &path)
{
    std::error_code ignored;
    if (path == "demo" || fs::path(path).is_absolute() || fs::exists(path, ignored))
        return path;
    const fs::path beside =
        (fs::is_directory(file, ignored) ? fs::absolute(file) : fs::absolute(file).parent_path()) / path;
    return fs::exists(beside, ignored) ? beside.string() : path;
}

std::string absolute_model_path(const std::string &path)
{
    return path == "demo" ? path : fs::absolute(path).lexically_normal().string();
}

std::string model_name(const std::string &path)
{
    if (path == "demo")
        return path;
    std::error_code error;
    fs::path folder = fs::weakly_canonical(path, error);
    if (error)
        folder = fs::path(path).lexically_normal();
    if (!folder.has_filename()) // a slash at the end
        folder = folder.parent_path();
    if (const fs::path cached = folder.parent_path().parent_path();
        file_name(folder.parent_path()) == "snapshots" && file_name(cached).starts_with(kCached))
        return cached_name(file_name(cached));
    const std::string name = file_name(folder);
    return name.starts_with(kCached) ? cached_name(name) : name.empty() ? path : name;
}

} // namespace patchbay
