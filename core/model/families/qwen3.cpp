// Qwen 3: Llama with each head's queries and keys normed; windows as Qwen 2 has them.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig qwen3_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::qwen2().read_config(keys);
    config.d_head = keys.size_or({"head_dim"}, 128);
    config.qk_norm = QkNorm::PerHead;
    return config;
}

FamilyTensors qwen3_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    t.layer.push_back({Weight::q_norm, "self_attn.q_norm.weight", Layout::ForAllHeads});
    t.layer.push_back({Weight::k_norm, "self_attn.k_norm.weight", Layout::ForAllHeads});
    return t;
}

} // namespace

const FamilyInfo &declared::qwen3()
{
    static const FamilyInfo info{
        .name = "qwen3",
        .title = "Qwen3",
        .read_config = qwen3_config,
        .tensors = qwen3_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
