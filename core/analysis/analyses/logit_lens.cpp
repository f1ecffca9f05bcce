// Logit lens: the logit difference that the residual stream would give after each layer.
#include "analysis/detail/readings.h"

namespace patchbay {

using namespace detail;

namespace {

void run_logit_lens(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    ByPrompt parts;
    int done = 0;
    run.each_group([&](const PromptGroup &group) {
        const BatchRuns &runs = group.runs;
        const auto rows = end_rows(runs.layout());
        std::vector<at::Tensor> layers;
        for (int l = 1; l <= c.n_layers; ++l) {
            const at::Tensor x = gather_rows(runs.run(false).resid[size_t(l)], runs.layout(), rows);
            at::Tensor normed = at::empty_like(x);
            run.in.engine->final_norm().apply(x.data_ptr<float>(), normed.data_ptr<float>(), x.size(0));
            layers.push_back(runs.readout(Metric::LogitDiff).values(normed));
            run.progress(++done, c.n_layers * run.in.groups.count());
        }
        parts.put("lens", group, at::stack(layers));
    });
    run.result.arrays["lens.logit_diff"] = parts.array("lens");
}

std::string describe_logit_lens(const Analysis &)
{
    return "Logit lens of the clean run: the residual stream after each layer through the final norm and the "
           "unembedding; logit of IO minus logit "
           "of S at END, mean over prompts.";
}

} // namespace

const AnalysisInfo &declared::logit_lens()
{
    static const AnalysisInfo info{.name = "logit-lens",
                                   .title = "Logit lens",
                                   .tip = "The logit difference that each layer's residual stream would give",
                                   .yields = {{"lens.logit_diff", "Logit lens", "logit difference of the lens",
                                               "logits", "Logit difference", Quantity::Draw::Layers}},
                                   .describe = describe_logit_lens,
                                   .run = run_logit_lens};
    return info;
}

} // namespace patchbay
