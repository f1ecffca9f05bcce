// Whether what a row comes to in a block depends on the rows beside it.
#pragma once

#include "block/detail/block.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace patchbay::detail {

/// Whether rows that go through a block, and through products [rows, inner] x [inner, columns] besides, come to the
/// same bytes however many of them there are, on this processor and with the number of threads set. Tried with random
/// numbers, from one row to as many as the engine takes at once: kernels of different heights sum in different orders
/// on some processors, and what is left over at the end of a vector takes another way than the rest. products: (inner,
/// columns); columns beyond some thousands are not tried. Takes as long as some thousand rows in one layer.
bool rows_round_alike(const Block &block, const std::vector<std::pair<int64_t, int64_t>> &products);

} // namespace patchbay::detail
