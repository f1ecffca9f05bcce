#include "model/config.h"

#include "base/error.h"
#include "io/array_files.h"
#include "model/detail/config_json.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <algorithm>

namespace patchbay {

using nlohmann::json;

void check_config(const ModelConfig &config, const std::string &subject)
{
    const auto fail = [&](const std::string &cause) { throw Error(subject, cause); };
    const struct {
        const char *what;
        int64_t value, most;
    } sizes[] = {
        {"layers", config.n_layers, 1000},
        {"heads", config.n_heads, 4096},
        {"key/value heads", config.n_kv_heads, 4096},
        {"d_model", config.d_model, 1 << 20},
        {"d_head", config.d_head, 1 << 16},
        {"d_mlp", config.d_mlp, 1 << 22},
        {"vocabulary", config.d_vocab, 1 << 26},
        {"context", config.n_ctx, 1 << 28},
    };
    for (const auto &size : sizes)
        if (size.value < 1 || size.value > size.most)
            fail(std::string(size.what) + " = " + std::to_string(size.value) + " is out of range (1 to "
                 + std::to_string(size.most) + ")");
    if (config.n_heads % config.n_kv_heads != 0)
        fail(std::to_string(config.n_heads) + " heads cannot share " + std::to_string(config.n_kv_heads)
             + " key/value heads evenly");
    if (config.rotary_dim < 0 || config.rotary_dim > config.d_head || config.rotary_dim % 2 != 0)
        fail("rotary embeddings of " + std::to_string(config.rotary_dim) + " dimensions do not fit heads of "
             + std::to_string(config.d_head) + " (an even number up to that is needed)");
    if (!config.layer_traits.empty() && int(config.layer_traits.size()) != config.n_layers)
        fail(std::to_string(config.layer_traits.size()) + " layers are described and there are "
             + std::to_string(config.n_layers));
}

nlohmann::json read_config_json(const std::filesystem::path &path)
{
    const json root = json::parse(read_file(path), nullptr, false, true);
    if (root.is_discarded())
        throw Error(path.string(), "is not valid JSON");
    if (!root.is_object())
        throw Error(path.string(), "is not a JSON object");
    return root;
}

ModelConfig config_from_json(const nlohmann::json &root, const std::string &subject)
{
    const ConfigKeys keys(root, subject);
    if (!keys.find({"model_type"}))
        throw Error(subject, "lacks the key \"model_type\"");
    const std::string type = keys.text("model_type", "");
    const FamilyInfo *family = find_family(type);
    if (!family)
        throw Error(subject, "the model type \"" + type + "\" is not supported (supported: " + family_names() + ")");
    ModelConfig config = family->read_config(keys);
    config.family = family->name;
    check_config(config, subject);
    return config;
}

FamilyTensors tensors_from_json(const nlohmann::json &root, const std::string &subject)
{
    const ConfigKeys keys(root, subject);
    const FamilyInfo *family = find_family(keys.text("model_type", ""));
    return family ? family->tensors(keys) : FamilyTensors();
}

ModelConfig read_config(const std::filesystem::path &config_json)
{
    return config_from_json(read_config_json(config_json), config_json.string());
}

const FamilyInfo *find_family(const std::string &name)
{
    for (const FamilyInfo *family : declared::all_families())
        if (name == family->name)
            return family;
    return nullptr;
}

bool is_buffer(const std::string &family, const std::string &tensor)
{
    const FamilyInfo *info = find_family(family);
    return info && std::any_of(info->buffers.begin(), info->buffers.end(), [&](const std::string &end) {
               return tensor.ends_with(end);
           });
}

Processing applied_steps(const Processing &wanted, const ModelConfig &config)
{
    Processing steps = wanted;
    steps.center_writing =
        wanted.center_writing && config.norm == Norm::LayerNorm && config.pre_norms && !config.post_norms;
    steps.fold_value_biases = wanted.fold_value_biases && config.clip_qkv == 0;
    return steps;
}

std::string family_names()
{
    std::string out;
    for (const FamilyInfo *family : declared::all_families())
        out += (out.empty() ? "" : ", ") + std::string(family->name);
    return out;
}

std::string family_title(const std::string &name)
{
    const FamilyInfo *family = find_family(name);
    return family ? family->title : name;
}

} // namespace patchbay
