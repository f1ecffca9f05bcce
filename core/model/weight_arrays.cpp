#include "model/weight_arrays.h"

#include "base/signals.h"
#include "model/detail/tensor_array.h"
#include "model/detail/weights.h"

namespace patchbay {

ArrayMap weight_arrays(const Model &model)
{
    const SignalsHeldOff held;
    ArrayMap out;
    const auto add = [&](const std::string &name, const at::Tensor &tensor) {
        if (tensor.defined() && tensor.numel() > 0) // without MLPs theirs are empty
            out.emplace(name, to_array(tensor));
    };
    const Weights &w = model.weights();
    add("embed.W_E", w.embedding(at::arange(w.vocabulary())));
    add("pos_embed.W_pos", w.W_pos);
    for (size_t layer = 0; layer < w.layers.size(); ++layer) {
        const LayerWeights l = w.layer(int(layer));
        const std::string block = "blocks." + std::to_string(layer) + ".", attn = block + "attn.", mlp = block + "mlp.";
        const std::string shared = model.config().grouped() ? "_" : "";
        add(block + "ln1.w", l.ln1_w);
        add(block + "ln1.b", l.ln1_b);
        add(block + "ln2.w", l.ln2_w);
        add(block + "ln2.b", l.ln2_b);
        add(block + "ln1_post.w", l.ln1_post_w);
        add(block + "ln1_post.b", l.ln1_post_b);
        add(block + "ln2_post.w", l.ln2_post_w);
        add(block + "ln2_post.b", l.ln2_post_b);
        add(attn + "q_norm.w", l.q_norm);
        add(attn + "k_norm.w", l.k_norm);
        add(attn + "W_Q", l.W_Q);
        add(attn + shared + "W_K", l.W_K);
        add(attn + shared + "W_V", l.W_V);
        add(attn + "W_O", l.W_O);
        add(attn + "b_Q", l.b_Q);
        add(attn + shared + "b_K", l.b_K);
        add(attn + shared + "b_V", l.b_V);
        add(attn + "b_O", l.b_O);
        add(mlp + "W_in", l.W_in);
        add(mlp + "W_gate", l.W_gate);
        add(mlp + "b_in", l.b_in);
        add(mlp + "b_gate", l.b_gate);
        add(mlp + "ln.w", l.mid_norm_w);
        add(mlp + "ln.b", l.mid_norm_b);
        add(mlp + "W_out", l.W_out);
        add(mlp + "b_out", l.b_out);
    }
    add("ln_final.w", w.ln_final_w);
    add("ln_final.b", w.ln_final_b);
    add("unembed.W_U", w.unembedding(0, w.vocabulary()));
    add("unembed.b_U", w.b_U);
    return out;
}

} // namespace patchbay
