// OLMo 2: what attention and MLP write is normed, not what they read; queries and keys are normed over their whole
// width.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig olmo2_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.eps = keys.number({"rms_norm_eps"}, 1e-5);
    config.pre_norms = false;
    config.post_norms = true;
    config.qk_norm = QkNorm::WholeWidth;
    return config;
}

FamilyTensors olmo2_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    std::erase_if(t.layer, [](const FamilyTensor &tensor) {
        return tensor.weight == Weight::ln1_w || tensor.weight == Weight::ln2_w;
    });
    t.layer.push_back({Weight::ln1_post_w, "post_attention_layernorm.weight"});
    t.layer.push_back({Weight::ln2_post_w, "post_feedforward_layernorm.weight"});
    t.layer.push_back({Weight::q_norm, "self_attn.q_norm.weight"});
    t.layer.push_back({Weight::k_norm, "self_attn.k_norm.weight"});
    return t;
}

} // namespace

const FamilyInfo &declared::olmo2()
{
    static const FamilyInfo info{
        .name = "olmo2",
        .title = "OLMo 2",
        .read_config = olmo2_config,
        .tensors = olmo2_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
