#include "model/detail/process_weights.h"

namespace patchbay {

namespace {

/// Moves a norm's weight and bias into what reads the normalised residual stream: W [.., D, k] with the bias b [.., k].
void fold_into(const at::Tensor &ln_w, const at::Tensor &ln_b, bool centre, at::Tensor &W, at::Tensor *b)
{
    if (ln_b.defined() && b)
        b->add_(at::matmul(ln_b, W)); // [.., k]
    W.mul_(ln_w.unsqueeze(-1));
    // What LayerNorm hands over has mean zero, so a constant along d_model reads nothing.
    if (centre)
        W.sub_(W.mean(-2, true));
}

void fold_norms(Weights &w, const ModelConfig &config)
{
    const bool centre = config.norm == Norm::LayerNorm;
    for (LayerWeights &l : w.layers) {
        if (!config.pre_norms)
            break;
        fold_into(l.ln1_w, l.ln1_b, centre, l.W_Q, &l.b_Q);
        fold_into(l.ln1_w, l.ln1_b, centre, l.W_K, &l.b_K);
        fold_into(l.ln1_w, l.ln1_b, centre, l.W_V, &l.b_V);
        l.ln1_w = l.ln1_b = at::Tensor();
        // A gated MLP has no bias before its product that could take up the norm's.
        if (l.W_gate.defined() && l.ln2_b.defined())
            continue;
        fold_into(l.ln2_w, l.ln2_b, centre, l.W_in, &l.b_in);
        if (l.W_gate.defined())
            fold_into(l.ln2_w, l.ln2_b, centre, l.W_gate, nullptr);
        l.ln2_w = l.ln2_b = at::Tensor();
    }
    fold_into(w.ln_final_w, w.ln_final_b, centre, w.W_U, &w.b_U);
    w.ln_final_w = w.ln_final_b = at::Tensor();
}

void centre_rows(at::Tensor &W)
{
    if (W.defined())
        W.sub_(W.mean(-1, true));
}

void centre_writing(Weights &w)
{
    centre_rows(w.W_E);
    centre_rows(w.W_pos);
    for (LayerWeights &l : w.layers)
        for (at::Tensor *writer : {&l.W_O, &l.b_O, &l.W_out, &l.b_out})
            centre_rows(*writer);
}

// Attention weights sum to one, so a value's bias reaches the output unchanged.
void fold_value_biases(Weights &w, const ModelConfig &config)
{
    for (LayerWeights &l : w.layers) {
        const at::Tensor b_V = l.b_V.repeat_interleave(config.kv_group(), 0); // [H, d]
        l.b_O.add_(at::matmul(b_V.unsqueeze(1), l.W_O).sum(0).squeeze(0)); // [H, 1, d] x [H, d, D]
        l.b_V.zero_();
    }
}

} // namespace

void process_weights(Weights &weights, const ModelConfig &config, const Processing &processing)
{
    if (processing.fold_ln)
        fold_norms(weights, config);
    // RMSNorm does not subtract the mean, so there it must stay; so it must where the stream itself is read, or where a post norm writes to it.
    if (processing.center_writing && config.norm == Norm::LayerNorm && config.pre_norms && !config.post_norms)
        centre_writing(weights);
    if (processing.center_unembed) {
        centre_rows(weights.W_U);
        centre_rows(weights.b_U);
    }
    // What is cut off is not the sum of its parts.
    if (processing.fold_value_biases && config.clip_qkv == 0)
        fold_value_biases(weights, config);
}

} // namespace patchbay
