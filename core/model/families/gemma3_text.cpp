// Gemma 3: Gemma 2 without soft caps, with queries and keys normed, one layer of six that sees everything, and rotary
// angles of another base in the others.
#include "base/error.h"
#include "model/detail/config_keys.h"
#include "model/families.h"

#include <cmath>

namespace patchbay {

namespace {

/// Of the angles in layers with a window, which nothing slows down.
double local_base(const ConfigKeys &keys)
{
    double base = keys.number({"rope_local_base_freq"}, 10000);
    const nlohmann::json *nested = keys.find({"rope_parameters"});
    if (!nested || !nested->is_object() || !nested->contains("sliding_attention"))
        return base;
    const ConfigKeys local(nested->at("sliding_attention"), keys.file());
    if (local.text("rope_type", "default") != "default")
        throw Error(keys.file(), "\"rope_parameters\": scaled angles of sliding_attention are not supported");
    return local.number({"rope_theta"}, base);
}

ModelConfig gemma3_text_config(const ConfigKeys &keys)
{
    ModelConfig config = declared::gemma().read_config(keys);
    config.n_heads = keys.size_or({"num_attention_heads"}, 8);
    config.n_kv_heads = keys.stated("num_key_value_heads") ? keys.size_or({"num_key_value_heads"}, config.n_heads) : 4;
    config.d_vocab = keys.size_or({"vocab_size"}, 262208);
    config.n_ctx = keys.size_or({"max_position_embeddings"}, 131072);
    config.activation = read_activation(keys, "hidden_activation", "gelu_pytorch_tanh");
    config.post_norms = true;
    config.qk_norm = QkNorm::PerHead;
    config.attention_scale = 1 / std::sqrt(keys.number({"query_pre_attn_scalar"}, 256));
    keys.find({"attn_logit_softcapping"}); // stands there for Gemma 2's sake: scores are not capped
    if (keys.find({"final_logit_softcapping"}))
        config.logit_cap = keys.number({"final_logit_softcapping"}, 30);
    keys.refuse("use_bidirectional_attention", true);
    const int every = keys.size_or({"sliding_window_pattern", "_sliding_window_pattern"}, 6);
    read_windows(keys, config, read_window(keys, 4096), [&](int layer) { return (layer + 1) % every != 0; });

    read_rotary(keys, config, 1.0, 1e6, "full_attention");
    for (LayerTraits &layer : config.layer_traits)
        if (layer.window > 0)
            layer.rotary_base = local_base(keys);
    return config;
}

FamilyTensors gemma3_text_tensors(const ConfigKeys &keys)
{
    FamilyTensors t = declared::gemma2().tensors(keys);
    t.layer.push_back({Weight::q_norm, "self_attn.q_norm.weight", Layout::ForAllHeads});
    t.layer.push_back({Weight::k_norm, "self_attn.k_norm.weight", Layout::ForAllHeads});
    return t;
}

} // namespace

const FamilyInfo &declared::gemma3_text()
{
    static const FamilyInfo info{
        .name = "gemma3_text",
        .title = "Gemma 3",
        .read_config = gemma3_text_config,
        .tensors = gemma3_text_tensors,
        .buffers = declared::llama().buffers,
    };
    return info;
}

} // namespace patchbay
