// A place as a project keeps it.
#pragma once

#include "controllers/navigation.h"

#include <nlohmann/json.hpp>

namespace patchbay {

/// Runs stand in it under the ids that `idOf` says, those below 0 not at all.
nlohmann::json placeToJson(const Place &place, const std::function<qint64(int run)> &idOf);
/// runOf: the run in the list, -1 where it is not there any more. Throws Error naming the file and what is wrong.
Place placeFromJson(const nlohmann::json &json, const std::string &file, const std::function<int(qint64 id)> &runOf);

} // namespace patchbay
