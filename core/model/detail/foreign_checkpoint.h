// Folders and files that people take for a model that can be opened: what they are instead, and what to do. For core's
// sources only.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace patchbay {

/// Of a file where a folder should be. Always throws Error.
[[noreturn]] void refuse_model_file(const std::filesystem::path &file);
/// Throws Error where a folder without config.json is something known: an adapter, a cache, GGUF, weights of another
/// kind, the folder above.
void refuse_folder_without_config(const std::filesystem::path &folder);
/// Throws Error where a folder that has a config.json holds weights of a known kind that is not read.
void refuse_foreign_weights(const std::filesystem::path &folder);
/// Throws Error where the configuration is that of a quantised checkpoint, an encoder, an encoder-decoder or a
/// classifier.
void refuse_foreign_config(const nlohmann::json &config, const std::filesystem::path &file);
/// Throws Error naming the file where a tensor's name shows that a checkpoint is quantised, an adapter, or has a head
/// of another kind.
void refuse_foreign_tensor(const std::string &tensor, const std::string &file);

} // namespace patchbay
