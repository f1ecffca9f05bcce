// Keys of a config.json, read with errors that name the file and the key; and what several families read alike.
// For core's sources only.
#pragma once

#include "model/detail/family.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <initializer_list>
#include <set>
#include <string>

namespace patchbay {

/// A JSON object with a subject for errors. Keys that are null count as absent, as they do for those who write these
/// files.
/// Where a key has several spellings, the first that is there is read, and errors name the first of all.
class ConfigKeys {
public:
    /// object must live as long as this.
    ConfigKeys(const nlohmann::json &object, std::string file) : m_object(object), m_file(std::move(file)) { }

    using Spellings = std::initializer_list<const char *>;
    const nlohmann::json *find(Spellings spellings) const;
    /// The key is there, be it null: for those whose null says something else than their absence.
    bool stated(const char *key) const
    {
        m_read.insert(key);
        return m_object.contains(key);
    }
    /// Keys that are there and that nobody has asked for, null ones left out.
    std::vector<std::string> unread() const;
    int size(Spellings spellings) const;
    int size_or(Spellings spellings, int otherwise) const;
    /// A positive one.
    double number(Spellings spellings, double otherwise) const;
    bool flag(const char *key, bool otherwise) const;
    std::string text(const char *key, const std::string &otherwise) const;
    /// For choices that change the arithmetic and are not implemented.
    void refuse(const char *key, bool when) const;
    const std::string &file() const { return m_file; }

private:
    int whole(const nlohmann::json &value, const char *key) const;
    const nlohmann::json &m_object;
    std::string m_file;
    mutable std::set<std::string> m_read;
};

Activation read_activation(const ConfigKeys &keys, const char *key, const char *usual);

/// d_head = width / heads, for families whose heads share the width out among them; the two keys are for the error.
void set_d_head(const ConfigKeys &keys, ModelConfig &config, const char *heads, const char *width);

/// rotary_dim, rotary_base, rotary_scaling. Call it after d_head and n_ctx. share: of a head's dimensions, where the
/// configuration does not say; base: where it does not. layer_type: "full_attention" where "rope_parameters" may have a
/// part for each type of layer.
void read_rotary(const ConfigKeys &keys, ModelConfig &config, double share, double base = 10000,
                 const char *layer_type = nullptr);

/// config.layer_traits, one for each layer. Throws Error where sizes are out of range.
std::vector<LayerTraits> &layers_of(const ConfigKeys &keys, ModelConfig &config);

/// "sliding_window": 0 where it is null; usual where it is absent.
int read_window(const ConfigKeys &keys, int usual);
/// Gives `window` positions (0: none are there to give) to the layers that "layer_types" calls sliding; where that is
/// absent, to those that `sliding` holds for. Call it after all sizes.
void read_windows(const ConfigKeys &keys, ModelConfig &config, int window,
                  const std::function<bool(int layer)> &sliding);

/// config_audit.cpp. The family of the configuration. Throws Error saying what is missing where it is none that opens.
const FamilyInfo &family_of(const ConfigKeys &keys);
/// Keys that nothing has read and that change nothing. Throws Error naming one that may.
std::vector<std::string> ignored_keys(const ConfigKeys &keys);

} // namespace patchbay
