// Taking heads out: what is left of the logit difference, and which other heads' direct attribution changes (backup
// heads).
#include "analysis/analysis.h"
#include "analysis/detail/readings.h"
#include "model/check_head.h"
#include "model/detail/forward.h"
#include "model/detail/hook_points.h"
#include "model/detail/weights.h"
#include "model/hooked_transformer.h"
#include "patching/detail/sweep_plan.h"

namespace patchbay {

using namespace detail;

namespace {

// hook_z [P, T, H, d] replaced by its mean over the prompts that reach each position.
Array mean_z(const Array &z, const BatchLayout &layout)
{
    Array out = z;
    const int64_t T = z.shape[1], width = z.shape[2] * z.shape[3];
    for (int64_t pos = 0; pos < T; ++pos) {
        std::vector<double> sum(static_cast<size_t>(width));
        int reached = 0;
        for (int p = 0; p < layout.prompts; ++p) {
            if (pos > layout.end[size_t(p)])
                continue;
            ++reached;
            for (int64_t i = 0; i < width; ++i)
                sum[size_t(i)] += z.floats()[size_t((p * T + pos) * width + i)];
        }
        for (int p = 0; reached > 0 && p < layout.prompts; ++p)
            for (int64_t i = 0; i < width; ++i)
                out.floats()[size_t((p * T + pos) * width + i)] = float(sum[size_t(i)] / reached);
    }
    return out;
}

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
    const Tokens clean{batch.prompts, batch.width, batch.clean}, flipped{batch.prompts, batch.width, batch.flipped};

    std::map<int, std::vector<int>> by_layer;
    for (const Head head : run.analysis.heads) {
        check_head(head, c);
        by_layer[head.layer].push_back(head.head);
    }
    const Positions positions = parse_positions(parameter_text(run.analysis, "positions", "all"));
    if (positions.kind == Positions::Kind::Each)
        throw Error("options.positions", "heads are taken out at all positions or at named ones, not at each in turn");
    const BatchLayout &layout = run.in.runs.layout();
    std::shared_ptr<const RowMap> where; // null: everywhere
    if (positions.kind != Positions::Kind::All)
        where = chosen_rows(positions, batch, layout, first_rows(false, layout));
    HookedTransformer::Options source;
    source.logits = false;
    for (const auto &[layer, heads] : by_layer)
        source.keep.push_back(z_hook(layer));
    ArrayMap values;
    if (mode != "zero")
        values = transformer.run(mode == "mean" ? clean : flipped, source, run.cancel).cache;
    if (mode == "mean")
        run.result.arrays[mean_prompts] = layout.reached();
    run.progress(1, 3);

    HookedTransformer::Options options;
    options.logits = false;
    for (int l = 0; l < c.n_layers; ++l)
        options.keep.push_back(z_hook(l));
    options.keep.push_back("ln_final.hook_scale");
    options.keep.push_back("ln_final.hook_normalized");
    for (const auto &[layer, heads] : by_layer) {
        Intervention change;
        change.hook = z_hook(layer);
        change.heads = heads;
        change.kind = mode == "zero" ? Intervention::Kind::Zero : Intervention::Kind::Replace;
        if (mode != "zero")
            change.values =
                mode == "mean" ? mean_z(values.at(change.hook), run.in.runs.layout()) : values.at(change.hook);
        if (where)
            for (int p = 0; p < batch.prompts; ++p)
                change.positions.push_back(where->rows(p));
        options.interventions.push_back(std::move(change));
    }
    const ArrayMap cache = transformer.run(clean, options, run.cancel).cache;
    run.progress(2, 3);

    const at::Tensor ends = at::tensor(std::vector<int64_t>(batch.end.begin(), batch.end.end()), at::kLong);
    const at::Tensor prompts = at::arange(batch.prompts, at::kLong);
    const auto at_end = [&](const std::string &name) {
        return from_array(cache.at(name)).index({prompts, ends}).contiguous();
    };
    const Weights &w = run.in.model->weights();
    at::Tensor normed = at_end("ln_final.hook_normalized"); // [P, D]
    // RMSNorm keeps its weight out of hook_normalized.
    if (c.final_norm() == Norm::RmsNorm && w.ln_final_w.defined())
        normed = normed * w.ln_final_w;
    at::Tensor logits = w.logits(normed); // [P, V]
    cap_logits(c, logits);
    const at::Tensor io = at::tensor(batch.io, at::kLong), s = at::tensor(batch.s, at::kLong);
    const at::Tensor after = logits.index({prompts, io}) - logits.index({prompts, s});
    const auto z = [&](int l) { return at_end(z_hook(l)).reshape({batch.prompts, -1}); };
    const at::Tensor scale = from_array(cache.at("ln_final.hook_scale"));
    const at::Tensor dla = head_attribution(run.in, z, at_end("ln_final.hook_scale").reshape({batch.prompts}));
    run.result.arrays["ablate.logits_at_end"] = to_array(logits);
    run.result.arrays["ablate.logit_diff"] = to_array(after);
    run.result.arrays["ablate.dla"] = to_array(dla);
    run.result.arrays["ablate.dla.scale_last_position"] =
        to_array(head_attribution(run.in, z, scale.select(1, batch.width - 1).reshape({batch.prompts}).clone()));

    const auto rows = end_rows(run.in);
    const at::Tensor before_scale = norm_scale(gather_rows(run.clean().resid.back(), run.in.runs.layout(), rows), c);
    const at::Tensor before = head_attribution(
        run.in, [&](int l) { return run.in.runs.z_rows(run.clean(), l, rows); }, before_scale);
    run.result.arrays["ablate.dla_change"] = to_array(dla - before);
    // The head's own change is what it writes otherwise, in the clean run's scale; the rest is that the final norm
    // divides by something else, which every head has a share of.
    const at::Tensor after_own = head_attribution(run.in, z, before_scale);
    at::Tensor own = after_own - before; // [L, H, P]
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
    run.progress(3, 3);
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
