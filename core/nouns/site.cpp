#include "nouns/site.h"

#include "base/names.h"

#include <array>

namespace patchbay {

namespace {

// swept, estimated, sends, receives, has_mean
constexpr std::array<SiteInfo, 15> table{{
    {Site::Z, "z", "Output (z)", "attn.hook_z", true, false, Stage::Heads, 0, true, true, true, false, true},
    {Site::Q, "q", "Query (q)", "attn.hook_q", true, false, Stage::Heads, 0, true, true, false, true, true},
    {Site::K, "k", "Key (k)", "attn.hook_k", true, true, Stage::Heads, 0, true, true, false, true, true},
    {Site::V, "v", "Value (v)", "attn.hook_v", true, true, Stage::Heads, 0, true, true, false, true, true},
    {Site::Pattern, "pattern", "Pattern", "attn.hook_pattern", true, false, Stage::Heads, 0, true, true, false, true, false},
    {Site::Result, "result", "Result", "attn.hook_result", true, false, Stage::Heads, 0, true, true, false, false, true},
    {Site::AttnOut, "attn_out", "Attention output", "hook_attn_out", false, false, Stage::Heads, 0, true, true, true, false, true},
    {Site::MlpOut, "mlp_out", "MLP output", "hook_mlp_out", false, false, Stage::Mlp, 0, true, true, true, false, true},
    {Site::ResidPre, "resid_pre", "Residual before", "hook_resid_pre", false, false, Stage::Input, 0, true, true, false, true, true},
    {Site::ResidMid, "resid_mid", "Residual between", "hook_resid_mid", false, false, Stage::Mid, 0, true, true, false, true, true},
    {Site::ResidPost, "resid_post", "Residual after", "hook_resid_post", false, false, Stage::Input, 1, true, true, false, true, true},
    {Site::QInput, "q_input", "Query input", "hook_q_input", true, false, Stage::Heads, 0, false, false, false, true, false},
    {Site::KInput, "k_input", "Key input", "hook_k_input", true, false, Stage::Heads, 0, false, false, false, true, false},
    {Site::VInput, "v_input", "Value input", "hook_v_input", true, false, Stage::Heads, 0, false, false, false, true, false},
    {Site::MlpPre, "mlp_pre", "MLP before its activation", "mlp.hook_pre", false, false, Stage::Mlp, 0, false, false, false, true, false},
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
