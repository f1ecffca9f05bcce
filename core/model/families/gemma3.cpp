// Gemma 3 as it is published, with an encoder of pictures beside it: the part that text goes through.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

ConfigKeys text_keys(const ConfigKeys &keys)
{
    for (const char *other : {"vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index"})
        keys.find({other});
    const nlohmann::json *text = keys.find({"text_config"});
    if (!text || !text->is_object())
        throw Error(keys.file(), "lacks the object \"text_config\"");
    return ConfigKeys(*text, keys.file() + ", text_config");
}

FamilyTensors gemma3_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::gemma3_text().tensors(text_keys(keys));
    t.prefixes = {"model.language_model.", "language_model.model."};
    t.ignored = {"vision_tower.", "model.vision_tower.", "multi_modal_projector.", "model.multi_modal_projector.",
                 "language_model.lm_head."};
    return t;
}

ModelConfig gemma3_config(const ConfigKeys &keys)
{
    keys.refuse("tie_word_embeddings", false);
    const ConfigKeys text = text_keys(keys);
    const ModelConfig config = declared::gemma3_text().read_config(text);
    declared::gemma3_text().tensors(text);
    ignored_keys(text); // throws where one is not known
    return config;
}

} // namespace

const FamilyInfo &declared::gemma3()
{
    static const FamilyInfo info{
        .name = "gemma3",
        .title = "Gemma 3, with pictures",
        .read_config = gemma3_config,
        .tensors = gemma3_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
