#include "patching/detail/path_estimate.h"

namespace patchbay::detail {

PathGradients path_gradients(const BatchRuns &runs, const Terms &terms, bool through_mlps,
                             const std::vector<Node> &receivers, const std::shared_ptr<const RowMap> &rows,
                             const CancelToken &cancel)
{
    const EngineModel &model = runs.model();
    const ModelConfig &c = model.config();
    const Run &base = runs.run(terms.base_flipped);
    const int64_t D = c.d_model;
    const std::vector<std::pair<int, int>> list = rows->list();
    const ReceiverGradients arriving = receiver_gradients(runs, terms, receivers, rows, cancel);
    // What receivers that read the stream here add to the gradient below it.
    const auto inject = [&](at::Tensor &g, int layer, bool after_attention) {
        for (size_t i = 0; i < receivers.size(); ++i) {
            const int read = receivers[i].site == Site::ResidPost ? receivers[i].layer + 1 : receivers[i].layer;
            if (arriving[i].defined() && read == layer
                && reads_after_attention(receivers[i], c.parallel) == after_attention)
                g += arriving[i];
        }
    };
    const auto mlp_part = [&](int l, const at::Tensor &g) {
        return mlp_stream_gradient(model, l, runs.stream_rows(runs.mlp_input(base, l), list), g);
    };
    PathGradients out;
    out.rows = rows;
    out.after_attention.resize(size_t(c.n_layers));
    out.after_mlp.resize(size_t(c.n_layers));
    at::Tensor g = at::zeros({int64_t(list.size()), D}, at::kFloat);
    for (int l = c.n_layers; l >= 0; --l) {
        inject(g, l, false);
        if (l == 0)
            break;
        cancel.check();
        const int below = l - 1;
        out.after_mlp[size_t(below)] = g.clone();
        const bool live = through_mlps && g.any().item<bool>();
        if (c.parallel) {
            // The layer's own heads are not read by its MLP.
            out.after_attention[size_t(below)] = g.clone();
            if (live)
                g += mlp_part(below, g.clone());
        } else {
            if (live)
                g += mlp_part(below, g.clone());
            inject(g, below, true);
            out.after_attention[size_t(below)] = g.clone();
        }
    }
    return out;
}

} // namespace patchbay::detail
