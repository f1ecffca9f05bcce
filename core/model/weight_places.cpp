#include "model/detail/weight_places.h"

#include "base/error.h"

namespace patchbay {

Place place_of(Weight weight, const ModelConfig &c, Weights &w, LayerWeights &l)
{
    const int64_t D = c.d_model, H = c.n_heads, G = c.n_kv_heads, d = c.d_head, M = c.d_mlp;
    switch (weight) {
    case Weight::W_E:
        return {&w.W_E, {c.d_vocab, D}};
    case Weight::ln_embed_w:
        return {&w.ln_embed_w, {D}};
    case Weight::ln_embed_b:
        return {&w.ln_embed_b, {D}};
    case Weight::W_pos:
        return {&w.W_pos, {c.n_ctx, D}};
    case Weight::ln_final_w:
        return {&w.ln_final_w, {D}};
    case Weight::ln_final_b:
        return {&w.ln_final_b, {D}};
    case Weight::W_U:
        return {&w.W_U, {D, c.d_vocab}};
    case Weight::b_U:
        return {&w.b_U, {c.d_vocab}};
    case Weight::ln1_w:
        return {&l.ln1_w, {D}};
    case Weight::ln1_b:
        return {&l.ln1_b, {D}};
    case Weight::ln2_w:
        return {&l.ln2_w, {D}};
    case Weight::ln2_b:
        return {&l.ln2_b, {D}};
    case Weight::ln1_post_w:
        return {&l.ln1_post_w, {D}};
    case Weight::ln1_post_b:
        return {&l.ln1_post_b, {D}};
    case Weight::ln2_post_w:
        return {&l.ln2_post_w, {D}};
    case Weight::ln2_post_b:
        return {&l.ln2_post_b, {D}};
    case Weight::q_norm:
        return {&l.q_norm, {H, d}};
    case Weight::k_norm:
        return {&l.k_norm, {G, d}};
    case Weight::W_Q:
        return {&l.W_Q, {H, D, d}};
    case Weight::W_K:
        return {&l.W_K, {G, D, d}};
    case Weight::W_V:
        return {&l.W_V, {G, D, d}};
    case Weight::b_Q:
        return {&l.b_Q, {H, d}};
    case Weight::b_K:
        return {&l.b_K, {G, d}};
    case Weight::b_V:
        return {&l.b_V, {G, d}};
    case Weight::W_O:
        return {&l.W_O, {H * d, D}};
    case Weight::b_O:
        return {&l.b_O, {D}};
    case Weight::W_in:
        return {&l.W_in, {D, M}};
    case Weight::W_gate:
        return {&l.W_gate, {D, M}};
    case Weight::b_in:
        return {&l.b_in, {M}};
    case Weight::b_gate:
        return {&l.b_gate, {M}};
    case Weight::mid_norm_w:
        return {&l.mid_norm_w, {M}};
    case Weight::mid_norm_b:
        return {&l.mid_norm_b, {M}};
    case Weight::W_out:
        return {&l.W_out, {M, D}};
    case Weight::b_out:
        return {&l.b_out, {D}};
    case Weight::W_qkv:
    case Weight::b_qkv:
    case Weight::W_gate_in:
        break;
    }
    throw Error("model", "tensors that hold several have several places");
}

} // namespace patchbay
