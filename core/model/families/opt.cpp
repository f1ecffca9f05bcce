// OPT: GPT-2 with relu, separate queries, keys and values, and positions that begin at the third row of their
// embedding.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig opt_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"num_attention_heads"});
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"ffn_dim"});
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.activation = read_activation(keys, "activation_function", "relu");
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    // The 350M model alone: norms of the stream itself, and an embedding of another width.
    keys.refuse("do_layer_norm_before", false);
    keys.refuse("_remove_final_layer_norm", true);
    if (keys.size_or({"word_embed_proj_dim"}, config.d_model) != config.d_model)
        throw Error(keys.file(),
                    "\"word_embed_proj_dim\" is not \"hidden_size\": projections of the embedding are not supported");
    return config;
}

FamilyTensors opt_tensors(const ConfigKeys &keys)
{
    FamilyTensors t;
    t.prefixes = {"model.decoder.", "decoder."};
    t.stream = {
        {Weight::W_E, "embed_tokens.weight"},
        {Weight::W_pos, "embed_positions.weight", Layout::Plain, 2},
    };
    t.layers = "layers.";
    t.layer = {
        {Weight::W_Q, "self_attn.q_proj.weight", Layout::Linear},
        {Weight::W_K, "self_attn.k_proj.weight", Layout::Linear},
        {Weight::W_V, "self_attn.v_proj.weight", Layout::Linear},
        {Weight::W_O, "self_attn.out_proj.weight", Layout::Linear},
        {Weight::W_in, "fc1.weight", Layout::Linear},
        {Weight::W_out, "fc2.weight", Layout::Linear},
    };
    if (keys.flag("layer_norm_elementwise_affine", true)) {
        t.stream.push_back({Weight::ln_final_w, "final_layer_norm.weight"});
        t.stream.push_back({Weight::ln_final_b, "final_layer_norm.bias"});
        t.layer.push_back({Weight::ln1_w, "self_attn_layer_norm.weight"});
        t.layer.push_back({Weight::ln1_b, "self_attn_layer_norm.bias"});
        t.layer.push_back({Weight::ln2_w, "final_layer_norm.weight"});
        t.layer.push_back({Weight::ln2_b, "final_layer_norm.bias"});
    }
    if (keys.flag("enable_bias", true)) {
        t.layer.push_back({Weight::b_Q, "self_attn.q_proj.bias"});
        t.layer.push_back({Weight::b_K, "self_attn.k_proj.bias"});
        t.layer.push_back({Weight::b_V, "self_attn.v_proj.bias"});
        t.layer.push_back({Weight::b_O, "self_attn.out_proj.bias"});
        t.layer.push_back({Weight::b_in, "fc1.bias"});
        t.layer.push_back({Weight::b_out, "fc2.bias"});
    }
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::opt()
{
    static const FamilyInfo info{
        .name = "opt",
        .title = "OPT",
        .read_config = opt_config,
        .tensors = opt_tensors,
        .buffers = {},

    };
    return info;
}

} // namespace patchbay
