// Taking heads out: what is left of the logit difference, and which other heads' direct attribution changes (backup
// heads).
#include "analysis/analysis.h"
#include "analysis/detail/readings.h"
#include "model/check_head.h"
#include "model/detail/forward.h"
#include "model/detail/hook_points.h"
#include "model/detail/weights.h"
#include "model/hooked_transformer.h"
#include "patching/detail/site_means.h"
#include "patching/detail/sweep_plan.h"

#include <algorithm>
#include <numeric>

namespace patchbay {

using namespace detail;

namespace {

std::string z_hook(int layer)
{
    return block_hook(layer, "attn.hook_z");
}

// Of each head's own change (both [L, H, P]) the part on one side of zero, by its means over prompts: sign 1, what it
// writes for the answer more than before; −1, what it writes less against it. 0 for the heads that were taken out.
Array split(const at::Tensor &before, const at::Tensor &own, double sign, const std::vector<Head> &taken_out)
{
    const at::Tensor after = before + own;
    const auto on_side = [&](const at::Tensor &x) { return (x.mean(2, true) * sign > 0).to(at::kFloat) * x; };
    at::Tensor part = on_side(after) - on_side(before);
    for (const Head head : taken_out)
        part[head.layer][head.head].zero_();
    return to_array(part);
}

std::vector<double> means(const Array &per_prompt)
{
    const at::Tensor mean = from_array(per_prompt).mean(2).contiguous();
    return {mean.data_ptr<float>(), mean.data_ptr<float>() + mean.numel()};
}

void run_ablation(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const PromptBatch &batch = run.in.batch;
    const std::string mode = parameter_text(run.analysis, "mode", "zero");
    const HookedTransformer transformer(run.in.model);
    const Model &model = *run.in.model;

    std::map<int, std::vector<int>> by_layer;
    for (const Head head : run.analysis.heads) {
        check_head(head, c);
        by_layer[head.layer].push_back(head.head);
    }
    const Positions positions = parse_positions(parameter_text(run.analysis, "positions", "all"));
    if (positions.kind == Positions::Kind::Each)
        throw Error("options.positions", "heads are taken out at all positions or at named ones, not at each in turn");
    const BatchLayout &layout = run.in.groups.layout();
    std::shared_ptr<const RowMap> where; // null: everywhere
    if (positions.kind != Positions::Kind::All)
        where = chosen_rows(positions, batch, layout, first_rows(false, layout));
    const int steps = 2 * run.in.groups.count() + 1;
    int done = 0;
    const auto source = [&](const PromptGroup &group) {
        const PromptBatch &prompts = group.runs.batch();
        HookedTransformer::Options options;
        options.logits = false;
        for (const auto &[layer, heads] : by_layer)
            options.keep.push_back(z_hook(layer));
        return transformer
            .run({prompts.prompts, prompts.width, mode == "mean" ? prompts.clean : prompts.flipped}, options,
                 run.cancel)
            .cache;
    };
    std::map<std::string, HookMeans> means_of_z;
    if (mode == "mean") {
        for (int g = 0; g < run.in.groups.count(); ++g) {
            for (const auto &[hook, values] : source(run.in.groups[g]))
                means_of_z[hook].add(values, run.in.groups[g].runs.layout().end);
            run.progress(++done, steps);
        }
        run.result.arrays[mean_prompts] = layout.reached();
    } else {
        done = run.in.groups.count();
        run.progress(done, steps);
    }

    ByPrompt parts; // logits [V, P]; after, before_scale [P]; attributions [L, H, P]
    run.each_group([&](const PromptGroup &group) {
        const BatchRuns &runs = group.runs;
        const PromptBatch &own = runs.batch();
        HookedTransformer::Options options;
        options.logits = false;
        for (int l = 0; l < c.n_layers; ++l)
            options.keep.push_back(z_hook(l));
        options.keep.push_back("ln_final.hook_scale");
        options.keep.push_back("ln_final.hook_normalized");
        const ArrayMap values = mode == "resample" ? source(group) : ArrayMap();
        for (const auto &[layer, heads] : by_layer) {
            Intervention change;
            change.hook = z_hook(layer);
            change.heads = heads;
            change.kind = mode == "zero" ? Intervention::Kind::Zero : Intervention::Kind::Replace;
            if (mode != "zero")
                change.values =
                    mode == "mean" ? means_of_z.at(change.hook).spread(own.prompts) : values.at(change.hook);
            if (where) {
                for (int p = 0; p < own.prompts; ++p)
                    change.positions.push_back(where->rows(group.first + p));
            } else if (mode == "mean") { // padding that no prompt reaches has no mean
                change.positions.emplace_back(size_t(*std::max_element(layout.end.begin(), layout.end.end())) + 1);
                std::iota(change.positions.back().begin(), change.positions.back().end(), 0);
            }
            options.interventions.push_back(std::move(change));
        }
        const ArrayMap cache = transformer.run({own.prompts, own.width, own.clean}, options, run.cancel).cache;

        const at::Tensor ends = at::tensor(std::vector<int64_t>(own.end.begin(), own.end.end()), at::kLong);
        const at::Tensor prompts = at::arange(own.prompts, at::kLong);
        const auto at_end = [&](const std::string &name) {
            return from_array(cache.at(name)).index({prompts, ends}).contiguous();
        };
        const Weights &w = model.weights();
        at::Tensor normed = at_end("ln_final.hook_normalized"); // [P, D]
        // RMSNorm keeps its weight out of hook_normalized.
        if (c.final_norm() == Norm::RmsNorm && w.ln_final_w.defined())
            normed = normed * w.ln_final_w;
        at::Tensor logits = w.logits(normed); // [P, V]
        cap_logits(c, logits);
        const at::Tensor io = at::tensor(own.io, at::kLong), s = at::tensor(own.s, at::kLong);
        parts.put("logits", group, logits.t());
        parts.put("after", group, logits.index({prompts, io}) - logits.index({prompts, s}));
        const auto z = [&](int l) { return at_end(z_hook(l)).reshape({own.prompts, -1}); };
        const at::Tensor scale = from_array(cache.at("ln_final.hook_scale"));
        const auto rows = end_rows(runs.layout());
        const at::Tensor before_scale =
            norm_scale(gather_rows(runs.run(false).resid.back(), runs.layout(), rows), c); // [P]
        const auto attributed = [&](const char *name, const std::function<at::Tensor(int)> &z_at_end,
                                    const at::Tensor &by) {
            parts.put(name, group, head_attribution(model, own, z_at_end, by));
        };
        attributed("dla", z, at_end("ln_final.hook_scale").reshape({own.prompts}));
        attributed("dla_last", z, scale.select(1, own.width - 1).reshape({own.prompts}).clone());
        attributed(
            "before", [&](int l) { return runs.z_rows(runs.run(false), l, rows); }, before_scale);
        // The head's own change is what it writes otherwise, in the clean run's scale; the rest is that the final norm
        // divides by something else, which every head has a share of.
        attributed("after_own", z, before_scale);
        run.progress(++done, steps);
    });
    const at::Tensor after = parts.at("after"), dla = parts.at("dla"), before = parts.at("before");
    run.result.arrays["ablate.logits_at_end"] = to_array(parts.at("logits").t());
    run.result.arrays["ablate.logit_diff"] = to_array(after);
    run.result.arrays["ablate.dla"] = to_array(dla);
    run.result.arrays["ablate.dla.scale_last_position"] = parts.array("dla_last");
    run.result.arrays["ablate.dla_change"] = to_array(dla - before);
    at::Tensor own = parts.at("after_own") - before; // [L, H, P]
    const int first_layer = by_layer.begin()->first;
    for (int l = 0; l <= first_layer; ++l)
        for (int h = 0; h < c.n_heads; ++h)
            if (l < first_layer || std::find(by_layer[l].begin(), by_layer[l].end(), h) == by_layer[l].end())
                own[l][h].zero_(); // nothing that it reads has changed; two ways to compute it may round differently
    run.result.arrays["ablate.own_change"] = to_array(own);
    run.result.arrays["ablate.scale_change"] = to_array(dla - before - own);
    const Array gain = split(before, own, 1, run.analysis.heads), released = split(before, own, -1, run.analysis.heads);
    run.result.arrays["ablate.backup_gain"] = gain;
    run.result.arrays["ablate.released"] = released;
    const Baseline &baseline = run.result.baseline;
    const double clean_mean = baseline.clean_mean, ablated_mean = double(after.mean().item<float>());
    // Shares of a logit difference that vanishes say nothing: null.
    const auto share = [&](double value) {
        return baseline.vanishes(clean_mean) ? nlohmann::json() : nlohmann::json(value / clean_mean);
    };
    const auto strongest = [&](const Array &part) {
        nlohmann::json list = nlohmann::json::array();
        const auto mean = [](const at::Tensor &of, Head head) {
            return double(of[head.layer][head.head].mean().item<float>());
        };
        for (const RankedHead &head : top_heads(means(part), c.n_layers, c.n_heads, 15, 1))
            if (head.value > 0)
                list.push_back({{"head", dotted(head.head)},
                                {"change", head.value},
                                {"before", mean(before, head.head)},
                                {"own_change", mean(own, head.head)},
                                {"scale_change", mean(dla - before - own, head.head)},
                                {"share_of_logit_diff", share(head.value)}});
        return list;
    };
    run.result.summary = {{"mode", mode},
                          {"logit_diff_before", clean_mean},
                          {"logit_diff_after", ablated_mean},
                          {"change_percent", share(100.0 * (ablated_mean - clean_mean))},
                          {"backup_heads", strongest(gain)},
                          {"released_heads", strongest(released)}};
    run.progress(steps, steps);
}

std::string describe_ablate(const Analysis &analysis)
{
    const Ablation mode = parse_ablation(parameter_text(analysis, "mode", "zero"));
    return "The model runs on the clean prompts with z of " + heads_or(analysis, "the named heads")
        + " replaced together by " + replacement(Direction::Noise, mode) + ", "
        + in_words(parse_positions(parameter_text(analysis, "positions", "all")))
        + ". A head's direct logit attribution (in logits, mean over prompts) changes by its own change, what it "
          "writes "
          "otherwise, divided by the final norm's scale of the clean run, and by what the other scale makes of it. "
          "Backup "
          "heads gain by their own change: what they write for the answer more than before; a head whose attribution "
          "was negative and comes nearer to zero stops suppressing, which is another thing. Heads of the first layer "
          "that something was taken out of, or earlier, cannot change.";
}

} // namespace

const AnalysisInfo &declared::ablate()
{
    static const AnalysisInfo info{
        .name = "ablate",
        .title = "Ablation",
        .tip = "What is left without these heads, and which others take over",
        .heads = "the heads to take out, together",
        .parameters = {{"mode",
                        Parameter::Kind::Choice,
                        "what takes the heads' place (zero)",
                        {"zero", "mean", "resample"},
                        false,
                        "zero"},
                       {"positions",
                        Parameter::Kind::Text,
                        "where: all, end, a role of the prompts (io, s1, s2), or indices from 0 such as 3,4 (all)",
                        {},
                        false,
                        "all"}},
        .yields = {{"ablate.dla_change", "Change in direct attribution", "gain in direct attribution", "logits",
                    "Direct effect on logit difference"},
                   {"ablate.own_change", "Own change in direct attribution", "own change in direct attribution",
                    "logits", "Direct effect on logit difference"},
                   {"ablate.scale_change", "Change by the final norm's scale",
                    "change in direct attribution by the final norm's scale", "logits",
                    "Direct effect on logit difference"},
                   {"ablate.backup_gain", "Backup: gain by the head's own change",
                    "gain in direct attribution by its own change", "logits", "Direct effect on logit difference"},
                   {"ablate.released", "Suppression that stops", "suppression that stops", "logits",
                    "Direct effect on logit difference"},
                   {"ablate.dla", "Direct logit attribution, ablated", "direct logit attribution, ablated", "logits",
                    "Direct effect on logit difference"},
                   {"ablate.dla.scale_last_position", "Direct logit attribution, ablated, scale of the last position",
                    "direct logit attribution, ablated", "logits", "Direct effect on logit difference",
                    Quantity::Draw::Hidden},
                   {"ablate.logit_diff", "Logit difference, ablated", "logit difference, ablated", "logits",
                    "Logit difference", Quantity::Draw::Table},
                   {"ablate.logits_at_end", "Logits, ablated", "logits, ablated", "logits", "Logits",
                    Quantity::Draw::Hidden}},
        .describe = describe_ablate,
        .run = run_ablation};
    return info;
}

} // namespace patchbay
