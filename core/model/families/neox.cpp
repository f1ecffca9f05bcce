// GPT-NeoX and Pythia: LayerNorm, partial rotary, attention and MLP in parallel unless use_parallel_residual is off.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig neox_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"num_attention_heads"});
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"intermediate_size"});
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.eps = keys.number({"layer_norm_eps"}, 1e-5);
    config.activation = read_activation(keys, "hidden_act", "gelu");
    config.parallel = keys.flag("use_parallel_residual", true);
    config.tied_embedding = keys.flag("tie_word_embeddings", false);
    read_rotary(keys, config, 0.25);
    return config;
}

FamilyTensors neox_tensors(const ConfigKeys &keys)
{
    FamilyTensors t;
    t.prefixes = {"gpt_neox."};
    t.stream = {
        {Weight::W_E, "embed_in.weight"},
        {Weight::ln_final_w, "final_layer_norm.weight"},
        {Weight::ln_final_b, "final_layer_norm.bias"},
    };
    t.layers = "layers.";
    t.layer = {
        {Weight::ln1_w, "input_layernorm.weight"},
        {Weight::ln1_b, "input_layernorm.bias"},
        {Weight::ln2_w, "post_attention_layernorm.weight"},
        {Weight::ln2_b, "post_attention_layernorm.bias"},
        {Weight::W_qkv, "attention.query_key_value.weight", Layout::LinearByHead},
        {Weight::W_O, "attention.dense.weight", Layout::Linear},
        {Weight::W_in, "mlp.dense_h_to_4h.weight", Layout::Linear},
        {Weight::b_in, "mlp.dense_h_to_4h.bias"},
        {Weight::W_out, "mlp.dense_4h_to_h.weight", Layout::Linear},
        {Weight::b_out, "mlp.dense_4h_to_h.bias"},
    };
    if (keys.flag("attention_bias", true)) {
        t.layer.push_back({Weight::b_qkv, "attention.query_key_value.bias", Layout::PlainByHead});
        t.layer.push_back({Weight::b_O, "attention.dense.bias"});
    }
    t.head = {{Weight::W_U, "embed_out.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::neox()
{
    static const FamilyInfo info{
        .name = "gpt_neox",
        .title = "GPT-NeoX",
        .read_config = neox_config,
        .tensors = neox_tensors,
        .buffers = {".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq", "rotary_emb.cos_cached",
                    "rotary_emb.sin_cached"},
    };
    return info;
}

} // namespace patchbay
