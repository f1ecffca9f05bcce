// Examples as padded tensors.
#pragma once

#include "sentences.h"

namespace patchbay::trainer {

struct Batch {
    torch::Tensor ids;                         // [batch, pos]
    torch::Tensor flipped;                     // [batch, pos]; zeros where there is none
    torch::Tensor target;                      // [batch, pos]: the next token, -100 where there is none
    torch::Tensor ioi;                         // [batch] bool
    torch::Tensor io, s;                       // [batch] token ids; 0 where the example is no IOI prompt
    torch::Tensor io_pos, s1_pos, s2_pos, end; // [batch]
};

Batch make_batch(const std::vector<Example> &examples);

/// value [batch, pos, ...] at one position of each row → [batch, ...].
torch::Tensor at_position(const torch::Tensor &value, const torch::Tensor &position);

} // namespace patchbay::trainer
