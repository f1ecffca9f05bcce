#include "model/check_head.h"

#include "base/amounts.h"
#include "base/error.h"

namespace patchbay {

void check_head(Head head, const ModelConfig &config, const std::string &subject)
{
    if (head.layer < 0 || head.layer >= config.n_layers || head.head < -1 || head.head >= config.n_heads)
        throw Error(subject,
                    "this model has " + counted(config.n_layers, "layer") + " of " + counted(config.n_heads, "head")
                        + ", counted from 0");
}

void check_head(Head head, const ModelConfig &config)
{
    check_head({head.layer, head.head < 0 ? config.n_heads : head.head}, config, label(head));
}

void check_heads(const std::vector<Head> &heads, const ModelConfig &config)
{
    for (const Head head : heads)
        check_head(head, config);
}

std::string why_absent(Site site, const ModelConfig &config)
{
    if (!config.has_mlp() && (site == Site::ResidMid || info(site).stage == Stage::Mlp))
        return "this model's blocks have no MLP: there is no " + name(site);
    if (config.parallel && site == Site::ResidMid)
        return "attention and MLP of this model are parallel: there is no resid_mid";
    return {};
}

} // namespace patchbay
