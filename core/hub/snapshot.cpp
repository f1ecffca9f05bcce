#include "hub/snapshot.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "hub/environment.h"
#include "io/array_files.h"

#include <algorithm>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

constexpr const char *kPrefix = "models--";
constexpr size_t kNamed = 5; // revisions that a message lists

std::string file_name(const fs::path &path)
{
    return path.filename().string();
}

std::string first_of(const std::vector<std::string> &names)
{
    std::string list;
    for (size_t i = 0; i < std::min(names.size(), kNamed); ++i)
        list += (i > 0 ? ", " : "") + names[i];
    return list + (names.size() > kNamed ? " and " + std::to_string(names.size() - kNamed) + " more" : "");
}

/// Models of that name by any organisation: people write gpt2 for openai-community/gpt2.
std::vector<std::string> namesakes(const fs::path &cache, const std::string &name)
{
    std::error_code ignored;
    std::vector<std::string> found;
    for (const auto &entry : fs::directory_iterator(cache, ignored))
        if (const std::string model = cached_model_name(file_name(entry.path())); model.ends_with("/" + name))
            found.push_back(model);
    std::sort(found.begin(), found.end());
    return found;
}

[[noreturn]] void refuse_missing_model(const HubName &name)
{
    const fs::path cache = hub_cache();
    std::string cause = "does not exist: there is no such folder here, and no such model in the Hugging Face cache "
        + cache.string()
        + "; give the folder with config.json and the weights, or download the model with: " + download_command(name);
    if (const auto others =
            name.model.find('/') == std::string::npos ? namesakes(cache, name.model) : std::vector<std::string>();
        !others.empty())
        cause += ". The cache holds " + first_of(others);
    throw Error(name.text(), cause);
}

[[noreturn]] void refuse_missing_revision(const HubName &name, const fs::path &cached)
{
    std::vector<std::string> there;
    const std::vector<std::string> commits = cached_commits(cached);
    for (const auto &[revision, commit] : cached_revisions(cached))
        if (std::binary_search(commits.begin(), commits.end(), commit))
            there.push_back(revision);
    if (there.empty())
        there = commits;
    throw Error(name.text(),
                "the revision " + name.wanted_revision() + " of the model is not in the Hugging Face cache ("
                    + cached.string() + "), which holds "
                    + (there.empty()
                           ? "no revision of it"
                           : "of it: " + first_of(there) + " (" + name.model + "@" + there.front() + " opens one)")
                    + "; download it with: " + download_command(name));
}

} // namespace

fs::path cached_model(const std::string &model)
{
    std::string name = kPrefix;
    for (const char c : model)
        name += c == '/' ? "--" : std::string(1, c);
    return hub_cache() / name;
}

std::string cached_model_name(const std::string &folder_name)
{
    if (!folder_name.starts_with(kPrefix))
        return {};
    std::string name = folder_name.substr(std::string(kPrefix).size());
    if (const size_t dashes = name.find("--"); dashes != name.npos)
        name.replace(dashes, 2, "/");
    const auto parsed = hub_name(name);
    return parsed && parsed->revision.empty() ? name : std::string();
}

std::map<std::string, std::string> cached_revisions(const fs::path &cached)
{
    std::error_code ignored;
    std::map<std::string, std::string> revisions;
    for (const auto &entry : fs::recursive_directory_iterator(cached / "refs", ignored)) {
        if (!entry.is_regular_file(ignored))
            continue;
        const std::string content = read_file(entry.path()), commit(trimmed(content));
        // It becomes a part of a path.
        if (!commit.empty() && commit.find_first_not_of("0123456789abcdefABCDEF") == commit.npos)
            revisions[entry.path().lexically_relative(cached / "refs").string()] = commit;
    }
    return revisions;
}

std::vector<std::string> cached_commits(const fs::path &cached)
{
    std::error_code ignored;
    std::vector<std::string> commits;
    for (const auto &entry : fs::directory_iterator(cached / "snapshots", ignored))
        if (entry.is_directory(ignored))
            commits.push_back(file_name(entry.path()));
    std::sort(commits.begin(), commits.end());
    return commits;
}

fs::path cached_snapshot(const HubName &name, const std::string &commit)
{
    const fs::path cached = cached_model(name.model);
    std::error_code ignored;
    if (!fs::is_directory(cached, ignored))
        refuse_missing_model(name);
    const auto snapshot = [&](const std::string &one) { return cached / "snapshots" / one; };
    const auto is_there = [&](const std::string &one) {
        return !one.empty() && fs::is_directory(snapshot(one), ignored);
    };
    if (is_commit(commit) && is_there(commit))
        return snapshot(commit);
    const auto revisions = cached_revisions(cached);
    if (const auto found = revisions.find(name.wanted_revision()); found != revisions.end() && is_there(found->second))
        return snapshot(found->second);
    if (name.revision.find('/') == std::string::npos && is_there(name.revision))
        return snapshot(name.revision);
    refuse_missing_revision(name, cached);
}

std::string commit_of_snapshot(const fs::path &folder)
{
    fs::path path = folder.lexically_normal();
    if (!path.has_filename()) // a slash at the end
        path = path.parent_path();
    const fs::path snapshots = path.parent_path();
    return file_name(snapshots) == "snapshots" && file_name(snapshots.parent_path()).starts_with(kPrefix)
        ? file_name(path)
        : std::string();
}

void refuse_broken_snapshot(const fs::path &folder)
{
    const std::string commit = commit_of_snapshot(folder);
    if (commit.empty())
        return;
    std::error_code ignored;
    std::vector<std::string> broken;
    bool cut_off = false;
    for (const auto &entry : fs::directory_iterator(folder, ignored)) {
        if (!entry.is_symlink(ignored) || fs::exists(entry.path(), ignored))
            continue;
        broken.push_back(file_name(entry.path()));
        const fs::path blob = folder / fs::read_symlink(entry.path(), ignored);
        for (const auto &other : fs::directory_iterator(blob.parent_path(), ignored))
            cut_off = cut_off
                || (file_name(other.path()).starts_with(file_name(blob))
                    && file_name(other.path()).ends_with(".incomplete"));
    }
    if (broken.empty())
        return;
    std::sort(broken.begin(), broken.end());
    const HubName name{cached_model_name(file_name(folder.lexically_normal().parent_path().parent_path())), commit};
    std::string cause = "is a link to a file of the cache that is not there";
    if (broken.size() > 1)
        cause += std::string(", and so ") + (broken.size() > 2 ? "are " : "is ")
            + first_of({broken.begin() + 1, broken.end()});
    if (cut_off)
        cause += " (a download was cut off)";
    if (!name.model.empty())
        cause += "; download it again with: " + download_command(name);
    throw Error((folder / broken.front()).string(), cause);
}

std::string download_command(const HubName &name)
{
    return "patchbay-cli download " + name.text();
}

} // namespace patchbay
