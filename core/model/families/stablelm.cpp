// StableLM 2 and 3: Llama with LayerNorm, partial rotary, and where asked for biases, normed queries and keys, and
// attention and MLP in parallel.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig stablelm_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.norm = Norm::LayerNorm;
    config.eps = keys.number({"layer_norm_eps"}, 1e-5);
    config.parallel = keys.flag("use_parallel_residual", false);
    if (keys.flag("qk_layernorm", false))
        config.qk_norm = QkNorm::PerHead;
    read_rotary(keys, config, 0.25);
    return config;
}

FamilyTensors stablelm_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    t.stream.push_back({Weight::ln_final_b, "norm.bias"});
    const bool parallel = keys.flag("use_parallel_residual", false);
    for (FamilyTensor &tensor : t.layer)
        if (tensor.weight == Weight::ln2_w && parallel)
            tensor.name = "input_layernorm.weight";
    t.layer.push_back({Weight::ln1_b, "input_layernorm.bias"});
    t.layer.push_back({Weight::ln2_b, parallel ? "input_layernorm.bias" : "post_attention_layernorm.bias"});
    if (keys.flag("use_qkv_bias", false)) {
        t.layer.push_back({Weight::b_Q, "self_attn.q_proj.bias"});
        t.layer.push_back({Weight::b_K, "self_attn.k_proj.bias"});
        t.layer.push_back({Weight::b_V, "self_attn.v_proj.bias"});
    }
    if (keys.flag("qk_layernorm", false)) {
        t.layer.push_back({Weight::q_norm, "self_attn.q_layernorm.norms.#.weight", Layout::OneEach});
        t.layer.push_back({Weight::k_norm, "self_attn.k_layernorm.norms.#.weight", Layout::OneEach});
    }
    return t;
}

} // namespace

const FamilyInfo &declared::stablelm()
{
    static const FamilyInfo info{
        .name = "stablelm",
        .title = "StableLM",
        .read_config = stablelm_config,
        .tensors = stablelm_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
