#include "model/detail/random_weights.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace patchbay {

Weights random_weights(const ModelConfig &c, uint64_t seed)
{
    const at::Generator generator = at::detail::createCPUGenerator(seed);
    const auto normal = [&](at::IntArrayRef shape, double deviation) {
        return at::empty(shape, at::kFloat).normal_(0, deviation, generator);
    };
    const int64_t D = c.d_model, H = c.n_heads, G = c.n_kv_heads, d = c.d_head, M = c.d_mlp;
    // Queries, keys and values of unit size from a normalised stream: attention is neither uniform nor saturated. What
    // a block writes is scaled so that the stream does not grow with depth.
    const double reads = 1 / std::sqrt(double(D)), depth = 1 / std::sqrt(2.0 * c.n_layers), small = 0.1;
    const bool layer_norm = c.norm == Norm::LayerNorm;
    const auto norm_bias = [&] { return layer_norm ? normal({D}, small) : at::Tensor(); };
    Weights w;
    w.W_E = normal({c.d_vocab, D}, 1);
    if (c.learned_positions())
        w.W_pos = normal({c.n_ctx, D}, 0.2);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        LayerWeights l;
        if (c.pre_norms) {
            l.ln1_b = norm_bias();
            l.ln2_b = c.has_mlp() ? norm_bias() : at::Tensor();
        }
        if (c.post_norms) {
            l.ln1_post_w = normal({D}, small) + depth;
            l.ln1_post_b = norm_bias();
        }
        if (c.post_norms && c.has_mlp()) {
            l.ln2_post_w = normal({D}, small) + depth;
            l.ln2_post_b = norm_bias();
        }
        if (c.qk_norm != QkNorm::None) {
            l.q_norm = normal({H, d}, 0.3) + 1;
            l.k_norm = normal({G, d}, 0.3) + 1;
        }
        l.W_Q = normal({H, D, d}, reads);
        l.W_K = normal({G, D, d}, reads);
        l.W_V = normal({G, D, d}, reads);
        l.W_O = normal({H, d, D}, depth / std::sqrt(double(H * d)));
        l.b_Q = normal({H, d}, small);
        l.b_K = normal({G, d}, small);
        l.b_V = normal({G, d}, small);
        l.b_O = normal({D}, small);
        l.W_in = normal({D, M}, reads);
        if (c.gated_mlp) {
            l.W_gate = normal({D, M}, reads);
            l.b_gate = normal({M}, small);
        }
        l.b_in = normal({M}, small);
        if (c.mid_norm) {
            l.mid_norm_w = normal({M}, small) + 1;
            l.mid_norm_b = layer_norm ? normal({M}, small) : at::Tensor();
        }
        l.W_out = normal({M, D}, depth / std::sqrt(double(std::max<int64_t>(M, 1))));
        l.b_out = c.has_mlp() ? normal({D}, small) : at::zeros({D});
        w.layers.push_back(std::move(l));
    }
    // Not one, so that what norms are folded into shows.
    const auto norm_weight = [&] { return normal({D}, small) + 1; };
    for (LayerWeights &l : w.layers)
        if (c.pre_norms) {
            l.ln1_w = norm_weight();
            l.ln2_w = c.has_mlp() ? norm_weight() : at::Tensor();
        }
    w.ln_final_w = norm_weight();
    w.ln_final_b = c.final_rms ? at::Tensor() : norm_bias();
    w.W_U = c.tied_embedding ? (w.W_E.t() * reads).contiguous() : normal({D, c.d_vocab}, reads);
    w.b_U = at::zeros({c.d_vocab});
    return w;
}

} // namespace patchbay
