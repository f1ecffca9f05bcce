// Gemma 2: Gemma with norms before and after attention and MLP, windows in every other layer, and soft caps on scores
// and logits.
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <cmath>

namespace patchbay {

namespace {

ModelConfig gemma2_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::gemma().read_config(keys);
    config.n_heads = keys.size_or({"num_attention_heads"}, 8);
    config.n_kv_heads = keys.stated("num_key_value_heads") ? keys.size_or({"num_key_value_heads"}, config.n_heads) : 4;
    config.activation = read_activation(keys, "hidden_activation", "gelu_pytorch_tanh");
    config.post_norms = true;
    config.attention_scale = 1 / std::sqrt(keys.number({"query_pre_attn_scalar"}, 256));
    // null: no cap. Absent: the published models'.
    const auto cap = [&](const char *key, double usual) {
        return keys.find({key}) ? keys.number({key}, usual) : keys.stated(key) ? 0 : usual;
    };
    config.score_cap = cap("attn_logit_softcapping", 50);
    config.logit_cap = cap("final_logit_softcapping", 30);
    keys.refuse("use_bidirectional_attention", true);
    read_windows(keys, config, read_window(keys, 4096), [](int layer) { return layer % 2 == 0; });
    return config;
}

FamilyTensors gemma2_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::gemma().tensors(keys);
    for (FamilyTensor &tensor : t.layer)
        if (tensor.weight == Weight::ln2_w)
            tensor.name = "pre_feedforward_layernorm.weight";
    t.layer.push_back({Weight::ln1_post_w, "post_attention_layernorm.weight"});
    t.layer.push_back({Weight::ln2_post_w, "post_feedforward_layernorm.weight"});
    return t;
}

} // namespace

const FamilyInfo &declared::gemma2()
{
    static const FamilyInfo info{
        .name = "gemma2",
        .title = "Gemma 2",
        .read_config = gemma2_config,
        .tensors = gemma2_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
