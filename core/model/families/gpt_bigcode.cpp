// GPT-BigCode (SantaCoder, StarCoder): GPT-2 with matrices stored as [out, in] and one key and value for all heads.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig gpt_bigcode_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"n_layer", "num_hidden_layers"});
    config.n_heads = keys.size({"n_head", "num_attention_heads"});
    config.n_kv_heads = keys.flag("multi_query", true) ? 1 : config.n_heads;
    keys.find({"num_key_value_heads"}); // written by newer versions, and not read by them
    config.d_model = keys.size({"n_embd", "hidden_size"});
    config.d_mlp = keys.size_or({"n_inner"}, 4 * config.d_model);
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"n_positions", "max_position_embeddings"});
    set_d_head(keys, config, "n_head", "n_embd");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = read_activation(keys, "activation_function", "gelu_pytorch_tanh");
    if (!keys.flag("scale_attn_weights", true))
        config.attention_scale = 1;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    keys.refuse("add_cross_attention", true);
    return config;
}

FamilyTensors gpt_bigcode_tensors(const ConfigKeys &keys)
{
    const bool one_kv = keys.flag("multi_query", true);
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
        {Weight::ln1_w, "ln_1.weight"},
        {Weight::ln1_b, "ln_1.bias"},
        {Weight::ln2_w, "ln_2.weight"},
        {Weight::ln2_b, "ln_2.bias"},
        {Weight::W_qkv, "attn.c_attn.weight", one_kv ? Layout::Linear : Layout::LinearByHead},
        {Weight::b_qkv, "attn.c_attn.bias", one_kv ? Layout::Plain : Layout::PlainByHead},
        {Weight::W_O, "attn.c_proj.weight", Layout::Linear},
        {Weight::b_O, "attn.c_proj.bias"},
        {Weight::W_in, "mlp.c_fc.weight", Layout::Linear},
        {Weight::b_in, "mlp.c_fc.bias"},
        {Weight::W_out, "mlp.c_proj.weight", Layout::Linear},
        {Weight::b_out, "mlp.c_proj.bias"},
    };
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::gpt_bigcode()
{
    static const FamilyInfo info{
        .name = "gpt_bigcode",
        .title = "GPT-BigCode",
        .read_config = gpt_bigcode_config,
        .tensors = gpt_bigcode_tensors,
        .buffers = declared::gpt2().buffers,
    };
    return info;
}

} // namespace patchbay
