// The steps of read_config, for loading a model.
#pragma once

#include "model/detail/family.h"

#include <nlohmann/json.hpp>

namespace patchbay {

/// Throws Error when the file is not a JSON object.
nlohmann::json read_config_json(const std::filesystem::path &path);
struct ReadConfig {
    ModelConfig config;
    FamilyTensors tensors;            ///< what its checkpoint holds
    std::vector<std::string> ignored; ///< keys that change nothing here
};
/// Throws Error naming the key that is missing, unknown or not supported.
ReadConfig config_from_json(const nlohmann::json &root, const std::string &subject);
/// Throws Error with that subject when sizes are out of range or do not fit each other.
void check_config(const ModelConfig &config, const std::string &subject);

} // namespace patchbay
