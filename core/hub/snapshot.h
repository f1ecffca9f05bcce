// Models in a Hugging Face cache as they lie on disk: models--ORG--NAME with refs/REVISION, which holds a commit, and
// snapshots/COMMIT with links into blobs.
#pragma once

#include "hub/hub_name.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace patchbay {

/// models--ORG--NAME in the cache; it need not exist.
std::filesystem::path cached_model(const std::string &model);
/// The ORG/NAME that such a folder's name means; empty where it means none.
std::string cached_model_name(const std::string &folder_name);
/// What the file refs/REVISION of each revision holds, by its name.
std::map<std::string, std::string> cached_revisions(const std::filesystem::path &cached);
/// The commits of a cached model of which there are snapshots, sorted.
std::vector<std::string> cached_commits(const std::filesystem::path &cached);

/// The snapshot of a model that is called by its name. Where a commit is given and there, it is that one, whatever the
/// revision means today. Nothing is ever fetched: throws Error naming the folder where it is not, what is there of the
/// model, and how to download it.
std::filesystem::path cached_snapshot(const HubName &name, const std::string &commit = {});

/// The commit of a folder that is a snapshot; empty of every other.
std::string commit_of_snapshot(const std::filesystem::path &folder);

/// Throws Error where links of a snapshot lead nowhere, naming them and saying whether a download was cut off. Does
/// nothing for a folder that is no snapshot.
void refuse_broken_snapshot(const std::filesystem::path &folder);

/// "patchbay-cli download NAME@REVISION"
std::string download_command(const HubName &name);

} // namespace patchbay
