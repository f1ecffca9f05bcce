// Results in the encoding of their files: whole, and without cells, as what a run that is recorded as it happens begins
// with.
#pragma once

#include "io/array_files.h"
#include "patching/run_result.h"

namespace patchbay {

/// All that is in a result's file.
ArrayFile file_of(const RunResult &result);
/// The same back. Throws Error naming file.
RunResult result_of_file(ArrayFile content, const std::string &file);

/// Spec, baseline, arrays, summary and the grids' shapes; no cells.
ArrayFile frame_of(const RunResult &result);
/// The same back, every cell missing. Sizes in it are not trusted. Throws Error naming file.
RunResult result_of_frame(ArrayFile frame, const std::string &file);

} // namespace patchbay
