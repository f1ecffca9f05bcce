#include "model/detail/hook_points.h"

#include <fnmatch.h>

namespace patchbay {

std::string block_hook(int layer, const std::string &suffix)
{
    return "blocks." + std::to_string(layer) + "." + suffix;
}

std::vector<HookPoint> hook_points(const ModelConfig &config)
{
    std::vector<HookPoint> out;
    const auto stream = [&](const std::string &name) { out.push_back({name, HookAxes::Stream}); };
    stream("hook_embed");
    if (config.learned_positions())
        stream("hook_pos_embed");
    for (int layer = 0; layer < config.n_layers; ++layer) {
        const auto add = [&](const char *suffix, HookAxes axes) { out.push_back({block_hook(layer, suffix), axes}); };
        add("hook_resid_pre", HookAxes::Stream);
        add("hook_attn_in", HookAxes::Heads);
        add("hook_q_input", HookAxes::Heads);
        add("hook_k_input", HookAxes::KvHeads);
        add("hook_v_input", HookAxes::KvHeads);
        if (config.pre_norms) {
            add("ln1.hook_scale", HookAxes::Stream);
            add("ln1.hook_normalized", HookAxes::Stream);
        }
        add("attn.hook_q", HookAxes::Heads);
        add("attn.hook_k", HookAxes::KvHeads);
        add("attn.hook_v", HookAxes::KvHeads);
        if (config.qk_norm != QkNorm::None) {
            const bool whole = config.qk_norm == QkNorm::WholeWidth; // one norm for all heads
            for (const char *suffix : {"attn.q_norm.hook_scale", "attn.q_norm.hook_normalized"})
                add(suffix, whole ? HookAxes::Stream : HookAxes::Heads);
            add("attn.hook_q_norm", HookAxes::Heads);
            for (const char *suffix : {"attn.k_norm.hook_scale", "attn.k_norm.hook_normalized"})
                add(suffix, whole ? HookAxes::Stream : HookAxes::KvHeads);
            add("attn.hook_k_norm", HookAxes::KvHeads);
        }
        if (config.rotary_dim > 0 && config.traits_of(layer).rotary) {
            add("attn.hook_rot_q", HookAxes::Heads);
            add("attn.hook_rot_k", HookAxes::KvHeads);
        }
        add("attn.hook_attn_scores", HookAxes::Pattern);
        add("attn.hook_pattern", HookAxes::Pattern);
        add("attn.hook_z", HookAxes::Heads);
        add("attn.hook_result", HookAxes::Heads);
        if (config.post_norms) {
            add("ln1_post.hook_scale", HookAxes::Stream);
            add("ln1_post.hook_normalized", HookAxes::Stream);
        }
        add("hook_attn_out", HookAxes::Stream);
        if (!config.has_mlp()) {
            add("hook_resid_post", HookAxes::Stream);
            continue;
        }
        if (!config.parallel)
            add("hook_resid_mid", HookAxes::Stream);
        add("hook_mlp_in", HookAxes::Stream);
        if (config.pre_norms) {
            add("ln2.hook_scale", HookAxes::Stream);
            add("ln2.hook_normalized", HookAxes::Stream);
        }
        add("mlp.hook_pre", HookAxes::Stream);
        if (config.gated_mlp)
            add("mlp.hook_pre_linear", HookAxes::Stream);
        if (config.mid_norm) {
            add("mlp.hook_mid", HookAxes::Stream);
            add("mlp.ln.hook_scale", HookAxes::Stream);
            add("mlp.ln.hook_normalized", HookAxes::Stream);
        }
        add("mlp.hook_post", HookAxes::Stream);
        if (config.post_norms) {
            add("ln2_post.hook_scale", HookAxes::Stream);
            add("ln2_post.hook_normalized", HookAxes::Stream);
        }
        add("hook_mlp_out", HookAxes::Stream);
        add("hook_resid_post", HookAxes::Stream);
    }
    stream("ln_final.hook_scale");
    stream("ln_final.hook_normalized");
    return out;
}

bool matches_glob(const std::string &glob, const std::string &text)
{
    return fnmatch(glob.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
}

} // namespace patchbay
