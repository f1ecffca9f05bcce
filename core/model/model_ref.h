// How a spec names a model.
#pragma once

#include "model/config.h"

#include <string>

namespace patchbay {

struct ModelRef {
    std::string path = "demo";
    std::string sha256; ///< of the weights; empty: not checked
    Processing processing;
    bool operator==(const ModelRef &) const = default;
};

} // namespace patchbay
