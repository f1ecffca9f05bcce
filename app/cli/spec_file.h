// Specs as files: a run spec in JSON, or the one that a result was made with.
#pragma once

#include "spec/run_spec.h"
#include "workspace.h"

#include <string>

namespace patchbay::cli {

/// The name of standard input among files.
inline constexpr const char *spec_from_input = "-";
/// Whether a file is a result, or a spec alone.
bool is_result(const std::string &file);
/// Throws Error naming the file and the field that is wrong.
RunSpec read_spec(const std::string &file);
/// What a workspace opens for a spec from a file: its model, or another one where that is named, and its prompts, both
/// with the hashes that the spec has.
WorkOptions work_of(const RunSpec &spec, const std::string &file, const std::string &model = {});

} // namespace patchbay::cli
