#include "model/detail/pack_projections.h"

namespace patchbay {

namespace {

// [heads, D, d] -> [D, heads * d]
at::Tensor columns(const at::Tensor &W)
{
    return W.permute({1, 0, 2}).reshape({W.size(1), -1});
}

// The columns of `heads` heads of d, from column `from` on, as [heads, D, d].
at::Tensor heads_of(const at::Tensor &W_qkv, int64_t from, int64_t heads, int64_t d)
{
    return W_qkv.narrow(1, from, heads * d).view({W_qkv.size(0), heads, d}).permute({1, 0, 2});
}

} // namespace

void pack_projections(LayerWeights &l, const ModelConfig &config)
{
    const int64_t d = config.d_head, H = config.n_heads, G = config.n_kv_heads;
    l.W_qkv = at::cat({columns(l.W_Q), columns(l.W_K), columns(l.W_V)}, 1);
    l.W_Q = heads_of(l.W_qkv, 0, H, d);
    l.W_K = heads_of(l.W_qkv, H * d, G, d);
    l.W_V = heads_of(l.W_qkv, (H + G) * d, G, d);
}

void pack_projections(Weights &weights, const ModelConfig &config)
{
    if (weights.stored())
        return;
    for (LayerWeights &layer : weights.layers)
        pack_projections(layer, config);
}

} // namespace patchbay
