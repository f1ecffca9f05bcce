// Files that the window opens and writes: what a dropped path is, and results.
#pragma once

#include "controllers/document.h"
#include "patching/run_result.h"

#include <optional>

namespace patchbay {

/// A folder is a model; .jsonl and .csv are prompt pairs, .safetensors token ids, .json a task file. Anything else
/// fails with a reason.
void openDropped(Document &document, const QString &path);

/// Whether a file is a graph of edges in the JSON of EAP-IG and MIB.
bool isEdgesFile(const QString &path);

/// By the file's extension. What went wrong, if something did.
std::optional<Failure> saveResultTo(const QString &file, const RunResult &result);

} // namespace patchbay
