// StarCoder 2: LayerNorm, rotary over the whole head, a plain MLP, grouped keys and values, biases, and a window.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig starcoder2_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.norm = Norm::LayerNorm;
    config.eps = keys.number({"norm_epsilon"}, 1e-5);
    config.activation = read_activation(keys, "hidden_act", "gelu_pytorch_tanh");
    config.gated_mlp = false;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    for (const auto &[key, usual] : {std::pair("norm_type", "layer_norm"), std::pair("mlp_type", "default")})
        if (const std::string kind = keys.text(key, usual); kind != usual)
            throw Error(keys.file(), std::string("\"") + key + "\": " + kind + " is not supported");
    read_windows(keys, config, read_window(keys, 0), [](int) { return true; });
    return config;
}

FamilyTensors starcoder2_tensors(const ConfigKeys &keys)
{
    FamilyTensors t;
    t.prefixes = {"model."};
    t.stream = {
        {Weight::W_E, "embed_tokens.weight"},
        {Weight::ln_final_w, "norm.weight"},
        {Weight::ln_final_b, "norm.bias"},
    };
    t.layers = "layers.";
    t.layer = {
        {Weight::ln1_w, "input_layernorm.weight"},
        {Weight::ln1_b, "input_layernorm.bias"},
        {Weight::ln2_w, "post_attention_layernorm.weight"},
        {Weight::ln2_b, "post_attention_layernorm.bias"},
        {Weight::W_Q, "self_attn.q_proj.weight", Layout::Linear},
        {Weight::W_K, "self_attn.k_proj.weight", Layout::Linear},
        {Weight::W_V, "self_attn.v_proj.weight", Layout::Linear},
        {Weight::W_O, "self_attn.o_proj.weight", Layout::Linear},
        {Weight::W_in, "mlp.c_fc.weight", Layout::Linear},
        {Weight::W_out, "mlp.c_proj.weight", Layout::Linear},
    };
    if (keys.flag("use_bias", true)) {
        t.layer.push_back({Weight::b_Q, "self_attn.q_proj.bias"});
        t.layer.push_back({Weight::b_K, "self_attn.k_proj.bias"});
        t.layer.push_back({Weight::b_V, "self_attn.v_proj.bias"});
        t.layer.push_back({Weight::b_O, "self_attn.o_proj.bias"});
        t.layer.push_back({Weight::b_in, "mlp.c_fc.bias"});
        t.layer.push_back({Weight::b_out, "mlp.c_proj.bias"});
    }
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::starcoder2()
{
    static const FamilyInfo info{
        .name = "starcoder2",
        .title = "StarCoder 2",
        .read_config = starcoder2_config,
        .tensors = starcoder2_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
