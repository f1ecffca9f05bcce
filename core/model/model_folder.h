// The folder that a model's path stands for, and the name that people know the model by.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// Whether a path means the model that comes with the program: "demo", or a checkpoint of its training, "demo@step100".
bool is_demo(const std::string &path);
/// The revisions of the demo model, "step0" …, in the order of its training.
std::vector<std::string> demo_revisions();

/// The folder with config.json: "demo" is the model that comes with the program (is_demo); a model's folder in a
/// Hugging Face cache (models--ORG--NAME) stands for the snapshot in it. Where there is no such folder,
/// ORG/NAME[@REVISION] is looked up in the cache (hub/snapshot.h), first by the commit, if one is given. Throws Error
/// saying what the path is instead, and what to open.
std::filesystem::path model_folder(const std::string &path, const std::string &commit = {});

/// Whether a path is meant as a name in the Hugging Face cache: it looks like one, and no folder here has that name.
bool is_cached_name(const std::string &path);

/// The path that a spec or a result names. A relative one that leads nowhere from the working folder is meant from
/// beside that file.
std::string model_path_in(const std::filesystem::path &file, const std::string &path);

/// As results and specs keep it, so that it means the same in another folder: absolute, "demo", or a name in the cache.
std::string absolute_model_path(const std::string &path);

/// For captions and lists: the folder's name, whatever way the path takes to it (".", links, a slash at its end); of a
/// snapshot in a Hugging Face cache the model's, and of a name without the organisation, with a revision that is not
/// main. "demo" stays.
std::string model_name(const std::string &path);

} // namespace patchbay
