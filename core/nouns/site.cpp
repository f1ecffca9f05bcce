#include "nouns/site.h"

#include "base/names.h"

#include <array>

namespace patchbay {

namespace {

enum Property : unsigned {
    PerHead = 1,
    Grouped = 2,
    Swept = 4,
    Estimated = 8,
    Sends = 16,
    Receives = 32,
    HasMean = 64,
    Patched = Swept | Estimated, ///< what activation patching takes, attribution patching estimates
};

constexpr SiteInfo row(Site site, const char *name, const char *title, const char *hook, Stage stage,
                       unsigned properties, int reads = 0)
{
    const auto has = [properties](Property one) { return (properties & one) != 0; };
    return {site, name, title, hook, has(PerHead), has(Grouped), stage, reads, has(Swept), has(Estimated), has(Sends),
            has(Receives), has(HasMean)};
}

constexpr std::array<SiteInfo, 15> table{{
    row(Site::Z, "z", "Output (z)", "attn.hook_z", Stage::Heads, PerHead | Patched | Sends | HasMean),
    row(Site::Q, "q", "Query (q)", "attn.hook_q", Stage::Heads, PerHead | Patched | Receives | HasMean),
    row(Site::K, "k", "Key (k)", "attn.hook_k", Stage::Heads, PerHead | Grouped | Patched | Receives | HasMean),
    row(Site::V, "v", "Value (v)", "attn.hook_v", Stage::Heads, PerHead | Grouped | Patched | Receives | HasMean),
    row(Site::Pattern, "pattern", "Pattern", "attn.hook_pattern", Stage::Heads, PerHead | Patched | Receives),
    row(Site::Result, "result", "Result", "attn.hook_result", Stage::Heads, PerHead | Patched | HasMean),
    row(Site::AttnOut, "attn_out", "Attention output", "hook_attn_out", Stage::Heads, Patched | Sends | HasMean),
    row(Site::MlpOut, "mlp_out", "MLP output", "hook_mlp_out", Stage::Mlp, Patched | Sends | HasMean),
    row(Site::ResidPre, "resid_pre", "Residual before", "hook_resid_pre", Stage::Input, Patched | Receives | HasMean),
    row(Site::ResidMid, "resid_mid", "Residual between", "hook_resid_mid", Stage::Mid, Patched | Receives | HasMean),
    row(Site::ResidPost, "resid_post", "Residual after", "hook_resid_post", Stage::Input, Patched | Receives | HasMean,
        1),
    row(Site::QInput, "q_input", "Query input", "hook_q_input", Stage::Heads, PerHead | Receives),
    row(Site::KInput, "k_input", "Key input", "hook_k_input", Stage::Heads, PerHead | Receives),
    row(Site::VInput, "v_input", "Value input", "hook_v_input", Stage::Heads, PerHead | Receives),
    row(Site::MlpPre, "mlp_pre", "MLP before its activation", "mlp.hook_pre", Stage::Mlp, Receives),
}};

constexpr bool rows_follow_the_enumeration()
{
    for (size_t i = 0; i < table.size(); ++i)
        if (size_t(table[i].site) != i)
            return false;
    return true;
}
static_assert(rows_follow_the_enumeration());

} // namespace

std::span<const SiteInfo> sites()
{
    return table;
}

const SiteInfo &info(Site site)
{
    return table[size_t(site)];
}

std::string site_names(bool SiteInfo::*property)
{
    std::string list;
    for (const SiteInfo &row : table)
        if (row.*property)
            list += (list.empty() ? "" : ", ") + std::string(row.name);
    return list;
}

std::string name(Site site)
{
    return info(site).name;
}

bool per_head(Site site)
{
    return info(site).per_head;
}

Site parse_site(std::string_view text)
{
    const std::string_view plain = trimmed(text);
    if (plain == "pre")
        return Site::MlpPre;
    std::string known;
    for (const SiteInfo &row : table) {
        if (plain == row.name)
            return row.site;
        known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    throw Error(std::string(text), "is not a site; one of " + known);
}

} // namespace patchbay
