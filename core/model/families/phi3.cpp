// Phi 3 and 4: Llama with queries, keys and values in one matrix, gate and linear part in another, and a window.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig phi3_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.eps = keys.number({"rms_norm_eps"}, 1e-5);
    keys.find({"original_max_position_embeddings"}); // stands there without scaled angles, too
    for (const char *key : {"full_attn_mod", "interpolate_factor"})
        if (const nlohmann::json *value = keys.find({key}); value && *value != 1)
            throw Error(keys.file(), std::string("\"") + key + "\": " + value->dump() + " is not supported");
    read_windows(keys, config, read_window(keys, 0), [](int) { return true; });
    return config;
}

FamilyTensors phi3_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    std::erase_if(t.layer, [](const FamilyTensor &tensor) {
        return tensor.weight == Weight::W_Q || tensor.weight == Weight::W_K || tensor.weight == Weight::W_V
            || tensor.weight == Weight::W_gate || tensor.weight == Weight::W_in;
    });
    t.layer.push_back({Weight::W_qkv, "self_attn.qkv_proj.weight", Layout::Linear});
    t.layer.push_back({Weight::W_gate_in, "mlp.gate_up_proj.weight", Layout::Linear});
    return t;
}

} // namespace

const FamilyInfo &declared::phi3()
{
    static const FamilyInfo info{
        .name = "phi3",
        .title = "Phi 3",
        .read_config = phi3_config,
        .tensors = phi3_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
