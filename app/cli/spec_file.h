// Specs as files: a run spec in JSON, or the one that a result was made with.
#pragma once

#include "spec/run_spec.h"

#include <string>

namespace patchbay::cli {

/// Whether a file is a result, or a spec alone.
bool is_result(const std::string &file);
/// Throws Error naming the file and the field that is wrong.
RunSpec read_spec(const std::string &file);

} // namespace patchbay::cli
