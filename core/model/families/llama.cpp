// Llama 1 to 3: RMSNorm, rotary over the whole head, gated MLP, grouped keys and values.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig llama_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = keys.size({"num_attention_heads"});
    config.n_kv_heads = keys.size_or({"num_key_value_heads"}, config.n_heads);
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"intermediate_size"});
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    if (keys.find({"head_dim"}))
        config.d_head = keys.size({"head_dim"});
    else
        set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.norm = Norm::RmsNorm;
    config.eps = keys.number({"rms_norm_eps"}, 1e-6);
    config.activation = read_activation(keys, "hidden_act", "silu");
    config.gated_mlp = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", false);
    read_rotary(keys, config, 1.0);
    return config;
}

FamilyTensors llama_tensors(const ConfigKeys &keys)
{
    FamilyTensors t;
    t.prefixes = {"model."};
    t.stream = {
        {Weight::W_E, "embed_tokens.weight"},
        {Weight::ln_final_w, "norm.weight"},
    };
    t.layers = "layers.";
    t.layer = {
        {Weight::ln1_w, "input_layernorm.weight"},
        {Weight::ln2_w, "post_attention_layernorm.weight"},
        {Weight::W_Q, "self_attn.q_proj.weight", Layout::Linear},
        {Weight::W_K, "self_attn.k_proj.weight", Layout::Linear},
        {Weight::W_V, "self_attn.v_proj.weight", Layout::Linear},
        {Weight::W_O, "self_attn.o_proj.weight", Layout::Linear},
        {Weight::W_gate, "mlp.gate_proj.weight", Layout::Linear},
        {Weight::W_in, "mlp.up_proj.weight", Layout::Linear},
        {Weight::W_out, "mlp.down_proj.weight", Layout::Linear},
    };
    if (keys.flag("attention_bias", false)) {
        t.layer.push_back({Weight::b_Q, "self_attn.q_proj.bias"});
        t.layer.push_back({Weight::b_K, "self_attn.k_proj.bias"});
        t.layer.push_back({Weight::b_V, "self_attn.v_proj.bias"});
        t.layer.push_back({Weight::b_O, "self_attn.o_proj.bias"});
    }
    if (keys.flag("mlp_bias", false)) {
        t.layer.push_back({Weight::b_gate, "mlp.gate_proj.bias"});
        t.layer.push_back({Weight::b_in, "mlp.up_proj.bias"});
        t.layer.push_back({Weight::b_out, "mlp.down_proj.bias"});
    }
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::llama()
{
    static const FamilyInfo info{
        .name = "llama",
        .title = "Llama",
        .read_config = llama_config,
        .tensors = llama_tensors,
        .buffers = {"rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached"},
    };
    return info;
}

} // namespace patchbay
