// Qwen 2 and 2.5: Llama with biases of queries, keys and values; windows in the upper layers where switched on.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig qwen2_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    const nlohmann::json *most = keys.find({"max_window_layers"});
    const int full = most && *most == 0 ? 0 : keys.size_or({"max_window_layers"}, 28);
    const int window = read_window(keys, 4096);
    read_windows(keys, config, keys.flag("use_sliding_window", false) ? window : 0,
                 [&](int layer) { return layer >= full; });
    return config;
}

FamilyTensors qwen2_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    t.layer.push_back({Weight::b_Q, "self_attn.q_proj.bias"});
    t.layer.push_back({Weight::b_K, "self_attn.k_proj.bias"});
    t.layer.push_back({Weight::b_V, "self_attn.v_proj.bias"});
    return t;
}

} // namespace

const FamilyInfo &declared::qwen2()
{
    static const FamilyInfo info{
        .name = "qwen2",
        .title = "Qwen2",
        .read_config = qwen2_config,
        .tensors = qwen2_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
