// Models that TransformerLens itself trained and saved: its own configuration and its own names of tensors. So are Neel
// Nanda's toy models, of attention alone or with gelu or SoLU.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <algorithm>

namespace patchbay {

namespace {

bool is_hooked_transformer(const ConfigKeys &keys)
{
    return keys.find({"n_layers"}) && keys.find({"d_model"}) && keys.find({"n_ctx"}) && keys.find({"d_vocab"});
}

/// "LN" has weights; of "LNPre" and "RMSPre" they were folded away.
std::string normalization(const ConfigKeys &keys)
{
    const std::string later = keys.text("normalization_type", "LNPre"), kind = keys.text("normalization", later);
    for (const char *known : {"LN", "LNPre", "RMS", "RMSPre"})
        if (kind == known)
            return kind;
    throw Error(keys.file(),
                "\"normalization_type\": " + kind + " is not supported (supported: LN, LNPre, RMS, RMSPre)");
}

std::string act_fn(const ConfigKeys &keys)
{
    return keys.text("act_fn", "solu_ln");
}

/// What may be set in HookedTransformerConfig, changes the arithmetic, and is not done.
void refuse_others(const ConfigKeys &keys)
{
    const nlohmann::json usual = {{"attention_dir", "causal"},
                                  {"positional_embedding_type", "standard"},
                                  {"original_architecture", "neel"},
                                  {"architecture", "neel"},
                                  {"shortformer_pos", false},
                                  {"use_attn_scale", true},
                                  {"use_local_attn", false},
                                  {"parallel_attn_mlp", false},
                                  {"gated_mlp", false},
                                  {"post_embedding_ln", false},
                                  {"scale_attn_by_inverse_layer_idx", false},
                                  {"use_normalization_before_and_after", false},
                                  {"attn_scores_soft_cap", -1.0},
                                  {"output_logits_soft_cap", -1.0},
                                  {"num_experts", nullptr},
                                  {"n_key_value_heads", nullptr}};
    for (const auto &[key, value] : usual.items())
        if (const nlohmann::json *stated = keys.find({key.c_str()}); stated && *stated != value)
            throw Error(keys.file(), "\"" + key + "\": " + stated->dump() + " is not supported");
}

ModelConfig hooked_transformer_config(const ConfigKeys &keys)
{
    ModelConfig config;
    config.n_layers = keys.size({"n_layers"});
    config.d_model = keys.size({"d_model"});
    config.d_head = keys.size_or({"d_head"}, 64);
    config.n_heads = config.n_kv_heads = keys.size_or({"n_heads"}, std::max(1, config.d_model / config.d_head));
    config.d_vocab = keys.size({"d_vocab"});
    config.n_ctx = keys.size({"n_ctx"});
    config.eps = keys.number({"eps"}, 1e-5);
    config.norm = normalization(keys).starts_with("RMS") ? Norm::RmsNorm : Norm::LayerNorm;
    config.final_rms = keys.flag("final_rms", false);
    config.attn_only = config.parallel = keys.flag("attn_only", false);
    if (keys.find({"attn_scale"}) && *keys.find({"attn_scale"}) != -1.0)
        config.attention_scale = 1 / keys.number({"attn_scale"}, 1);
    if (config.has_mlp()) {
        const std::string activation = act_fn(keys);
        config.d_mlp = keys.size_or({"d_mlp"}, 4 * config.d_model);
        config.mid_norm = activation == "solu_ln";
        config.activation = activation.starts_with("solu") ? Activation::Solu : read_activation(keys, "act_fn", "gelu");
    }
    refuse_others(keys);
    return config;
}

FamilyTensors hooked_transformer_tensors(const ConfigKeys &keys)
{
    FamilyTensors t;
    t.stream = {{Weight::W_E, "embed.W_E"}, {Weight::W_pos, "pos_embed.W_pos"}};
    t.layers = "blocks.";
    t.layer = {
        {Weight::W_Q, "attn.W_Q", Layout::Stacked}, {Weight::b_Q, "attn.b_Q", Layout::Stacked},
        {Weight::W_K, "attn.W_K", Layout::Stacked}, {Weight::b_K, "attn.b_K", Layout::Stacked},
        {Weight::W_V, "attn.W_V", Layout::Stacked}, {Weight::b_V, "attn.b_V", Layout::Stacked},
        {Weight::W_O, "attn.W_O", Layout::Stacked}, {Weight::b_O, "attn.b_O"},
    };
    const bool mlp = !keys.flag("attn_only", false), mid_norm = mlp && act_fn(keys) == "solu_ln";
    if (mlp) {
        t.layer.push_back({Weight::W_in, "mlp.W_in"});
        t.layer.push_back({Weight::b_in, "mlp.b_in"});
        t.layer.push_back({Weight::W_out, "mlp.W_out"});
        t.layer.push_back({Weight::b_out, "mlp.b_out"});
    }
    const std::string kind = normalization(keys);
    const auto norm = [&](std::vector<FamilyTensor> &list, Weight weight, Weight bias, const std::string &name) {
        if (kind == "LN" || kind == "RMS")
            list.push_back({weight, name + ".w"});
        if (kind == "LN")
            list.push_back({bias, name + ".b"});
    };
    norm(t.layer, Weight::ln1_w, Weight::ln1_b, "ln1");
    if (mlp)
        norm(t.layer, Weight::ln2_w, Weight::ln2_b, "ln2");
    if (mid_norm)
        norm(t.layer, Weight::mid_norm_w, Weight::mid_norm_b, "mlp.ln");
    if (kind == "LN" && keys.flag("final_rms", false))
        t.stream.push_back({Weight::ln_final_w, "ln_final.w"});
    else
        norm(t.stream, Weight::ln_final_w, Weight::ln_final_b, "ln_final");
    t.head = {{Weight::W_U, "unembed.W_U"}, {Weight::b_U, "unembed.b_U"}};
    return t;
}

} // namespace

const FamilyInfo &declared::hooked_transformer()
{
    static const FamilyInfo info{
        .name = "hooked_transformer",
        .title = "TransformerLens",
        .read_config = hooked_transformer_config,
        .tensors = hooked_transformer_tensors,
        .buffers = {".attn.mask", ".attn.IGNORE"},
        .recognises = is_hooked_transformer,
        .other_keys_change_nothing = true,
        .weight_files = {"final.pth", ".pth", ".pt"},
    };
    return info;
}

} // namespace patchbay
