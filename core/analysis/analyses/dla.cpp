// Direct logit attribution: what each head, layer component and layer writes in the direction of the answer at END.
#include "analysis/detail/readings.h"
#include "model/detail/weights.h"
#include "model/hooked_transformer.h"

namespace patchbay {

using namespace detail;

namespace {

at::Tensor dotted_at_end(const at::Tensor &rows, const at::Tensor &direction, const at::Tensor &scale)
{
    return (rows * direction).sum(1) / scale; // [P]
}

void read_group(const AnalysisRun &run, const PromptGroup &group, ByPrompt &parts)
{
    const ModelConfig &c = run.config();
    const Model &model = *run.in.model;
    const BatchRuns &runs = group.runs;
    const PromptBatch &batch = runs.batch();
    const Run &clean = runs.run(false);
    const auto rows = end_rows(runs.layout());
    const at::Tensor direction = logit_direction(model, batch);
    const at::Tensor scale = norm_scale(gather_rows(clean.resid.back(), runs.layout(), rows), c); // [P]
    const auto z = [&](int l) { return runs.z_rows(clean, l, rows); };
    parts.put("dla", group, head_attribution(model, batch, z, scale));

    // One published notebook divides by the scale at the last, padded position; both are offered.
    HookedTransformer::Options options;
    options.logits = false;
    options.keep = {"ln_final.hook_scale"};
    const Tokens tokens{batch.prompts, batch.width, batch.clean};
    const Array padded =
        HookedTransformer(run.in.model).run(tokens, options, run.cancel).cache.at("ln_final.hook_scale");
    const at::Tensor last = from_array(padded).select(1, batch.width - 1).reshape({batch.prompts}).clone();
    parts.put("dla.scale_last_position", group, head_attribution(model, batch, z, last));

    std::vector<at::Tensor> accumulated, components;
    const Weights &w = model.weights();
    std::vector<int64_t> end_tokens, end_positions;
    for (const auto &[prompt, pos] : rows) {
        end_tokens.push_back(batch.at(false, prompt, pos));
        end_positions.push_back(pos);
    }
    components.push_back(dotted_at_end(w.embedding(at::tensor(end_tokens, at::kLong)), direction, scale));
    if (w.W_pos.defined())
        components.push_back(
            dotted_at_end(w.W_pos.index_select(0, at::tensor(end_positions, at::kLong)), direction, scale));
    for (int l = 0; l <= c.n_layers; ++l) {
        run.cancel.check();
        accumulated.push_back(
            dotted_at_end(gather_rows(clean.resid[size_t(l)], runs.layout(), rows), direction, scale));
        if (l == c.n_layers)
            break;
        components.push_back(dotted_at_end(runs.attn_out_rows(clean, l, rows), direction, scale));
        components.push_back(dotted_at_end(runs.mlp_out_rows(clean, l, rows), direction, scale));
    }
    parts.put("accumulated.dla", group, at::stack(accumulated));
    parts.put("components.dla", group, at::stack(components));
}

void run_dla(AnalysisRun &run)
{
    ByPrompt parts;
    int done = 0;
    run.each_group([&](const PromptGroup &group) {
        read_group(run, group, parts);
        run.progress(++done, run.in.groups.count());
    });
    for (const char *name : {"dla", "dla.scale_last_position", "accumulated.dla", "components.dla"})
        run.result.arrays[name] = parts.array(name);
    const Weights &w = run.in.model->weights();
    const at::Tensor io = at::tensor(run.in.batch.io, at::kLong), s = at::tensor(run.in.batch.s, at::kLong);
    run.result.arrays["unembed_bias_diff"] = to_array(w.b_U.index_select(0, io) - w.b_U.index_select(0, s));
    std::vector<std::string> names{"embed"};
    if (w.W_pos.defined())
        names.push_back("pos_embed");
    for (int l = 0; l < run.config().n_layers; ++l) {
        names.push_back("attn_out " + std::to_string(l));
        names.push_back("mlp_out " + std::to_string(l));
    }
    run.result.summary["components"] = names;
}

std::string describe_dla(const Analysis &)
{
    return "Direct logit attribution in the clean run, in logits: each head's output at END, divided by the final "
           "norm's scale there, dotted with "
           "W_U[IO] − W_U[S]; mean over prompts.";
}

} // namespace

const AnalysisInfo &declared::dla()
{
    static const AnalysisInfo info{
        .name = "dla",
        .title = "Direct logit attribution",
        .tip = "What each head writes towards the answer at END",
        .yields = {{"dla", "Direct logit attribution", "direct logit attribution", "logits",
                    "Direct effect on logit difference"},
                   {"dla.scale_last_position", "Direct logit attribution, scale of the last position",
                    "direct logit attribution", "logits", "Direct effect on logit difference", Quantity::Draw::Hidden},
                   {"accumulated.dla", "Accumulated attribution", "accumulated attribution", "logits",
                    "Logit difference", Quantity::Draw::Hidden},
                   {"components.dla", "Attribution of components", "attribution of components", "logits",
                    "Logit difference", Quantity::Draw::Hidden},
                   {"unembed_bias_diff", "Difference of unembedding biases", "difference of unembedding biases",
                    "logits", "Logit difference", Quantity::Draw::Hidden}},
        .describe = describe_dla,
        .run = run_dla};
    return info;
}

} // namespace patchbay
