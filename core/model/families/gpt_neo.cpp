// GPT-Neo: GPT-2 with separate queries, keys and values, scores that are not scaled, and windows in local layers.
#include "base/error.h"
#include "model/detail/config_json.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

namespace patchbay {

namespace {

/// "attention_layers": ["global", "local", …], or "attention_types": [[["global", "local"], 12]], each list so many
/// times.
std::vector<std::string> layer_kinds(const ConfigKeys &keys, const ModelConfig &config)
{
    const auto refuse = [&] {
        throw Error(keys.file(), "\"attention_types\" does not say of each layer whether it is global or local");
    };
    std::vector<std::string> out;
    const nlohmann::json *types = keys.find({"attention_types"}), *listed = keys.find({"attention_layers"});
    const nlohmann::json once = listed ? nlohmann::json::array({{*listed, 1u}}) : nlohmann::json();
    if (listed)
        types = &once;
    if (!types) { // the default of transformers
        for (int layer = 0; layer < config.n_layers; ++layer)
            out.push_back(layer % 2 == 0 ? "global" : "local");
        return out;
    }
    if (!types->is_array())
        refuse();
    for (const nlohmann::json &entry : *types) {
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_array() || entry[0].empty()
            || !entry[1].is_number_unsigned())
            refuse();
        for (uint64_t times = entry[1].get<uint64_t>(); times > 0; --times)
            for (const nlohmann::json &kind : entry[0]) {
                if ((kind != "global" && kind != "local") || out.size() == size_t(config.n_layers))
                    refuse();
                out.push_back(kind.get<std::string>());
            }
    }
    if (out.size() != size_t(config.n_layers))
        refuse();
    return out;
}

ModelConfig gpt_neo_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"num_layers", "num_hidden_layers"});
    config.n_heads = config.n_kv_heads = keys.size({"num_heads", "num_attention_heads"});
    config.d_model = keys.size({"hidden_size"});
    config.d_mlp = keys.size_or({"intermediate_size"}, 4 * config.d_model);
    config.d_vocab = keys.size({"vocab_size"});
    config.n_ctx = keys.size({"max_position_embeddings"});
    set_d_head(keys, config, "num_heads", "hidden_size");
    config.eps = keys.number({"layer_norm_epsilon"}, 1e-5);
    config.activation = read_activation(keys, "activation_function", "gelu_new");
    config.attention_scale = 1;
    config.tied_embedding = keys.flag("tie_word_embeddings", true);
    check_config(config, keys.file()); // nothing is allocated for a billion layers
    const int window = keys.size_or({"window_size"}, 256);
    for (const std::string &kind : layer_kinds(keys, config))
        config.layer_traits.emplace_back().window = kind == "local" ? window : 0;
    return config;
}

FamilyTensors gpt_neo_tensors(const ConfigKeys &)
{
    FamilyTensors t;
    t.prefixes = {"transformer."};
    t.stream = {
        {Weight::W_E, "wte.weight"},
        {Weight::W_pos, "wpe.weight"},
        {Weight::ln_final_w, "ln_f.weight"},
        {Weight::ln_final_b, "ln_f.bias"},
    };
    t.layers = "h.";
    t.layer = {
        {Weight::ln1_w, "ln_1.weight"},
        {Weight::ln1_b, "ln_1.bias"},
        {Weight::ln2_w, "ln_2.weight"},
        {Weight::ln2_b, "ln_2.bias"},
        {Weight::W_Q, "attn.attention.q_proj.weight", Layout::Linear},
        {Weight::W_K, "attn.attention.k_proj.weight", Layout::Linear},
        {Weight::W_V, "attn.attention.v_proj.weight", Layout::Linear},
        {Weight::W_O, "attn.attention.out_proj.weight", Layout::Linear},
        {Weight::b_O, "attn.attention.out_proj.bias"},
        {Weight::W_in, "mlp.c_fc.weight", Layout::Linear},
        {Weight::b_in, "mlp.c_fc.bias"},
        {Weight::W_out, "mlp.c_proj.weight", Layout::Linear},
        {Weight::b_out, "mlp.c_proj.bias"},
    };
    t.head = {{Weight::W_U, "lm_head.weight", Layout::Linear}};
    return t;
}

} // namespace

const FamilyInfo &declared::gpt_neo()
{
    static const FamilyInfo info{
        .name = "gpt_neo",
        .title = "GPT-Neo",
        .read_config = gpt_neo_config,
        .tensors = gpt_neo_tensors,
        .buffers = {".attention.bias", ".attention.masked_bias"},
    };
    return info;
}

} // namespace patchbay
