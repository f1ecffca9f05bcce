#include "model/config.h"

#include "base/error.h"
#include "io/array_files.h"
#include "model/detail/config_json.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

namespace {

using nlohmann::json;

/// A JSON object with a subject for errors. Keys that are null count as absent, as they do for those who write these files.
class Keys {
public:
    Keys(const json &object, std::string file) : m_object(object), m_file(std::move(file)) {}

    const json *find(std::initializer_list<const char *> spellings) const
    {
        for (const char *key : spellings)
            if (const auto it = m_object.find(key); it != m_object.end() && !it->is_null())
                return &*it;
        return nullptr;
    }
    int size(std::initializer_list<const char *> spellings) const
    {
        const json *value = find(spellings);
        if (!value)
            throw Error(m_file, std::string("lacks the key \"") + *spellings.begin() + "\"");
        return whole(*value, *spellings.begin());
    }
    int size_or(std::initializer_list<const char *> spellings, int otherwise) const
    {
        const json *value = find(spellings);
        return value ? whole(*value, *spellings.begin()) : otherwise;
    }
    double number(std::initializer_list<const char *> spellings, double otherwise) const
    {
        const json *value = find(spellings);
        if (!value)
            return otherwise;
        if (!value->is_number() || !(value->get<double>() > 0) || !std::isfinite(value->get<double>()))
            throw Error(m_file, std::string("\"") + *spellings.begin() + "\" is not a positive number: " + value->dump());
        return value->get<double>();
    }
    bool flag(const char *key, bool otherwise) const
    {
        const json *value = find({key});
        if (!value)
            return otherwise;
        if (!value->is_boolean())
            throw Error(m_file, std::string("\"") + key + "\" is neither true nor false: " + value->dump());
        return value->get<bool>();
    }
    std::string text(const char *key, const std::string &otherwise) const
    {
        const json *value = find({key});
        if (!value)
            return otherwise;
        if (!value->is_string())
            throw Error(m_file, std::string("\"") + key + "\" is not a name: " + value->dump());
        return value->get<std::string>();
    }
    /// For choices that change the arithmetic and are not implemented.
    void refuse(const char *key, bool when) const
    {
        if (flag(key, !when) == when)
            throw Error(m_file, std::string("\"") + key + "\": " + (when ? "true" : "false") + " is not supported");
    }
    const std::string &file() const { return m_file; }

private:
    int whole(const json &value, const char *key) const
    {
        constexpr int64_t kLargest = 1 << 30;
        if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(kLargest)) || value.get<int64_t>() < 1
            || value.get<int64_t>() > kLargest)
            throw Error(m_file, std::string("\"") + key + "\" is not a sensible size: " + value.dump());
        return value.get<int>();
    }
    const json &m_object;
    std::string m_file;
};

Activation activation(const Keys &keys, const char *key, const char *usual)
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
    throw Error(keys.file(), std::string("\"") + key + "\": the activation \"" + name
                                 + "\" is not supported (supported: gelu, gelu_new, silu, relu)");
}

RotaryScaling read_scaling(const Keys &inner, const char *key)
{
    RotaryScaling scaling;
    const std::string type = inner.text("rope_type", inner.text("type", "default"));
    if (type == "default")
        return scaling;
    if (type != "linear" && type != "llama3")
        throw Error(inner.file(), std::string("\"") + key + "\": scaled rotary embeddings of the type \"" + type
                                      + "\" are not supported (supported: default, linear, llama3)");
    // Without these the angles would be anyone's guess.
    const auto needed = [&](const char *name) {
        if (!inner.find({name}))
            throw Error(inner.file(), std::string("\"") + key + "\" of the type \"" + type + "\" lacks the key \"" + name + "\"");
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

// The rotary settings stand in the configuration itself, and in newer files in rope_parameters; scaled variants have other angles.
void read_rotary(const Keys &keys, ModelConfig &config, double share)
{
    for (const char *key : {"rope_parameters", "rope_scaling"}) {
        const json *nested = keys.find({key});
        if (!nested)
            continue;
        if (!nested->is_object())
            throw Error(keys.file(), std::string("\"") + key + "\" is not an object");
        const Keys inner(*nested, keys.file());
        if (const RotaryScaling scaling = read_scaling(inner, key); scaling.type != RotaryScaling::Type::None)
            config.rotary_scaling = scaling;
        config.rotary_base = inner.number({"rope_theta"}, config.rotary_base);
        share = inner.number({"partial_rotary_factor"}, share);
    }
    config.rotary_base = keys.number({"rope_theta", "rotary_emb_base"}, config.rotary_base);
    share = keys.number({"partial_rotary_factor", "rotary_pct"}, share);
    config.rotary_dim = static_cast<int>(std::min(share, 2.0) * config.d_head);
}

void set_d_head(const Keys &keys, ModelConfig &config, const char *heads, const char *width)
{
    if (config.d_model % config.n_heads != 0)
        throw Error(keys.file(), std::string("\"") + width + "\" (" + std::to_string(config.d_model) + ") is not a multiple of \"" + heads + "\" ("
                                     + std::to_string(config.n_heads) + ")");
    config.d_head = config.d_model / config.n_heads;
}

ModelConfig read_neox(const Keys &keys)
{
    ModelConfig config;
    config.family = Family::NeoX;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"num_attention_heads"});
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"intermediate_size"});
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.eps = keys.number({"layer_norm_eps"}, 1e-5);
    config.activation = activation(keys, "hidden_act", "gelu");
    config.parallel = keys.flag("use_parallel_residual", true);
    config.tied_embedding = keys.flag("tie_word_embeddings", false);
    read_rotary(keys, config, 0.25);
    return config;
}

ModelConfig read_gpt2(const Keys &keys)
{
    ModelConfig config;
    config.family = Family::Gpt2;
    config.n_layers = keys.size({"n_layer", "num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"n_head", "num_attention_heads"});
    config.d_model = keys.size({"n_embd", "hidden_size"});
    config.d_mlp = keys.size_or({"n_inner"}, 4 * config.d_model);
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"n_positions", "n_ctx", "max_position_embeddings"});
    set_d_head(keys, config, "n_head", "n_embd");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = activation(keys, "activation_function", "gelu_new");
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    keys.refuse("scale_attn_by_inverse_layer_idx", true);
    keys.refuse("scale_attn_weights", false);
    keys.refuse("add_cross_attention", true);
    return config;
}

ModelConfig read_llama(const Keys &keys)
{
    ModelConfig config;
    config.family = Family::Llama;
    config.n_layers = keys.size({"num_hidden_layers"});
    config.n_heads = keys.size({"num_attention_heads"});
    config.n_kv_heads = keys.size_or({"num_key_value_heads"}, config.n_heads);
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size({"intermediate_size"});
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    if (keys.find({"head_dim"}))
        config.d_head = keys.size({"head_dim"});
    else
        set_d_head(keys, config, "num_attention_heads", "hidden_size");
    config.norm = Norm::RmsNorm;
    config.eps = keys.number({"rms_norm_eps"}, 1e-6);
    config.activation = activation(keys, "hidden_act", "silu");
    config.gated_mlp = true;
    config.tied_embedding = keys.flag("tie_word_embeddings", false);
    keys.refuse("mlp_bias", true);
    read_rotary(keys, config, 1.0);
    return config;
}

} // namespace

void check_config(const ModelConfig &config, const std::string &subject)
{
    const auto fail = [&](const std::string &cause) { throw Error(subject, cause); };
    const struct {
        const char *what;
        int64_t value, most;
    } sizes[] = {
        {"layers", config.n_layers, 1000},         {"heads", config.n_heads, 4096},       {"key/value heads", config.n_kv_heads, 4096},
        {"d_model", config.d_model, 1 << 20},      {"d_head", config.d_head, 1 << 16},    {"d_mlp", config.d_mlp, 1 << 22},
        {"vocabulary", config.d_vocab, 1 << 26},   {"context", config.n_ctx, 1 << 28},
    };
    for (const auto &size : sizes)
        if (size.value < 1 || size.value > size.most)
            fail(std::string(size.what) + " = " + std::to_string(size.value) + " is out of range (1 to " + std::to_string(size.most) + ")");
    if (config.n_heads % config.n_kv_heads != 0)
        fail(std::to_string(config.n_heads) + " heads cannot share " + std::to_string(config.n_kv_heads) + " key/value heads evenly");
    if (config.rotary_dim < 0 || config.rotary_dim > config.d_head || config.rotary_dim % 2 != 0)
        fail("rotary embeddings of " + std::to_string(config.rotary_dim) + " dimensions do not fit heads of " + std::to_string(config.d_head)
             + " (an even number up to that is needed)");
    if (!config.layer_traits.empty() && int(config.layer_traits.size()) != config.n_layers)
        fail(std::to_string(config.layer_traits.size()) + " layers are described and there are " + std::to_string(config.n_layers));
    if (config.family != Family::Gpt2 && config.rotary_dim == 0 && !config.alibi)
        fail("no rotary dimensions, and a " + name(config.family) + " model has no other positions");
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
    const Keys keys(root, subject);
    if (!keys.find({"model_type"}))
        throw Error(subject, "lacks the key \"model_type\"");
    const std::string type = keys.text("model_type", "");
    ModelConfig config;
    if (type == "gpt_neox")
        config = read_neox(keys);
    else if (type == "gpt2")
        config = read_gpt2(keys);
    else if (type == "llama")
        config = read_llama(keys);
    else
        throw Error(subject, "the model type \"" + type + "\" is not supported (supported: gpt_neox, gpt2, llama)");
    check_config(config, subject);
    return config;
}

ModelConfig read_config(const std::filesystem::path &config_json)
{
    return config_from_json(read_config_json(config_json), config_json.string());
}

std::string name(Family family)
{
    switch (family) {
    case Family::NeoX: return "gpt_neox";
    case Family::Gpt2: return "gpt2";
    case Family::Llama: return "llama";
    }
    return {};
}

} // namespace patchbay
