#include "model/detail/weights.h"

#include "block/detail/gemm.h"
#include "model/detail/pack_projections.h"
#include "model/detail/process_weights.h"

#include <algorithm>

namespace patchbay {

LayerWeights Weights::layer(int l) const
{
    LayerWeights out = layers[size_t(l)];
    if (!stored())
        return out;
    for (at::Tensor *matrix : out.large())
        if (matrix->defined())
            *matrix = matrix->to(at::kFloat);
    for (at::Tensor *writer : {&out.W_O, &out.W_out})
        if (residual_scale != 1)
            writer->mul_(residual_scale);
    for (at::Tensor *bias : {&out.b_O, &out.b_out}) // centred in place
        *bias = bias->clone();
    process_layer(out, config, processing);
    pack_projections(out, config);
    return out;
}

void Weights::settle_embedding(at::Tensor &rows) const
{
    if (embedding_scale != 1)
        rows.mul_(embedding_scale);
    if (!ln_embed_w.defined())
        return;
    rows.sub_(rows.mean(-1, true));
    rows.div_((rows.pow(2).mean(-1, true) + config.eps).sqrt_()).mul_(ln_embed_w);
    if (ln_embed_b.defined())
        rows.add_(ln_embed_b);
}

at::Tensor Weights::embedding(const at::Tensor &ids) const
{
    at::Tensor rows = W_E.index_select(0, ids);
    if (stored()) {
        rows = rows.to(at::kFloat);
        settle_embedding(rows);
        process_embedding(rows, processing);
    }
    return rows;
}

at::Tensor Weights::unembedding(const at::Tensor &ids) const
{
    return stored() ? processed_columns(unembed, unembed.rows.index_select(0, ids)) : W_U.index_select(1, ids);
}

at::Tensor Weights::unembedding(int64_t first, int64_t count) const
{
    return stored() ? processed_columns(unembed, unembed.rows.narrow(0, first, count)) : W_U.narrow(1, first, count);
}

void Weights::for_columns(const std::function<void(int64_t first, const at::Tensor &columns)> &work) const
{
    for (int64_t first = 0; first < vocabulary(); first += columns_at_once)
        work(first, unembedding(first, std::min(columns_at_once, vocabulary() - first)));
}

void Weights::logits(const at::Tensor &x, float *out) const
{
    const int64_t rows = x.size(0), D = x.size(1), V = vocabulary();
    const at::Tensor in = x.contiguous();
    at::from_blob(out, {rows, V}, at::kFloat).copy_(b_U.expand({rows, V}));
    for_columns([&](int64_t first, const at::Tensor &W) {
        detail::gemm(rows, W.size(1), D, in.data_ptr<float>(), D, W.data_ptr<float>(), W.stride(0), out + first, V,
                     true);
    });
}

at::Tensor Weights::logits(const at::Tensor &x) const
{
    at::Tensor out = at::empty({x.size(0), vocabulary()}, at::kFloat);
    logits(x, out.data_ptr<float>());
    return out;
}

} // namespace patchbay
