#include "model/detail/config_keys.h"

#include "base/error.h"
#include "model/detail/config_json.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

using nlohmann::json;

const json *ConfigKeys::find(Spellings spellings) const
{
    for (const char *key : spellings)
        if (const auto it = m_object.find(key); it != m_object.end() && !it->is_null())
            return &*it;
    return nullptr;
}

int ConfigKeys::size(Spellings spellings) const
{
    const json *value = find(spellings);
    if (!value)
        throw Error(m_file, std::string("lacks the key \"") + *spellings.begin() + "\"");
    return whole(*value, *spellings.begin());
}

int ConfigKeys::size_or(Spellings spellings, int otherwise) const
{
    const json *value = find(spellings);
    return value ? whole(*value, *spellings.begin()) : otherwise;
}

double ConfigKeys::number(Spellings spellings, double otherwise) const
{
    const json *value = find(spellings);
    if (!value)
        return otherwise;
    if (!value->is_number() || !(value->get<double>() > 0) || !std::isfinite(value->get<double>()))
        throw Error(m_file, std::string("\"") + *spellings.begin() + "\" is not a positive number: " + value->dump());
    return value->get<double>();
}

bool ConfigKeys::flag(const char *key, bool otherwise) const
{
    const json *value = find({key});
    if (!value)
        return otherwise;
    if (!value->is_boolean())
        throw Error(m_file, std::string("\"") + key + "\" is neither true nor false: " + value->dump());
    return value->get<bool>();
}

std::string ConfigKeys::text(const char *key, const std::string &otherwise) const
{
    const json *value = find({key});
    if (!value)
        return otherwise;
    if (!value->is_string())
        throw Error(m_file, std::string("\"") + key + "\" is not a name: " + value->dump());
    return value->get<std::string>();
}

void ConfigKeys::refuse(const char *key, bool when) const
{
    if (flag(key, !when) == when)
        throw Error(m_file, std::string("\"") + key + "\": " + (when ? "true" : "false") + " is not supported");
}

int ConfigKeys::whole(const json &value, const char *key) const
{
    constexpr int64_t kLargest = 1 << 30;
    if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(kLargest))
        || value.get<int64_t>() < 1 || value.get<int64_t>() > kLargest)
        throw Error(m_file, std::string("\"") + key + "\" is not a sensible size: " + value.dump());
    return value.get<int>();
}

Activation read_activation(const ConfigKeys &keys, const char *key, const char *usual)
{
    const std::string name = keys.text(key, usual);
    if (name == "gelu")
        return Activation::Gelu;
    // All of these are the tanh form.
    if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh")
        return Activation::GeluNew;
    if (name == "silu" || name == "swish")
        return Activation::Silu;
    if (name == "relu")
        return Activation::Relu;
    throw Error(keys.file(),
                std::string("\"") + key + "\": the activation \"" + name
                    + "\" is not supported (supported: gelu, gelu_new, silu, relu)");
}

namespace {

RotaryScaling read_scaling(const ConfigKeys &inner, const char *key)
{
    RotaryScaling scaling;
    const std::string type = inner.text("rope_type", inner.text("type", "default"));
    if (type == "default")
        return scaling;
    if (type != "linear" && type != "llama3")
        throw Error(inner.file(),
                    std::string("\"") + key + "\": scaled rotary embeddings of the type \"" + type
                        + "\" are not supported (supported: default, linear, llama3)");
    // Without these the angles would be anyone's guess.
    const auto needed = [&](const char *name) {
        if (!inner.find({name}))
            throw Error(inner.file(),
                        std::string("\"") + key + "\" of the type \"" + type + "\" lacks the key \"" + name + "\"");
        return inner.number({name}, 1);
    };
    scaling.factor = needed("factor");
    if (scaling.factor < 1)
        throw Error(inner.file(), std::string("\"") + key + "\": the factor is below 1");
    scaling.type = RotaryScaling::Type::Linear;
    if (type == "linear")
        return scaling;
    scaling.type = RotaryScaling::Type::Llama3;
    scaling.low_freq_factor = needed("low_freq_factor");
    scaling.high_freq_factor = needed("high_freq_factor");
    scaling.original_ctx = needed("original_max_position_embeddings");
    if (scaling.low_freq_factor >= scaling.high_freq_factor)
        throw Error(inner.file(), std::string("\"") + key + "\": low_freq_factor is not below high_freq_factor");
    return scaling;
}

} // namespace

// The rotary settings stand in the configuration itself, and in newer files in rope_parameters; scaled variants have
// other angles.
void read_rotary(const ConfigKeys &keys, ModelConfig &config, double share)
{
    for (const char *key : {"rope_parameters", "rope_scaling"}) {
        const json *nested = keys.find({key});
        if (!nested)
            continue;
        if (!nested->is_object())
            throw Error(keys.file(), std::string("\"") + key + "\" is not an object");
        const ConfigKeys inner(*nested, keys.file());
        if (const RotaryScaling scaling = read_scaling(inner, key); scaling.type != RotaryScaling::Type::None)
            config.rotary_scaling = scaling;
        config.rotary_base = inner.number({"rope_theta"}, config.rotary_base);
        share = inner.number({"partial_rotary_factor"}, share);
    }
    config.rotary_base = keys.number({"rope_theta", "rotary_emb_base"}, config.rotary_base);
    share = keys.number({"partial_rotary_factor", "rotary_pct"}, share);
    config.rotary_dim = static_cast<int>(std::min(share, 2.0) * config.d_head);
    if (config.rotary_dim == 0)
        throw Error(keys.file(),
                    "no rotary dimensions, and a " + keys.text("model_type", "") + " model has no other positions");
}

void set_d_head(const ConfigKeys &keys, ModelConfig &config, const char *heads, const char *width)
{
    if (config.d_model % config.n_heads != 0)
        throw Error(keys.file(),
                    std::string("\"") + width + "\" (" + std::to_string(config.d_model) + ") is not a multiple of \""
                        + heads + "\" (" + std::to_string(config.n_heads) + ")");
    config.d_head = config.d_model / config.n_heads;
}

void read_windows(const ConfigKeys &keys, ModelConfig &config, int window,
                  const std::function<bool(int layer)> &sliding)
{
    check_config(config, keys.file()); // nothing is allocated for a billion layers
    std::vector<LayerTraits> traits(static_cast<size_t>(config.n_layers));
    if (const json *types = keys.find({"layer_types"})) {
        if (!types->is_array() || types->size() != traits.size())
            throw Error(keys.file(),
                        "\"layer_types\" is not a list of " + std::to_string(traits.size()) + " names, one a layer");
        for (size_t layer = 0; layer < traits.size(); ++layer) {
            const json &type = (*types)[layer];
            if (type != "sliding_attention" && type != "full_attention")
                throw Error(keys.file(),
                            "\"layer_types\": " + type.dump()
                                + " is not supported (supported: full_attention, sliding_attention)");
            traits[layer].window = type == "sliding_attention" ? window : 0;
        }
    } else {
        for (int layer = 0; layer < config.n_layers; ++layer)
            traits[size_t(layer)].window = sliding(layer) ? window : 0;
    }
    config.layer_traits = std::move(traits);
}

} // namespace patchbay
