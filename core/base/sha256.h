// Fingerprints: of a model's weights, of a batch of prompts.
#pragma once

#include "base/cancel.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// SHA-256, in hexadecimal, of the files' bytes one after the other (for one file what sha256sum prints). Throws Error,
/// Cancelled.
std::string sha256_of_files(const std::vector<std::filesystem::path> &files, const CancelToken &cancel = {});

/// The same of bytes in memory.
std::string sha256_of(const void *bytes, size_t count);

} // namespace patchbay
