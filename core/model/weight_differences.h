// Weights that are stored as small differences to those of another folder: the checkpoints of one training, of which
// the neighbours are alike.
#pragma once

#include "base/array.h"

#include <filesystem>

namespace patchbay {

/// In the place of a folder's weights; beside it `base`, a folder (or a link to one) with the weights that they are
/// differences to, which may be stored in the same way.
inline constexpr const char *differences_file = "model.differences.zip", *differences_base = "base";

/// Writes what makes `weights` of `base`, and puts into `base` what a reader will get: that is the base of the next.
/// A matrix is whole multiples of a step a row, `precision` of the root mean square of its row in the base (larger
/// where the largest difference needs it); everything else is kept as F16. What is read is rounded to F16. base_sha256:
/// of the base's files (sha256_of_files), by which a reader knows it. Throws Error where the two do not have the same
/// tensors.
void write_differences(const std::filesystem::path &file, ArrayMap &base, const ArrayMap &weights, double precision,
                       const std::string &base_sha256);

} // namespace patchbay
