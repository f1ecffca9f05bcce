#include "copy_score.h"

namespace patchbay::trainer {

CopyScore copy_score(const Network &network, const torch::Tensor &resid, const Batch &batch, int64_t layer,
                     int64_t head)
{
    const NetworkConfig &c = network.config();
    const auto x = torch::cat({at_position(resid, batch.io_pos), at_position(resid, batch.s1_pos),
                               at_position(resid, batch.s2_pos)});          // [row, d_model]
    const auto own = torch::cat({batch.io, batch.s, batch.s}).unsqueeze(1); // [row, 1]
    const auto w_v = network.parameter(layer, "attention.query_key_value.weight")
                         .view({c.heads, 3, c.d_head(), c.d_model})
                         .select(0, head)
                         .select(0, 2); // [d_head, d_model]
    const auto w_o = network.parameter(layer, "attention.dense.weight")
                         .narrow(1, head * c.d_head(), c.d_head()); // [d_model, d_head]
    const auto centred = x - x.mean(-1, true);                      // [row, d_model]
    const auto v =
        torch::matmul(centred * network.parameter(layer, "input_layernorm.weight"), w_v.t()); // [row, d_head]
    auto o = torch::matmul(v, w_o.t());                                                       // [row, d_model]
    o = (o - o.mean(-1, true)) * network.parameter("gpt_neox.final_layer_norm.weight");
    const auto bias = network.unembed(network.parameter("gpt_neox.final_layer_norm.bias")); // [d_vocab]
    const auto share = [&](double sign) {
        const auto top = std::get<1>(torch::topk(sign * network.unembed(o) + bias, 5, -1)); // [row, 5]
        return 100 * (top == own).any(-1).to(torch::kDouble).mean().item<double>();
    };
    return {share(1.0), share(-1.0)};
}

} // namespace patchbay::trainer
