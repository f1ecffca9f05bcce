// What a Hugging Face cache holds, and what of it can be opened.
#pragma once

#include "base/cancel.h"
#include "hub/hub_name.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// The files of one commit of a model.
struct CachedSnapshot {
    std::string commit;
    std::vector<std::string> revisions; ///< that mean it, main first; may be empty
    std::string reference;              ///< what opens it: NAME, NAME@REVISION or NAME@COMMIT
    std::filesystem::path folder;
    std::string family;  ///< model_type of its config.json; empty where that cannot be read
    uint64_t bytes = 0;  ///< of all its files
    std::string problem; ///< why it cannot be opened; empty: it can, as far as its configuration and files tell
};

struct CachedModel {
    std::string name; ///< ORG/NAME
    std::vector<CachedSnapshot> snapshots;
    uint64_t bytes = 0;  ///< on disk, of all snapshots and unfinished downloads together
    std::string problem; ///< why there is nothing to open where there are no snapshots
};

struct CacheListing {
    std::filesystem::path folder;
    std::vector<CachedModel> models; ///< by name
};

/// Whether a model opens by its name, as far as its configuration and files tell.
bool opens_from_cache(const HubName &name);

/// Reads the configurations and the headers of the weights, no weights. A cache that is not there is an empty one.
/// Throws Cancelled.
CacheListing list_cache(const CancelToken &cancel = {});

} // namespace patchbay
