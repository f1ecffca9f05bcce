// GPT-2: LayerNorm, learned positions, serial blocks, matrices stored as [in, out].
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig gpt2_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"n_layer", "num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"n_head", "num_attention_heads"});
    config.d_model = keys.size({"n_embd", "hidden_size"});
    config.d_mlp = keys.size_or({"n_inner"}, 4 * config.d_model);
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"n_positions", "n_ctx", "max_position_embeddings"});
    set_d_head(keys, config, "n_head", "n_embd");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = read_activation(keys, "activation_function", "gelu_new");
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    keys.refuse("scale_attn_by_inverse_layer_idx", true);
    keys.refuse("scale_attn_weights", false);
    keys.refuse("add_cross_attention", true);
    return config;
}

FamilyTensors gpt2_tensors(const ConfigKeys &)
{
    FamilyTensors t;
    t.prefixes = {"transformer."};
    t.stream = {
        {Weight::W_E, "wte.weight"},
        {Weight::W_pos, "wpe.weight"},
        {Weight::ln_final_w, "ln_f.weight"},
        {Weight::ln_final_b, "ln_f.bias"},
    };
    t.layers = "h.";
    t.layer = {
        {Weight::ln1_w, "ln_1.weight"},      {Weight::ln1_b, "ln_1.bias"},          {Weight::ln2_w, "ln_2.weight"},
        {Weight::ln2_b, "ln_2.bias"},        {Weight::W_qkv, "attn.c_attn.weight"}, {Weight::b_qkv, "attn.c_attn.bias"},
        {Weight::W_O, "attn.c_proj.weight"}, {Weight::b_O, "attn.c_proj.bias"},     {Weight::W_in, "mlp.c_fc.weight"},
        {Weight::b_in, "mlp.c_fc.bias"},     {Weight::W_out, "mlp.c_proj.weight"},  {Weight::b_out, "mlp.c_proj.bias"},
    };
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::gpt2()
{
    static const FamilyInfo info{
        .name = "gpt2",
        .title = "GPT-2",
        .read_config = gpt2_config,
        .tensors = gpt2_tensors,
        .buffers = {".attn.bias", ".attn.masked_bias"},
    };
    return info;
}

} // namespace patchbay
