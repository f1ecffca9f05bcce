// The S-inhibition test: does a candidate, which attends END→S2, steer the name movers through their queries at END?
#include "analysis/detail/readings.h"
#include "model/check_head.h"
#include "model/detail/hook_points.h"
#include "model/hooked_transformer.h"
#include "patching/detail/frozen_pass.h"
#include "patching/detail/sweep_plan.h"
#include "task/ioi_roles.h"

namespace patchbay {

using namespace detail;

namespace {

std::string pattern_hook(int layer)
{
    return block_hook(layer, "attn.hook_pattern");
}

struct EndAttention {
    at::Tensor io, s1, s2; ///< [heads, prompts]
};

// END's attention of some heads in a run's kept patterns, [P, H, T, T] a layer.
EndAttention end_attention(const ArrayMap &cache, const std::vector<Head> &heads, const PromptBatch &batch)
{
    const std::vector<int64_t> shape{int64_t(heads.size()), batch.prompts};
    EndAttention out{at::empty(shape), at::empty(shape), at::empty(shape)};
    int64_t at = 0;
    for (const Head head : heads) {
        const Array &pattern = cache.at(pattern_hook(head.layer));
        const int64_t H = pattern.shape[1], T = pattern.shape[2];
        for (int p = 0; p < batch.prompts; ++p, ++at) {
            const float *row = pattern.floats().data() + ((p * H + head.head) * T + batch.end[size_t(p)]) * T;
            out.io.data_ptr<float>()[at] = row[batch.role(ioi::io)[size_t(p)]];
            out.s1.data_ptr<float>()[at] = row[batch.role(ioi::s1)[size_t(p)]];
            out.s2.data_ptr<float>()[at] = row[batch.role(ioi::s2)[size_t(p)]];
        }
    }
    return out;
}

void put(ByPrompt &parts, const std::string &name, const PromptGroup &group, const EndAttention &attention)
{
    parts.put(name + ioi::io, group, attention.io);
    parts.put(name + ioi::s1, group, attention.s1);
    parts.put(name + ioi::s2, group, attention.s2);
}

double mean(const std::vector<float> &values, size_t first, size_t count)
{
    double sum = 0;
    for (size_t i = first; i < first + count; ++i)
        sum += values[i];
    return sum / double(count);
}

// What each candidate alone sends into the movers' queries at END, MLPs included, and what that does to a group's
// prompts.
void read_group(const AnalysisRun &run, const PromptGroup &group, const std::vector<Head> &movers, ByPrompt &parts,
                const std::function<void()> &done)
{
    const ModelConfig &c = run.config();
    const BatchRuns &runs = group.runs;
    const PromptBatch &batch = runs.batch();
    const int P = batch.prompts;
    const std::vector<Head> &candidates = run.analysis.heads;
    const HookedTransformer transformer(run.in.model);
    const Tokens clean{P, batch.width, batch.clean};
    HookedTransformer::Options options;
    options.logits = false;
    for (const std::vector<Head> *list : {&candidates, &movers})
        for (const Head head : *list)
            options.keep.push_back(pattern_hook(head.layer));
    const ArrayMap base = transformer.run(clean, options, run.cancel).cache;
    put(parts, "seen.", group, end_attention(base, candidates, batch));
    put(parts, "before.", group, end_attention(base, movers, batch));

    const Positions at_end = Positions::at(end_role);
    const auto rows = chosen_rows(at_end, batch, runs.layout(), first_rows(false, runs.layout()));
    FrozenPass pass(runs, false, false, rows, run.in.work);
    std::vector<Node> receivers;
    for (const Head head : movers)
        receivers.push_back({Site::Q, head.layer, head.head});

    const std::string final_hook = block_hook(c.n_layers - 1, "hook_resid_post");
    options.keep = {final_hook};
    for (const Head head : movers)
        options.keep.push_back(pattern_hook(head.layer));
    std::vector<at::Tensor> io, s1, s2; // [movers, P] of each candidate
    at::Tensor after_diff = at::empty({int64_t(candidates.size()), P});
    for (size_t i = 0; i < candidates.size(); ++i) {
        const SenderSet sender{{Site::Z, candidates[i].layer, candidates[i].head}};
        const Records records = pass.run(std::span(&sender, 1), receivers, run.cancel);
        options.interventions.clear();
        for (size_t r = 0; r < receivers.size(); ++r) {
            at::Tensor q =
                records.values[0][r].defined() ? records.values[0][r].clone() : pass.base_value(receivers[r]);
            Intervention change;
            change.hook = block_hook(receivers[r].layer, "attn.hook_q");
            change.heads = {receivers[r].head};
            change.values.shape = {P, batch.width, c.n_heads, c.d_head};
            std::vector<float> values(size_t(P) * size_t(batch.width) * size_t(c.n_heads) * size_t(c.d_head));
            for (int p = 0; p < P; ++p) {
                const int end = batch.end[size_t(p)];
                float *row = q.data_ptr<float>() + rows->find(p, end) * c.d_head;
                // hook_q is before rotary; where a QK-norm follows, so is what was recorded.
                if (const BlockRef block = run.in.engine->block(receivers[r].layer); !block->traits().norms_queries())
                    block->turn_part_backward(Part::Query, row, nullptr, 1, end);
                std::memcpy(values.data()
                                + ((size_t(p) * size_t(batch.width) + size_t(end)) * size_t(c.n_heads)
                                   + size_t(receivers[r].head))
                                    * size_t(c.d_head),
                            row, size_t(c.d_head) * sizeof(float));
                change.positions.push_back({end});
            }
            change.values.values = std::move(values);
            options.interventions.push_back(std::move(change));
        }
        const ArrayMap cache = transformer.run(clean, options, run.cancel).cache;
        const EndAttention now = end_attention(cache, movers, batch);
        io.push_back(now.io);
        s1.push_back(now.s1);
        s2.push_back(now.s2);
        const Array &final_stream = cache.at(final_hook);
        std::vector<float> normed(size_t(c.d_model));
        for (int p = 0; p < P; ++p) {
            run.in.engine->final_norm().apply(final_stream.floats().data()
                                                  + (int64_t(p) * batch.width + batch.end[size_t(p)]) * c.d_model,
                                              normed.data(), 1);
            runs.readout(Metric::LogitDiff)
                .values(normed.data(), std::span(&p, 1), after_diff.data_ptr<float>() + int64_t(i) * P + p);
        }
        done();
    }
    put(parts, "after.", group, {at::stack(io), at::stack(s1), at::stack(s2)});
    parts.put("diff", group, after_diff);
}

void run_s_inhibition(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const int64_t P = run.in.batch.prompts;
    const std::vector<Head> &candidates = run.analysis.heads;
    const std::vector<Head> movers = heads_option(run.analysis, "name_movers");
    if (movers.empty())
        throw Error("name_movers", "name the name movers to test them against");
    check_heads(candidates, c);
    check_heads(movers, c);

    ByPrompt parts;
    int done = 0;
    run.each_group([&](const PromptGroup &group) {
        read_group(run, group, movers, parts,
                   [&] { run.progress(++done, int(candidates.size()) * run.in.groups.count()); });
    });
    ArrayMap &arrays = run.result.arrays;
    arrays["s2i.candidate_attention_s2"] = parts.array(std::string("seen.") + ioi::s2);
    const auto both = [&](const std::string &role) {
        arrays["s2i.name_mover_attention_" + role + ".before"] = parts.array("before." + role); // [R, P]
        arrays["s2i.name_mover_attention_" + role + ".after"] = parts.array("after." + role);   // [C, R, P]
    };
    both(ioi::s2);
    both(ioi::s1);
    both(ioi::io);
    arrays["s2i.logit_diff.before"] = {{P}, run.result.baseline.clean};
    arrays["s2i.logit_diff.after"] = parts.array("diff"); // [C, P]
    nlohmann::json table = nlohmann::json::array();
    const size_t own = size_t(P), all = movers.size() * own;
    for (size_t i = 0; i < candidates.size(); ++i) {
        const auto change = [&](const std::string &role) {
            const std::string name = "s2i.name_mover_attention_" + role;
            return mean(arrays.at(name + ".after").floats(), i * all, all)
                - mean(arrays.at(name + ".before").floats(), 0, all);
        };
        table.push_back(
            {{"head", dotted(candidates[i])},
             {"attention_s2", mean(arrays.at("s2i.candidate_attention_s2").floats(), i * own, own)},
             {"logit_diff_change",
              mean(arrays.at("s2i.logit_diff.after").floats(), i * own, own) - run.result.baseline.clean_mean},
             {"name_mover_s1_attention_change", change(ioi::s1)},
             {"name_mover_io_attention_change", change(ioi::io)}});
    }
    run.result.summary = {{"candidates", table}};
}

std::string describe_s_inhibition(const Analysis &analysis)
{
    const std::vector<Head> movers = heads_option(analysis, "name_movers");
    return "S-inhibition test on the clean prompts, noising: z of one candidate"
        + (analysis.heads.empty() ? std::string() : " (" + in_words(analysis.heads) + ")")
        + " at END takes its value in the flipped run along the direct path, all other heads held fixed and MLPs "
          "recomputed, into the queries of "
          "the name movers"
        + (movers.empty() ? std::string() : " " + in_words(movers))
        + " at END. Given are the candidate's attention END→S2, the change of the mean logit difference (in logits) "
          "and of the name movers' "
          "attention from END to S1 and IO.";
}

} // namespace

const AnalysisInfo &declared::s_inhibition()
{
    static const AnalysisInfo info{
        .name = "s2i",
        .title = "S-inhibition test",
        .tip = "Do these heads steer the name movers away from S through their queries?",
        .heads = "the candidates to test",
        .roles = {ioi::io, ioi::s1, ioi::s2},
        .parameters = {{"name_movers",
                        Parameter::Kind::Heads,
                        "the name movers that the candidates are tested against",
                        {},
                        true}},
        .yields = {{"s2i.", "S-inhibition test", "S-inhibition test", "", "", Quantity::Draw::Table}},
        .describe = describe_s_inhibition,
        .run = run_s_inhibition};
    return info;
}

} // namespace patchbay
