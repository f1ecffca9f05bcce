// SmolLM 3: Llama without rotary embeddings in every fourth layer.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig smollm3_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    read_rotary(keys, config, 1.0, 2e6);
    std::vector<LayerTraits> &layers = layers_of(keys, config);
    const int every = keys.size_or({"no_rope_layer_interval"}, 4);
    const nlohmann::json *listed = keys.find({"no_rope_layers"});
    if (listed && (!listed->is_array() || listed->size() != layers.size()))
        throw Error(keys.file(), "\"no_rope_layers\" is not a list of " + std::to_string(layers.size()) + " numbers");
    for (size_t layer = 0; layer < layers.size(); ++layer) {
        // 1 for the layers that have them, in spite of the name.
        if (listed && (*listed)[layer] != 0 && (*listed)[layer] != 1)
            throw Error(keys.file(), "\"no_rope_layers\": " + (*listed)[layer].dump() + " is neither 0 nor 1");
        layers[layer].rotary = listed ? (*listed)[layer] == 1 : (layer + 1) % size_t(every) != 0;
    }
    const int window = read_window(keys, 0);
    keys.find({"max_window_layers"}); // Qwen's; which layers have windows goes by their rotary embeddings here
    const bool windows = keys.flag("use_sliding_window", false);
    read_windows(keys, config, windows || keys.find({"layer_types"}) ? window : 0,
                 [&](int layer) { return !config.traits_of(layer).rotary; });
    return config;
}

} // namespace

const FamilyInfo &declared::smollm3()
{
    static const FamilyInfo info{
        .name = "smollm3",
        .title = "SmolLM 3",
        .read_config = smollm3_config,
        .tensors = declared::llama().tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
