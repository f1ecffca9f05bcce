// Falcon: rotary, or ALiBi in its first small models; one norm or two before parallel attention and MLP; one key and
// value for all heads, or one for each group.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <cmath>

namespace patchbay {

namespace {

struct Choices {
    explicit Choices(const ConfigKeys &keys)
        : grouped(keys.flag("new_decoder_architecture", false)), parallel(keys.flag("parallel_attn", true)),
          one_kv(!grouped && keys.flag("multi_query", true)),
          two_norms(parallel && keys.size_or({"num_ln_in_parallel_attn"}, grouped ? 2 : 1) == 2),
          biases(keys.flag("bias", false))
    {
        keys.find({"multi_query"}); // says nothing where keys are grouped
    }
    bool grouped, parallel, one_kv, two_norms, biases;
};

ModelConfig falcon_config(const ConfigKeys &keys)
{
    const Choices choices(keys);
    if (choices.grouped && !choices.parallel)
        throw Error(keys.file(), "\"parallel_attn\": false is not supported with \"new_decoder_architecture\"");
    if (choices.two_norms && !choices.grouped)
        throw Error(keys.file(),
                    "\"num_ln_in_parallel_attn\": 2 is not supported without \"new_decoder_architecture\"");
    ModelConfig config;
    config.n_layers = keys.size({"num_hidden_layers", "n_layer"});
    config.n_heads = keys.size({"num_attention_heads", "n_head"});
    const int groups = keys.size_or({"num_kv_heads", "n_head_kv"}, config.n_heads);
    config.n_kv_heads = choices.grouped ? groups : choices.one_kv ? 1 : config.n_heads;
    config.d_model = keys.size({"n_embed", "hidden_size"});
    config.d_mlp = keys.size_or({"ffn_hidden_size"}, 4 * config.d_model);
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size_or({"max_position_embeddings"}, 2048);
    set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = read_activation(keys, "activation", "gelu");
    config.parallel = choices.parallel;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    keys.refuse("apply_residual_connection_post_layernorm", true);
    read_rotary(keys, config, 1.0);
    if (keys.flag("alibi", false)) {
        // Falcon adds the rounded biases before it scales the scores.
        config.rotary_dim = 0;
        config.rotary_scaling = {};
        config.alibi = config.alibi_bf16 = true;
        config.alibi_scale = 1 / std::sqrt(double(config.d_head));
    }
    return config;
}

FamilyTensors falcon_tensors(const ConfigKeys &keys)
{
    const Choices choices(keys);
    FamilyTensors t;
    t.prefixes = {"transformer."};
    t.stream = {
        {Weight::W_E, "word_embeddings.weight"},
        {Weight::ln_final_w, "ln_f.weight"},
        {Weight::ln_final_b, "ln_f.bias"},
    };
    t.layers = "h.";
    const std::string ln1 = choices.two_norms ? "ln_attn" : "input_layernorm",
                      ln2 = choices.two_norms ? "ln_mlp"
        : choices.parallel                    ? ln1
                                              : "post_attention_layernorm";
    // One key and value after all queries, or each group's queries, key and value together.
    const Layout qkv = choices.one_kv ? Layout::Linear : Layout::LinearByHead,
                 qkv_bias = choices.one_kv ? Layout::Plain : Layout::PlainByHead;
    t.layer = {
        {Weight::ln1_w, ln1 + ".weight"},
        {Weight::ln1_b, ln1 + ".bias"},
        {Weight::ln2_w, ln2 + ".weight"},
        {Weight::ln2_b, ln2 + ".bias"},
        {Weight::W_qkv, "self_attention.query_key_value.weight", qkv},
        {Weight::W_O, "self_attention.dense.weight", Layout::Linear},
        {Weight::W_in, "mlp.dense_h_to_4h.weight", Layout::Linear},
        {Weight::W_out, "mlp.dense_4h_to_h.weight", Layout::Linear},
    };
    if (choices.biases) {
        t.layer.push_back({Weight::b_qkv, "self_attention.query_key_value.bias", qkv_bias});
        t.layer.push_back({Weight::b_O, "self_attention.dense.bias"});
        t.layer.push_back({Weight::b_in, "mlp.dense_h_to_4h.bias"});
        t.layer.push_back({Weight::b_out, "mlp.dense_4h_to_h.bias"});
    }
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::falcon()
{
    static const FamilyInfo info{
        .name = "falcon",
        .title = "Falcon",
        .read_config = falcon_config,
        .tensors = falcon_tensors,
        .buffers = {"rotary_emb.inv_freq", "rotary.inv_freq", "maybe_rotary.inv_freq"},
    };
    return info;
}

} // namespace patchbay
