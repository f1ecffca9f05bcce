// Files that the window opens and writes: what a dropped path is, and results.
#pragma once

#include "controllers/document.h"
#include "controllers/runs_store.h"
#include "patching/run_result.h"

#include <optional>

namespace patchbay {

/// What a path is to the window.
enum class FileKind {
    Project,
    Series,  ///< a folder
    Recipe,  ///< a folder that a recipe was run into
    Edges,   ///< a graph of edges as EAP-IG and MIB write it (.json, .pt)
    Result,  ///< .safetensors, .npz or .json, with the spec that it was computed by
    Figure,  ///< .pdf, .svg or .png, with the spec of what it shows
    Numbers, ///< .pt, .npz or .safetensors with what another program computed
    Other,   ///< a model's folder, prompts, a task file, or nothing that is known
};
FileKind kindOf(const QString &path);

/// A folder is a model; .jsonl and .csv are prompt pairs, .safetensors token ids, .json a task file. Anything else
/// fails with a reason.
void openDropped(Document &document, const QString &path);

/// Results as runs for the list, done: that of a file, or of each step of a recipe's folder. Throws Error.
std::vector<RunEntry> runsOf(const QString &path, FileKind kind);

/// The runs that a figure shows, by its specs. Throws Error.
std::vector<RunSpec> specsOfFigure(const QString &file);

/// By the file's extension. What went wrong, if something did.
std::optional<Failure> saveResultTo(const QString &file, const RunResult &result);

} // namespace patchbay
