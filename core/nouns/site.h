// The sites of a model that can be patched: one table, which specs, engine, toolbar, command line, captions and the
// handbook read.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace patchbay {

/// TransformerLens' names (DESIGN §2). A new one needs a row in site.cpp and its arithmetic in the engine.
enum class Site {
    Z,
    Q,
    K,
    V,
    Pattern,
    Result,
    AttnOut,
    MlpOut,
    ResidPre,
    ResidMid,
    ResidPost,
    QInput,
    KInput,
    VInput,
    MlpPre
};

/// Where in a layer a change acts, in the order in which a run passes them.
enum class Stage { Input, Heads, Mid, Mlp };

struct SiteInfo {
    Site site = Site::Z;
    const char *name = "";  ///< as written in specs, files and on the command line: "z", "mlp_out"
    const char *title = ""; ///< over a heatmap: "Output (z)"
    const char *hook = "";  ///< TransformerLens' hook point inside a block: "attn.hook_z"; empty: no hook of its own
    bool per_head = false;  ///< one activation a head; otherwise one a layer
    bool grouped = false;   ///< in models with grouped KV heads several query heads share it
    Stage stage = Stage::Heads;
    int reads = 0; ///< the layer in which a change of it is read first, counted from its own (resid_post: the next one)
    bool swept = false;     ///< activation patching, ablation
    bool estimated = false; ///< attribution patching knows its gradient
    bool sends = false;     ///< path patching from it
    bool receives = false;  ///< path patching into it
    bool has_mean = false;  ///< mean ablation is defined
};

/// The rows of the table, in the order in which people name them.
std::span<const SiteInfo> sites();
const SiteInfo &info(Site site);
/// "z, q, k, v": the names of the sites that have this property, for help and errors.
std::string site_names(bool SiteInfo::*property);

std::string name(Site site);
/// Has one activation per head.
bool per_head(Site site);
/// "z", "mlp_out", "resid_post" … ("pre" is mlp_pre, as path_patching's users know it). Throws Error listing the
/// accepted names.
Site parse_site(std::string_view text);

} // namespace patchbay
