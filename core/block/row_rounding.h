// Whether what a row comes to depends on the rows beside it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace patchbay {

/// Whether rows of the engine's products [rows, inner] x [inner, columns] come to the same bytes however many rows
/// there are, on this processor and with the number of threads set: tried with random numbers, from one row to as many
/// as the engine multiplies at once. Kernels of different heights sum in different orders on some processors. products:
/// (inner, columns) of each; columns beyond some thousands are not tried. Takes tenths of a second for a small model,
/// seconds for a large one.
bool rows_round_alike(const std::vector<std::pair<int64_t, int64_t>> &products);

} // namespace patchbay
