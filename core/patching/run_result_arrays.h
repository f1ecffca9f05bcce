// A result without its cells, in the encoding of result files: what a run that is recorded as it happens begins with.
#pragma once

#include "io/array_files.h"
#include "patching/run_result.h"

namespace patchbay {

/// Spec, baseline, arrays, summary and the grids' shapes; no cells.
ArrayFile frame_of(const RunResult &result);
/// The same back, every cell missing. Sizes in it are not trusted. Throws Error naming file.
RunResult result_of_frame(ArrayFile frame, const std::string &file);

} // namespace patchbay
