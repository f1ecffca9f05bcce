// BLOOM: a norm of the embedding, ALiBi in place of positions, queries, keys and values head by head.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig bloom_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"n_layer", "num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"n_head", "num_attention_heads"});
    config.d_model = keys.size({"n_embed", "hidden_size"});
    config.d_mlp = 4 * config.d_model;
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx =
        keys.size_or({"seq_length", "max_position_embeddings"}, 2048); // of the training; ALiBi sets no bound
    set_d_head(keys, config, "n_head", "hidden_size");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = Activation::GeluNew;
    config.alibi = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    keys.refuse("apply_residual_connection_post_layernorm", true);
    return config;
}

FamilyTensors bloom_tensors(const ConfigKeys &)
{
    FamilyTensors t;
    t.prefixes = {"transformer."};
    t.stream = {
        {Weight::W_E, "word_embeddings.weight"},
        {Weight::ln_embed_w, "word_embeddings_layernorm.weight"},
        {Weight::ln_embed_b, "word_embeddings_layernorm.bias"},
        {Weight::ln_final_w, "ln_f.weight"},
        {Weight::ln_final_b, "ln_f.bias"},
    };
    t.layers = "h.";
    t.layer = {
        {Weight::ln1_w, "input_layernorm.weight"},
        {Weight::ln1_b, "input_layernorm.bias"},
        {Weight::ln2_w, "post_attention_layernorm.weight"},
        {Weight::ln2_b, "post_attention_layernorm.bias"},
        {Weight::W_qkv, "self_attention.query_key_value.weight", Layout::LinearByHead},
        {Weight::b_qkv, "self_attention.query_key_value.bias", Layout::PlainByHead},
        {Weight::W_O, "self_attention.dense.weight", Layout::Linear},
        {Weight::b_O, "self_attention.dense.bias"},
        {Weight::W_in, "mlp.dense_h_to_4h.weight", Layout::Linear},
        {Weight::b_in, "mlp.dense_h_to_4h.bias"},
        {Weight::W_out, "mlp.dense_4h_to_h.weight", Layout::Linear},
        {Weight::b_out, "mlp.dense_4h_to_h.bias"},
    };
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::bloom()
{
    static const FamilyInfo info{
        .name = "bloom",
        .title = "BLOOM",
        .read_config = bloom_config,
        .tensors = bloom_tensors,
        .buffers = {},

    };
    return info;
}

} // namespace patchbay
