#include "model/model_folder.h"

#include "base/data_dir.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "hub/snapshot.h"
#include "model/detail/foreign_checkpoint.h"
#include "model/model.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view demo_prefix = "demo@", demo_training = "demo-training";

std::string file_name(const fs::path &path)
{
    return path.filename().string();
}

/// The name without the organisation of a model's folder in a cache; empty of every other folder.
std::string cached_name(const fs::path &folder)
{
    const std::string name = cached_model_name(file_name(folder));
    return name.substr(name.find('/') + 1);
}

/// A snapshot of a cached model: the only one, or the one that refs/main names. Throws Error where neither is.
fs::path snapshot_of(const fs::path &cached)
{
    const std::vector<std::string> commits = cached_commits(cached);
    if (commits.empty())
        throw Error(cached.string(), "is a model in a Hugging Face cache of which no snapshot was downloaded");
    if (commits.size() == 1)
        return cached / "snapshots" / commits.front();
    const auto revisions = cached_revisions(cached);
    const auto main = revisions.find("main");
    std::string list;
    for (const std::string &commit : commits) {
        if (main != revisions.end() && commit == main->second)
            return cached / "snapshots" / commit;
        list += (list.empty() ? "" : ", ") + commit;
    }
    throw Error(cached.string(),
                "holds " + std::to_string(commits.size())
                    + " snapshots of a model; open one of them, in its folder snapshots: " + list);
}

/// The folder, or the snapshot in it or behind the name, before anybody looked whether it holds a model.
fs::path place_of(const std::string &path, const std::string &commit)
{
    std::error_code ignored;
    const fs::path folder(path);
    if (!fs::exists(folder, ignored)) {
        if (const auto name = hub_name(path))
            return cached_snapshot(*name, commit);
        throw Error(path, "does not exist; give the folder with config.json and the weights");
    }
    if (!fs::is_directory(folder, ignored))
        refuse_model_file(folder);
    if (fs::exists(folder / "config.json", ignored))
        return folder;
    if (fs::is_directory(folder / "snapshots", ignored))
        return snapshot_of(folder);
    if (file_name(folder) == "snapshots" && fs::is_directory(folder.parent_path() / "blobs", ignored))
        return snapshot_of(folder.parent_path());
    return folder;
}

} // namespace

bool is_demo(const std::string &path)
{
    return path == "demo" || path.starts_with(demo_prefix);
}

std::vector<std::string> demo_revisions()
{
    std::vector<std::pair<double, std::string>> found;
    std::error_code failed;
    for (const fs::directory_entry &entry : fs::directory_iterator(data_path(std::string(demo_training)), failed))
        if (const std::string name = file_name(entry.path()); name.starts_with("step"))
            if (const auto number = parse_number(std::string_view(name).substr(4)))
                found.emplace_back(*number, name);
    std::sort(found.begin(), found.end());
    std::vector<std::string> names;
    for (const auto &[number, name] : found)
        names.push_back(name);
    return names;
}

fs::path model_folder(const std::string &path, const std::string &commit)
{
    if (path == "demo")
        return demo_model_path();
    if (is_demo(path)) {
        const std::vector<std::string> known = demo_revisions();
        const std::string revision = path.substr(demo_prefix.size());
        if (std::find(known.begin(), known.end(), revision) == known.end())
            throw Error(path, "is no checkpoint of the demo model's training; there are " + listed(known));
        return data_path(std::string(demo_training) + "/" + revision);
    }
    const fs::path folder = place_of(path, commit);
    refuse_broken_snapshot(folder);
    std::error_code ignored;
    if (!fs::exists(folder / "config.json", ignored))
        refuse_folder_without_config(folder);
    return folder;
}

bool is_cached_name(const std::string &path)
{
    std::error_code ignored;
    return !is_demo(path) && !fs::exists(path, ignored) && hub_name(path).has_value();
}

std::string model_path_in(const fs::path &file, const std::string &path)
{
    std::error_code ignored;
    if (is_demo(path) || fs::path(path).is_absolute() || fs::exists(path, ignored))
        return path;
    const fs::path beside =
        (fs::is_directory(file, ignored) ? fs::absolute(file) : fs::absolute(file).parent_path()) / path;
    return fs::exists(beside, ignored) ? beside.string() : path;
}

std::string absolute_model_path(const std::string &path)
{
    return is_demo(path) || is_cached_name(path) ? path : fs::absolute(path).lexically_normal().string();
}

std::string model_name(const std::string &path)
{
    if (is_demo(path))
        return path;
    if (is_cached_name(path)) { // without the organisation
        const HubName name = *hub_name(path);
        const std::string model = name.model.substr(name.model.find('/') + 1);
        return name.revision.empty() || name.revision == "main" ? model
            : is_commit(name.revision)                          ? model + "@" + name.revision.substr(0, 8)
                                                                : model + "@" + name.revision;
    }
    std::error_code error;
    fs::path folder = fs::weakly_canonical(path, error);
    if (error)
        folder = fs::path(path).lexically_normal();
    if (!folder.has_filename()) // a slash at the end
        folder = folder.parent_path();
    if (file_name(folder.parent_path()) == "snapshots")
        if (const std::string cached = cached_name(folder.parent_path().parent_path()); !cached.empty())
            return cached;
    const std::string name = file_name(folder), cached = cached_name(folder);
    return !cached.empty() ? cached : name.empty() ? path : name;
}

} // namespace patchbay
