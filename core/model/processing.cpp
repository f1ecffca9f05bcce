#include "model/config.h"

namespace patchbay {

std::vector<LeftOff> left_off(const ModelConfig &config, const Processing &wanted)
{
    std::vector<LeftOff> out;
    if (wanted.center_writing) {
        const char *why = config.norm != Norm::LayerNorm || config.final_rms ? "RMSNorm does not subtract the mean"
            : !config.pre_norms ? "attention and MLP read the stream itself"
            : config.post_norms ? "what blocks write is normed before it is added"
                                : nullptr;
        if (why)
            out.push_back({&Processing::center_writing, "center_writing", why});
    }
    if (wanted.center_unembed && config.logit_cap > 0)
        out.push_back({&Processing::center_unembed, "center_unembed",
                       "the logits are soft-capped, so what is the same for all of them matters"});
    // What is cut off is not the sum of its parts.
    if (wanted.fold_value_biases && config.clip_qkv > 0)
        out.push_back({&Processing::fold_value_biases, "fold_value_biases", "values are cut off after their bias"});
    return out;
}

Processing applied_steps(const Processing &wanted, const ModelConfig &config)
{
    Processing steps = wanted;
    for (const LeftOff &step : left_off(config, wanted))
        steps.*step.step = false;
    return steps;
}

} // namespace patchbay
