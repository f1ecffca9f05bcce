// A model's processed weights by name, for comparison with other tools.
#pragma once

#include "base/array.h"
#include "model/model.h"

namespace patchbay {

/// All weights under TransformerLens' names ("blocks.0.attn.W_Q" [H, D, d], …); keys and values of grouped models as
/// _W_K, _W_V, _b_K, _b_V with one entry per key/value head. Norm weights (ln1.w, ln1.b, …) only while they are not
/// folded; those of queries and keys with one row a head.
ArrayMap weight_arrays(const Model &model);

} // namespace patchbay
