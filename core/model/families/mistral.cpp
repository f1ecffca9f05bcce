// Mistral: Llama whose every layer sees a window of positions.
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ModelConfig mistral_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::llama().read_config(keys);
    // null: none, as in later versions of the 7B model. Where the key is absent, transformers takes the first one's.
    read_windows(keys, config, read_window(keys, 4096), [](int) { return true; });
    return config;
}

} // namespace

const FamilyInfo &declared::mistral()
{
    static const FamilyInfo info{
        .name = "mistral",
        .title = "Mistral",
        .read_config = mistral_config,
        .tensors = declared::llama().tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
