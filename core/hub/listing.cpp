#include "hub/listing.h"

#include "base/error.h"
#include "hub/environment.h"
#include "hub/snapshot.h"
#include "model/detail/checkpoint.h"
#include "model/detail/config_json.h"
#include "model/detail/foreign_checkpoint.h"
#include "model/model_folder.h"

#include <algorithm>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

/// Of the files below a folder, those that links lead to included; each link's file is counted, wherever it lies.
uint64_t bytes_below(const fs::path &folder)
{
    uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->is_regular_file(ignored))
            if (const uintmax_t size = it->file_size(ignored); !ignored)
                bytes += size;
    }
    return bytes;
}

/// Finds the family, and throws Error where loading would, without reading any weights.
void try_to_open(CachedSnapshot &snapshot)
{
    const fs::path file = model_folder(snapshot.folder.string()) / "config.json";
    const nlohmann::json config = read_config_json(file);
    if (const auto type = config.find("model_type"); type != config.end() && type->is_string())
        snapshot.family = type->get<std::string>();
    refuse_foreign_config(config, file);
    snapshot.family = config_from_json(config, file.string()).config.family;
    Checkpoint::open(snapshot.folder, find_family(snapshot.family)->weight_files);
}

/// What an error about a snapshot says, with the name of the file but not the whole path.
std::string cause_in(const fs::path &folder, const Error &error)
{
    const fs::path subject(error.subject());
    const std::string name = subject.filename().string();
    return subject == folder || name.empty() ? error.cause() : name + ": " + error.cause();
}

CachedSnapshot look_at(const std::string &model, const fs::path &folder, std::vector<std::string> revisions)
{
    CachedSnapshot out;
    out.folder = folder;
    out.commit = folder.filename().string();
    out.revisions = std::move(revisions);
    const auto main = std::find(out.revisions.begin(), out.revisions.end(), "main");
    std::rotate(out.revisions.begin(), main, main == out.revisions.end() ? main : main + 1);
    const std::string revision = out.revisions.empty() ? out.commit : out.revisions.front();
    out.reference = revision == "main" ? model : model + "@" + revision;
    if (!hub_name(out.reference)) // a revision that nobody can write
        out.reference = model + "@" + out.commit;
    out.bytes = bytes_below(folder);
    try {
        try_to_open(out);
    } catch (const Error &error) {
        out.problem = cause_in(folder, error);
    } catch (const std::exception &error) { // of the file system: the others are still listed
        out.problem = error.what();
    }
    return out;
}

CachedModel look_at(const std::string &name, const fs::path &cached, const CancelToken &cancel)
{
    CachedModel out;
    out.name = name;
    out.bytes = bytes_below(cached / "blobs");
    const auto revisions = cached_revisions(cached);
    for (const std::string &commit : cached_commits(cached)) {
        cancel.check();
        std::vector<std::string> meaning;
        for (const auto &[revision, meant] : revisions)
            if (meant == commit)
                meaning.push_back(revision);
        out.snapshots.push_back(look_at(name, cached / "snapshots" / commit, std::move(meaning)));
    }
    // What main means comes first, what no revision means last.
    std::stable_sort(out.snapshots.begin(), out.snapshots.end(), [](const CachedSnapshot &a, const CachedSnapshot &b) {
        const auto rank = [](const CachedSnapshot &s) {
            return s.revisions.empty() ? 2 : s.revisions.front() == "main" ? 0 : 1;
        };
        return rank(a) != rank(b) ? rank(a) < rank(b) : a.revisions < b.revisions;
    });
    if (out.snapshots.empty())
        out.problem = out.bytes > 0 ? "its download did not finish; go on with: " + download_command({name, ""})
                                    : "no file of it was downloaded; download it with: " + download_command({name, ""});
    return out;
}

} // namespace

bool opens_from_cache(const HubName &name)
{
    try {
        CachedSnapshot snapshot;
        snapshot.folder = cached_snapshot(name);
        refuse_broken_snapshot(snapshot.folder);
        try_to_open(snapshot);
        return true;
    } catch (const std::exception &) { // of the file system, too
        return false;
    }
}

CacheListing list_cache(const CancelToken &cancel)
{
    CacheListing out;
    out.folder = hub_cache();
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(out.folder, ignored)) {
        cancel.check();
        const std::string name = cached_model_name(entry.path().filename().string());
        if (name.empty() || !entry.is_directory(ignored))
            continue;
        try {
            out.models.push_back(look_at(name, entry.path(), cancel));
        } catch (const Cancelled &) {
            throw;
        } catch (const std::exception &error) {
            out.models.push_back({name, {}, 0, error.what()});
        }
    }
    std::sort(out.models.begin(), out.models.end(),
              [](const CachedModel &a, const CachedModel &b) { return a.name < b.name; });
    return out;
}

} // namespace patchbay
