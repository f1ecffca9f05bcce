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
        {"d_mlp", config.has_mlp() ? config.d_mlp : 1, 1 << 22},
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

ReadConfig config_from_json(const nlohmann::json &root, const std::string &subject)
{
    const ConfigKeys keys(root, subject);
    const FamilyInfo &family = family_of(keys);
    ReadConfig out;
    out.config = family.read_config(keys);
    out.config.family = family.name;
    check_config(out.config, subject);
    out.tensors = family.tensors(keys);
    out.ignored = family.other_keys_change_nothing ? keys.unread() : ignored_keys(keys);
    return out;
}

ModelConfig read_config(const std::filesystem::path &config_json)
{
    return config_from_json(read_config_json(config_json), config_json.string()).config;
}

std::string name(Activation activation)
{
    switch (activation) {
    case Activation::Gelu:
        return "gelu";
    case Activation::GeluNew:
        return "gelu_new";
    case Activation::Silu:
        return "silu";
    case Activation::QuickGelu:
        return "quick_gelu";
    case Activation::Relu2:
        return "relu2";
    case Activation::Solu:
        return "solu";
    case Activation::Relu:
        break;
    }
    return "relu";
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

std::vector<FamilyName> families()
{
    std::vector<FamilyName> out;
    for (const FamilyInfo *family : declared::all_families())
        out.push_back({family->name, family->title});
    std::sort(out.begin(), out.end(), [](const FamilyName &a, const FamilyName &b) { return a.name < b.name; });
    return out;
}

std::string family_names()
{
    std::string out;
    for (const FamilyName &family : families())
        out += (out.empty() ? "" : ", ") + family.name;
    return out;
}

std::string family_title(const std::string &name)
{
    const FamilyInfo *family = find_family(name);
    return family ? family->title : name;
}

} // namespace patchbay
