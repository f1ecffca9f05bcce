// Granite: Llama with multipliers of the embedding, of what blocks write, of scores and of logits.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig granite_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.attention_scale = keys.number({"attention_multiplier"}, 1);
    return config;
}

FamilyTensors granite_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    t.embedding_scale = keys.number({"embedding_multiplier"}, 1);
    t.residual_scale = keys.number({"residual_multiplier"}, 1);
    t.logit_scale = 1 / keys.number({"logits_scaling"}, 1);
    return t;
}

} // namespace

const FamilyInfo &declared::granite()
{
    static const FamilyInfo info{
        .name = "granite",
        .title = "Granite",
        .read_config = granite_config,
        .tensors = granite_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
