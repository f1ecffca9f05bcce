// How many bytes LibTorch's tensors take, counted where it allocates them. A Qt Test program cannot include its
// headers.
#pragma once

#include <cstddef>

namespace patchbay::testing {

/// From now on; call it once, before anything is computed.
void count_tensor_bytes();
size_t tensor_bytes();
/// The most since the last call of begin_peak().
size_t peak_tensor_bytes();
void begin_peak();

} // namespace patchbay::testing
