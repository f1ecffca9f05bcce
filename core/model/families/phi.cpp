// Phi 1, 1.5 and 2: attention and MLP in parallel behind one norm, partial rotary, a bias of the unembedding.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig phi_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = keys.size({"num_attention_heads"});
    config.n_kv_heads = keys.size_or({"num_key_value_heads"}, config.n_heads);
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"intermediate_size"});
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.eps = keys.number({"layer_norm_eps"}, 1e-5);
    config.activation = read_activation(keys, "hidden_act", "gelu_new");
    config.parallel = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", false);
    keys.refuse("qk_layernorm", true);
    read_rotary(keys, config, 0.5);
    return config;
}

FamilyTensors phi_tensors(const ConfigKeys &)
{
    FamilyTensors t;
    t.prefixes = {"model."};
    t.stream = {
        {Weight::W_E, "embed_tokens.weight"},
        {Weight::ln_final_w, "final_layernorm.weight"},
        {Weight::ln_final_b, "final_layernorm.bias"},
    };
    t.layers = "layers.";
    t.layer = {
        {Weight::ln1_w, "input_layernorm.weight"},
        {Weight::ln1_b, "input_layernorm.bias"},
        {Weight::ln2_w, "input_layernorm.weight"},
        {Weight::ln2_b, "input_layernorm.bias"},
        {Weight::W_Q, "self_attn.q_proj.weight", Layout::Linear},
        {Weight::b_Q, "self_attn.q_proj.bias"},
        {Weight::W_K, "self_attn.k_proj.weight", Layout::Linear},
        {Weight::b_K, "self_attn.k_proj.bias"},
        {Weight::W_V, "self_attn.v_proj.weight", Layout::Linear},
        {Weight::b_V, "self_attn.v_proj.bias"},
        {Weight::W_O, "self_attn.dense.weight", Layout::Linear},
        {Weight::b_O, "self_attn.dense.bias"},
        {Weight::W_in, "mlp.fc1.weight", Layout::Linear},
        {Weight::b_in, "mlp.fc1.bias"},
        {Weight::W_out, "mlp.fc2.weight", Layout::Linear},
        {Weight::b_out, "mlp.fc2.bias"},
    };
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}, {Weight::b_U, "lm_head.bias"}};
    return t;
}

} // namespace

const FamilyInfo &declared::phi()
{
    static const FamilyInfo info{
        .name = "phi",
        .title = "Phi",
        .read_config = phi_config,
        .tensors = phi_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
