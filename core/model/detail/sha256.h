// The fingerprint of a model's weights.
#pragma once

#include "base/cancel.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// SHA-256, in hexadecimal, of the files' bytes one after the other (for one file what sha256sum prints). Throws Error, Cancelled.
std::string sha256_of_files(const std::vector<std::filesystem::path> &files, const CancelToken &cancel = {});

} // namespace patchbay
