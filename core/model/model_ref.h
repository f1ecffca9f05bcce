// How a spec names a model.
#pragma once

#include "io/dtype.h"
#include "model/config.h"

#include <optional>
#include <string>

namespace patchbay {

struct ModelRef {
    std::string path = "demo"; ///< a folder, "demo", or a name in the Hugging Face cache: see model_folder()
    std::string commit;        ///< of the hub, where it was opened from the cache; empty: none known
    std::string sha256;        ///< of the weights; empty: not checked
    Processing processing;
    std::optional<DType> dtype = {}; ///< of LoadOptions
    bool operator==(const ModelRef &) const = default;
};

} // namespace patchbay
