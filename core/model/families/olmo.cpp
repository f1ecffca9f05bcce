// OLMo 1: Llama with LayerNorm that has neither weight nor bias, and queries, keys and values cut off where asked for.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig olmo_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.norm = Norm::LayerNorm;
    config.eps = 1e-5;
    if (keys.find({"clip_qkv"}))
        config.clip_qkv = keys.number({"clip_qkv"}, 1);
    return config;
}

FamilyTensors olmo_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    const auto is_norm = [](const FamilyTensor &tensor) {
        return tensor.weight == Weight::ln1_w || tensor.weight == Weight::ln2_w || tensor.weight == Weight::ln_final_w;
    };
    std::erase_if(t.stream, is_norm);
    std::erase_if(t.layer, is_norm);
    return t;
}

} // namespace

const FamilyInfo &declared::olmo()
{
    static const FamilyInfo info{
        .name = "olmo",
        .title = "OLMo",
        .read_config = olmo_config,
        .tensors = olmo_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
