// Numbers that another program saved with torch.save.
#pragma once

#include "base/array.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace patchbay {

struct PytorchArrays {
    ArrayMap arrays;     ///< tensors in dicts and lists by "outer.inner", one alone by the file's name without ending
    nlohmann::json rest; ///< what stands beside them: numbers, texts, lists, dicts; null where a tensor is
};

/// Floats become float32, integers and flags int64. Nothing in the file is run. Throws Error naming the file and what
/// is wrong.
PytorchArrays read_pytorch_arrays(const std::filesystem::path &path);

} // namespace patchbay
