// Arcee: Llama with a plain MLP and the square of relu.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig arcee_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.activation = read_activation(keys, "hidden_act", "relu2");
    config.gated_mlp = false;
    return config;
}

FamilyTensors arcee_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::llama().tensors(keys);
    std::erase_if(t.layer, [](const FamilyTensor &tensor) {
        return tensor.weight == Weight::W_gate || tensor.weight == Weight::b_gate;
    });
    return t;
}

} // namespace

const FamilyInfo &declared::arcee()
{
    static const FamilyInfo info{
        .name = "arcee",
        .title = "Arcee",
        .read_config = arcee_config,
        .tensors = arcee_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
