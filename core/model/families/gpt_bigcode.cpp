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
    FamilyTensors t = declared::gpt2().tensors(keys);
    for (FamilyTensor &one : t.layer) {
        if (one.weight == Weight::W_qkv)
            one.layout = one_kv ? Layout::Linear : Layout::LinearByHead;
        else if (one.weight == Weight::b_qkv)
            one.layout = one_kv ? Layout::Plain : Layout::PlainByHead;
        else if (one.weight == Weight::W_O || one.weight == Weight::W_in || one.weight == Weight::W_out)
            one.layout = Layout::Linear;
    }
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
