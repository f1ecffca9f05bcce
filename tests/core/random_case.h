// Random models of all traits, batches and specs, the same for a seed.
#pragma once

#include "model/check_head.h"
#include "spec/run_spec.h"
#include "task/prompts.h"

#include <algorithm>
#include <random>

namespace random_case {

using namespace patchbay;

class Draw {
public:
    explicit Draw(uint64_t seed) : m_random(seed) { }
    int below(int n) { return int(m_random() % uint64_t(n)); }
    int between(int low, int high) { return low + below(high - low + 1); }
    bool chance(int percent) { return below(100) < percent; }
    template <typename T>
    const T &of(const std::vector<T> &list)
    {
        return list[size_t(below(int(list.size())))];
    }

private:
    std::mt19937_64 m_random;
};

inline ModelConfig random_config(Draw &draw)
{
    ModelConfig c;
    c.family = draw.of(std::vector<std::string>{"gpt_neox", "gpt_neox", "gpt2", "llama"});
    c.n_layers = draw.between(1, 4);
    c.n_heads = draw.of(std::vector<int>{2, 4});
    c.n_kv_heads = c.family == "llama" && draw.chance(70) ? c.n_heads / 2 : c.n_heads;
    c.d_head = draw.of(std::vector<int>{4, 8});
    c.d_model = draw.chance(70) ? c.n_heads * c.d_head : c.n_heads * c.d_head + 4;
    c.d_mlp = draw.between(5, 40);
    c.d_vocab = draw.between(20, 60);
    c.n_ctx = 32;
    c.norm = c.family == "llama" ? Norm::RmsNorm : Norm::LayerNorm;
    c.activation = c.family == "llama" ? Activation::Silu : c.family == "gpt2" ? Activation::GeluNew : Activation::Gelu;
    c.gated_mlp = c.family == "llama";
    c.parallel = c.family == "gpt_neox" && draw.chance(60);
    c.rotary_dim = c.family == "gpt2" ? 0 : c.family == "llama" ? c.d_head : c.d_head / 2;
    if (c.rotary_dim > 0 && draw.chance(40)) {
        using Type = RotaryScaling::Type;
        RotaryScaling &s = c.rotary_scaling;
        s.type = draw.of(std::vector<Type>{Type::Linear, Type::Llama3, Type::Yarn, Type::LongRope});
        s.factor = draw.between(2, 8);
        s.original_ctx = s.type == Type::LongRope ? 8 : 24;
        if (s.type == Type::Yarn || s.type == Type::LongRope)
            s.amplitude = 1 + 0.1 * draw.between(0, 4);
        s.truncated = draw.chance(50);
        for (int pair = 0; pair < c.rotary_dim / 2; ++pair) {
            s.short_factors.push_back(1 + 0.1 * draw.between(0, 9));
            s.long_factors.push_back(draw.between(2, 5));
        }
    }
    if (draw.chance(50))
        return c;
    // Traits of other families, in any company.
    const auto at_times = [&] { return draw.chance(30); };
    if (at_times())
        c.qk_norm = draw.chance(50) ? QkNorm::PerHead : QkNorm::WholeWidth;
    if (at_times()) {
        c.post_norms = true;
        c.pre_norms = draw.chance(60);
    }
    if (at_times())
        c.norm = c.norm == Norm::LayerNorm ? Norm::RmsNorm : Norm::LayerNorm;
    if (at_times())
        c.gated_mlp = !c.gated_mlp;
    if (at_times())
        c.parallel = !c.parallel;
    if (at_times())
        c.clip_qkv = 1.2;
    if (at_times())
        c.score_cap = 1.5;
    if (at_times())
        c.attention_scale = 0.7;
    if (at_times())
        c.logit_cap = 2;
    if (at_times()) {
        c.alibi = true;
        c.alibi_bf16 = draw.chance(30);
        c.alibi_scale = draw.chance(50) ? 1 : 0.4;
        c.rotary_dim = 0;
    }
    if (at_times())
        c.activation = draw.of(std::vector<Activation>{Activation::Relu, Activation::Relu2, Activation::QuickGelu,
                                                       Activation::Solu, Activation::GeluNew});
    c.mid_norm = at_times();
    c.final_rms = draw.chance(15);
    if (draw.chance(15)) {
        c.attn_only = c.parallel = true;
        c.gated_mlp = c.mid_norm = false;
        c.d_mlp = 0;
    }
    c.rotary_interleaved = at_times();
    if (at_times())
        for (int l = 0; l < c.n_layers; ++l)
            c.layer_traits.push_back(
                {draw.chance(60) ? draw.between(1, 6) : 0, !draw.chance(30), draw.chance(40) ? 50.0 : 0.0});
    return c;
}

inline PromptBatch random_batch(Draw &draw, const ModelConfig &c)
{
    PromptBatch b;
    b.prompts = draw.between(1, 4);
    b.width = draw.between(6, 12);
    for (int p = 0; p < b.prompts; ++p) {
        const int end = draw.between(4, b.width - 1);
        b.end.push_back(end);
        b.io.push_back(draw.below(c.d_vocab));
        b.s.push_back((b.io.back() + draw.between(1, c.d_vocab - 1)) % c.d_vocab);
        for (const char *role : {"io", "s1", "s2"})
            b.roles[role].push_back(draw.between(0, end));
        for (int pos = 0; pos < b.width; ++pos)
            b.clean.push_back(draw.below(c.d_vocab));
    }
    b.flipped = b.clean;
    // A prompt may be flipped nowhere, at one place, or at several; after END as well.
    for (int p = 0; p < b.prompts; ++p)
        for (int flips = draw.of(std::vector<int>{0, 1, 1, 1, 2, 3}); flips > 0; --flips)
            b.flipped[size_t(p * b.width + draw.below(b.width))] = draw.below(c.d_vocab);
    return b;
}

inline Positions random_positions(Draw &draw, const PromptBatch &batch, bool each_allowed)
{
    Positions out = parse_positions(
        draw.of(std::vector<std::string>{"all", "all", "end", "s2", "io", "0", each_allowed ? "each" : "s1"}));
    out.list.clear();
    if (out.kind == Positions::Kind::List)
        for (int n = draw.between(1, 3); n > 0; --n) {
            const int pos = draw.below(*std::max_element(batch.end.begin(), batch.end.end()) + 1);
            if (std::find(out.list.begin(), out.list.end(), pos) == out.list.end())
                out.list.push_back(pos);
        }
    return out;
}

/// Those of the table that can be swept, received …: a site that is added there is drawn here.
inline std::vector<Site> sites_that(bool SiteInfo::*property)
{
    std::vector<Site> out;
    for (const SiteInfo &one : sites())
        if (one.*property)
            out.push_back(one.site);
    return out;
}

inline Node random_node(Draw &draw, const ModelConfig &c, const std::vector<Site> &sites)
{
    Node node;
    do
        node.site = draw.of(sites);
    while (!why_absent(node.site, c).empty());
    node.layer = draw.below(c.n_layers);
    node.head = per_head(node.site) ? draw.below(c.n_heads) : -1;
    return node;
}

/// Every sender in turn, every receiver in turn, or one cell.
inline PathPatch random_path(Draw &draw, const ModelConfig &config, const PromptBatch &batch)
{
    PathPatch spec;
    spec.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
    spec.ablation = draw.chance(20) ? Ablation::Zero : Ablation::None;
    spec.direct_includes_mlps = draw.chance(65);
    spec.positions = random_positions(draw, batch, false);
    std::vector<Site> sends = sites_that(&SiteInfo::sends), receives = sites_that(&SiteInfo::receives);
    sends.push_back(Site::Z); // twice as often
    std::vector<Site> swept_into{Site::Q, Site::K, Site::V, Site::ResidPost, Site::MlpPre};
    for (std::vector<Site> *sites : {&sends, &swept_into, &receives})
        std::erase_if(*sites, [&](Site site) { return !why_absent(site, config).empty(); });
    const auto nodes = [&](const std::vector<Site> &sites, int most) {
        std::vector<Node> out;
        for (int n = draw.between(1, most); n > 0; --n) {
            const Node node = random_node(draw, config, sites);
            // One receiver a place: what two of them at the same place would mean is not defined.
            const bool taken =
                std::any_of(out.begin(), out.end(), [&](const Node &other) { return other.layer == node.layer; });
            if (!taken)
                out.push_back(node);
        }
        return out;
    };
    const int kind = draw.below(3);
    if (kind == 1)
        spec.receivers.sweep = draw.of(swept_into);
    else
        spec.receivers.nodes = nodes(receives, 3);
    if (kind == 0)
        spec.senders.sweep = draw.of(sends);
    else
        spec.senders = {std::nullopt, nodes(sends, 3)};
    return spec;
}

} // namespace random_case
