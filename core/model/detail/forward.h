// One plain forward pass over given weights. For core's sources only.
#pragma once

#include "base/cancel.h"
#include "model/detail/hooks.h"
#include "model/detail/weights.h"

namespace patchbay {

struct ForwardOptions {
    bool ungroup_kv = false; ///< as in HookedTransformer::Options
    bool split_qkv = false;
};

/// tokens [P, T], int64, valid for the model. Returns what the unembedding reads: the final norm's output [P, T, D].
at::Tensor forward(const ModelConfig &config, const Weights &weights, const at::Tensor &tokens, Hooks &hooks,
                   const ForwardOptions &options = {}, const CancelToken &cancel = {});

/// Logits in place as the model gives them: soft-capped where the configuration says so.
void cap_logits(const ModelConfig &config, at::Tensor &logits);

} // namespace patchbay
