// Command R: attention and MLP in parallel behind one LayerNorm without bias, rotary in interleaved pairs, a multiplier
// of the logits.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig cohere_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.norm = Norm::LayerNorm;
    config.eps = keys.number({"layer_norm_eps"}, 1e-5);
    config.parallel = true;
    config.rotary_interleaved = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    if (keys.flag("use_qk_norm", false))
        config.qk_norm = QkNorm::PerHead;
    return config;
}

FamilyTensors cohere_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    for (FamilyTensor &tensor : t.layer)
        if (tensor.weight == Weight::ln2_w)
            tensor.name = "input_layernorm.weight";
    if (keys.flag("use_qk_norm", false)) {
        t.layer.push_back({Weight::q_norm, "self_attn.q_norm.weight", Layout::HeadRows});
        t.layer.push_back({Weight::k_norm, "self_attn.k_norm.weight", Layout::HeadRows});
    }
    t.logit_scale = keys.number({"logit_scale"}, 0.0625);
    return t;
}

} // namespace

const FamilyInfo &declared::cohere()
{
    static const FamilyInfo info{
        .name = "cohere",
        .title = "Cohere",
        .read_config = cohere_config,
        .tensors = cohere_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
