// Logit lens: the logit difference that the residual stream would give after each layer.
#include "analysis/detail/readings.h"

namespace patchbay {

using namespace detail;

namespace {

void run_logit_lens(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const auto rows = end_rows(run.in);
    std::vector<at::Tensor> layers;
    for (int l = 1; l <= c.n_layers; ++l) {
        const at::Tensor x = gather_rows(run.clean().resid[size_t(l)], run.in.runs.layout(), rows);
        at::Tensor normed = at::empty_like(x);
        run.in.engine->final_norm().apply(x.data_ptr<float>(), normed.data_ptr<float>(), x.size(0));
        at::Tensor differences = at::empty({x.size(0)}, at::kFloat);
        for (int p = 0; p < x.size(0); ++p)
            differences[p] = run.in.runs.readout().difference(p, normed[p].data_ptr<float>());
        layers.push_back(differences);
        run.progress(l, c.n_layers);
    }
    run.result.arrays["lens.logit_diff"] = to_array(at::stack(layers));
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
