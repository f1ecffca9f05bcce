// Rotary settings of a config.json: the share of a head that is turned, the angles' base, and how they are slowed.
#include "base/error.h"
#include "model/detail/config_keys.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

using nlohmann::json;

namespace {

/// One object of rotary settings, with errors that name where it stands.
class RotarySettings {
public:
    RotarySettings(const ConfigKeys &keys, const json &object, const char *key)
        : m_keys(keys), m_key(key), m_inner(object, keys.file())
    {
    }
    const ConfigKeys &inner() const { return m_inner; }
    /// rope_type, or as earlier files spell it.
    std::string type() const
    {
        const std::string earlier = m_inner.text("type", "default");
        return m_inner.text("rope_type", earlier);
    }
    RotaryScaling scaling(const ModelConfig &config, const std::string &type) const;
    /// Settings that nobody knows may change the angles.
    void refuse_unknown() const
    {
        static const char *const without_effect[] = {
            "factor",          "attention_factor",     "beta_fast",   "beta_slow",
            "low_freq_factor", "high_freq_factor",     "long_factor", "short_factor",
            "mscale",          "mscale_all_dim",       "truncate",    "original_max_position_embeddings",
            "rope_theta",      "partial_rotary_factor"};
        for (const std::string &key : m_inner.unread())
            if (std::find(std::begin(without_effect), std::end(without_effect), key) == std::end(without_effect))
                fail(": the key \"" + key + "\" is not known");
    }

private:
    [[noreturn]] void fail(const std::string &cause) const { throw Error(m_keys.file(), "\"" + m_key + "\"" + cause); }
    // Without these the angles would be anyone's guess.
    double needed(const char *key, const std::string &type) const
    {
        if (!m_inner.find({key}))
            fail(" of the type \"" + type + "\" lacks the key \"" + key + "\"");
        return m_inner.number({key}, 1);
    }
    std::vector<double> factors(const char *key, const std::string &type) const;

    const ConfigKeys &m_keys;
    const std::string m_key;
    const ConfigKeys m_inner;
};

std::vector<double> RotarySettings::factors(const char *key, const std::string &type) const
{
    const json *list = m_inner.find({key});
    if (!list)
        fail(" of the type \"" + type + "\" lacks the key \"" + key + "\"");
    std::vector<double> out;
    if (list->is_array() && list->size() <= (1 << 16))
        for (const json &factor : *list)
            if (factor.is_number() && factor.get<double>() > 0 && std::isfinite(factor.get<double>()))
                out.push_back(factor.get<double>());
    if (!list->is_array() || out.size() != list->size())
        fail(": " + std::string(key) + " is not a list of positive numbers");
    return out;
}

RotaryScaling RotarySettings::scaling(const ModelConfig &config, const std::string &type) const
{
    RotaryScaling s;
    if (type == "default")
        return s;
    if (type == "linear" || type == "dynamic" || type == "llama3" || type == "yarn") {
        s.factor = needed("factor", type);
        if (s.factor < 1)
            fail(": the factor is below 1");
    }
    if (type == "linear") {
        s.type = RotaryScaling::Type::Linear;
    } else if (type == "dynamic") {
        // Slower only in prompts longer than max_position_embeddings, and none is.
        s.factor = 1;
    } else if (type == "llama3") {
        s.type = RotaryScaling::Type::Llama3;
        s.low_freq_factor = needed("low_freq_factor", type);
        s.high_freq_factor = needed("high_freq_factor", type);
        s.original_ctx = needed("original_max_position_embeddings", type);
        if (s.low_freq_factor >= s.high_freq_factor)
            fail(": low_freq_factor is not below high_freq_factor");
    } else if (type == "yarn") {
        s.type = RotaryScaling::Type::Yarn;
        s.low_freq_factor = m_inner.number({"beta_slow"}, 1);
        s.high_freq_factor = m_inner.number({"beta_fast"}, 32);
        s.original_ctx = m_inner.number({"original_max_position_embeddings"}, config.n_ctx);
        s.truncated = m_inner.flag("truncate", true);
        const auto grown = [&](double by) { return 0.1 * by * std::log(s.factor) + 1; };
        const bool both = m_inner.find({"mscale"}) && m_inner.find({"mscale_all_dim"});
        s.amplitude = m_inner.number(
            {"attention_factor"},
            both ? grown(m_inner.number({"mscale"}, 1)) / grown(m_inner.number({"mscale_all_dim"}, 1)) : grown(1));
    } else if (type == "longrope") {
        s.type = RotaryScaling::Type::LongRope;
        s.short_factors = factors("short_factor", type);
        s.long_factors = factors("long_factor", type);
        // Where the first training's context stands beside the present one, their ratio is the factor.
        const bool beside = m_keys.find({"original_max_position_embeddings"});
        s.original_ctx = m_keys.number({"original_max_position_embeddings"},
                                       m_inner.number({"original_max_position_embeddings"}, config.n_ctx));
        const double ratio = config.n_ctx / s.original_ctx;
        s.factor = beside ? ratio : m_inner.number({"factor"}, ratio);
        s.amplitude = m_inner.number(
            {"attention_factor"},
            s.factor <= 1 ? 1 : std::sqrt(1 + std::log(s.factor) / std::log(std::max(s.original_ctx, 2.0))));
    } else {
        fail(": scaled rotary embeddings of the type \"" + type
             + "\" are not supported (supported: default, linear, dynamic, llama3, yarn, longrope)");
    }
    return s;
}

} // namespace

// The settings stand in the configuration itself, and in newer files in rope_parameters, which then come first.
void read_rotary(const ConfigKeys &keys, ModelConfig &config, double share, double base, const char *layer_type)
{
    config.rotary_base = keys.number({"rope_theta", "rotary_emb_base"}, base);
    share = keys.number({"partial_rotary_factor", "rotary_pct"}, share);
    for (const char *key : {"rope_scaling", "rope_parameters"}) {
        const json *nested = keys.find({key});
        if (!nested)
            continue;
        if (layer_type && nested->is_object() && nested->contains(layer_type))
            nested = &nested->at(layer_type);
        if (!nested->is_object())
            throw Error(keys.file(), std::string("\"") + key + "\" is not an object");
        const RotarySettings settings(keys, *nested, key);
        std::string type = settings.type();
        // Phi 3's earlier files name it otherwise.
        if (settings.inner().find({"long_factor"}) && (type == "su" || type == "yarn"))
            type = "longrope";
        if (const RotaryScaling scaling = settings.scaling(config, type); scaling.type != RotaryScaling::Type::None)
            config.rotary_scaling = scaling;
        config.rotary_base = settings.inner().number({"rope_theta"}, config.rotary_base);
        share = settings.inner().number({"partial_rotary_factor"}, share);
        settings.refuse_unknown();
    }
    config.rotary_dim = static_cast<int>(std::min(share, 2.0) * config.d_head);
    if (config.rotary_dim == 0)
        throw Error(keys.file(),
                    "no rotary dimensions, and a " + keys.text("model_type", "") + " model has no other positions");
    const RotaryScaling &scaling = config.rotary_scaling;
    for (const std::vector<double> *factors : {&scaling.short_factors, &scaling.long_factors})
        if (scaling.type == RotaryScaling::Type::LongRope && 2 * factors->size() != size_t(config.rotary_dim))
            throw Error(keys.file(),
                        "the scaled rotary embeddings have " + std::to_string(factors->size()) + " factors for "
                            + std::to_string(config.rotary_dim / 2) + " pairs of dimensions");
}

} // namespace patchbay
