#include "model/detail/weights.h"

#include "patching/detail/gemm.h"

namespace patchbay {

at::Tensor Weights::embedding(const at::Tensor &ids) const
{
    return W_E.index_select(0, ids);
}

at::Tensor Weights::unembedding(const at::Tensor &ids) const
{
    return W_U.index_select(1, ids);
}

at::Tensor Weights::unembedding(int64_t first, int64_t count) const
{
    return W_U.narrow(1, first, count);
}

void Weights::logits(const at::Tensor &x, float *out) const
{
    const int64_t rows = x.size(0), D = x.size(1), V = vocabulary();
    const at::Tensor in = x.contiguous();
    at::from_blob(out, {rows, V}, at::kFloat).copy_(b_U.expand({rows, V}));
    detail::gemm(rows, V, D, in.data_ptr<float>(), D, W_U.data_ptr<float>(), V, out, V, true);
}

at::Tensor Weights::logits(const at::Tensor &x) const
{
    at::Tensor out = at::empty({x.size(0), vocabulary()}, at::kFloat);
    logits(x, out.data_ptr<float>());
    return out;
}

} // namespace patchbay
