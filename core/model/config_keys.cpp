#include "model/detail/config_keys.h"

#include "base/error.h"
#include "model/detail/config_json.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

using nlohmann::json;

const json *ConfigKeys::find(Spellings spellings) const
{
    const json *found = nullptr;
    for (const char *key : spellings) {
        m_read.insert(key);
        if (const auto it = m_object.find(key); !found && it != m_object.end() && !it->is_null())
            found = &*it;
    }
    return found;
}

std::vector<std::string> ConfigKeys::unread() const
{
    std::vector<std::string> out;
    for (const auto &[key, value] : m_object.items())
        if (!m_read.contains(key) && !value.is_null())
            out.push_back(key);
    return out;
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
    // The spellings of transformers; all of one line are one function, up to rounding.
    const std::pair<Activation, std::vector<const char *>> known[] = {
        {Activation::Gelu, {"gelu", "gelu_python"}},
        {Activation::GeluNew, {"gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate"}},
        {Activation::Silu, {"silu", "swish"}},
        {Activation::Relu, {"relu"}},
        {Activation::QuickGelu, {"quick_gelu"}},
        {Activation::Relu2, {"relu2"}},
    };
    std::string supported;
    for (const auto &[activation, names] : known) {
        for (const char *one : names)
            if (name == one)
                return activation;
        supported += (supported.empty() ? "" : ", ") + patchbay::name(activation);
    }
    throw Error(keys.file(),
                std::string("\"") + key + "\": the activation \"" + name
                    + "\" is not supported (supported: " + supported + ")");
}

void set_d_head(const ConfigKeys &keys, ModelConfig &config, const char *heads, const char *width)
{
    if (config.d_model % config.n_heads != 0)
        throw Error(keys.file(),
                    std::string("\"") + width + "\" (" + std::to_string(config.d_model) + ") is not a multiple of \""
                        + heads + "\" (" + std::to_string(config.n_heads) + ")");
    config.d_head = config.d_model / config.n_heads;
}

std::vector<LayerTraits> &layers_of(const ConfigKeys &keys, ModelConfig &config)
{
    check_config(config, keys.file()); // nothing is allocated for a billion layers
    config.layer_traits.resize(static_cast<size_t>(config.n_layers));
    return config.layer_traits;
}

int read_window(const ConfigKeys &keys, int usual)
{
    return keys.find({"sliding_window"}) ? keys.size({"sliding_window"}) : keys.stated("sliding_window") ? 0 : usual;
}

void read_windows(const ConfigKeys &keys, ModelConfig &config, int window,
                  const std::function<bool(int layer)> &sliding)
{
    std::vector<LayerTraits> &traits = layers_of(keys, config);
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
            if (type == "sliding_attention" && window == 0)
                throw Error(keys.file(), "\"layer_types\" names sliding_attention, and no \"sliding_window\" is set");
            traits[layer].window = type == "sliding_attention" ? window : 0;
        }
    } else {
        for (int layer = 0; layer < config.n_layers; ++layer)
            traits[size_t(layer)].window = sliding(layer) ? window : 0;
    }
}

} // namespace patchbay
