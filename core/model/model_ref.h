// How a spec names a model.
#pragma once

#include "io/dtype.h"
#include "model/config.h"

#include <optional>
#include <string>

namespace patchbay {

struct ModelRef {
    std::string path = "demo";
    std::string sha256; ///< of the weights; empty: not checked
    Processing processing;
    std::optional<DType> dtype = {}; ///< of LoadOptions
    bool operator==(const ModelRef &) const = default;
};

} // namespace patchbay
