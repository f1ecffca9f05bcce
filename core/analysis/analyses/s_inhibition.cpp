// The S-inhibition test: does a candidate, which attends END→S2, steer the name movers through their queries at END?
#include "analysis/detail/readings.h"
#include "block/detail/kernels.h"
#include "model/check_head.h"
#include "model/detail/hook_points.h"
#include "model/hooked_transformer.h"
#include "patching/detail/frozen_pass.h"
#include "patching/detail/sweep_plan.h"

namespace patchbay {

using namespace detail;

namespace {

std::string pattern_hook(int layer)
{
    return block_hook(layer, "attn.hook_pattern");
}

struct EndAttention {
    std::vector<float> io, s1, s2; ///< [heads, prompts]
};

// END's attention of some heads in a run's kept patterns, [P, H, T, T] a layer.
EndAttention end_attention(const ArrayMap &cache, const std::vector<Head> &heads, const PromptBatch &batch)
{
    EndAttention out;
    for (const Head head : heads) {
        const Array &pattern = cache.at(pattern_hook(head.layer));
        const int64_t H = pattern.shape[1], T = pattern.shape[2];
        for (int p = 0; p < batch.prompts; ++p) {
            const float *row = pattern.floats().data() + ((p * H + head.head) * T + batch.end[size_t(p)]) * T;
            out.io.push_back(row[batch.io_pos[size_t(p)]]);
            out.s1.push_back(row[batch.s1_pos[size_t(p)]]);
            out.s2.push_back(row[batch.s2_pos[size_t(p)]]);
        }
    }
    return out;
}

void append(std::vector<float> &to, const std::vector<float> &from)
{
    to.insert(to.end(), from.begin(), from.end());
}

double mean(const std::vector<float> &values, size_t first, size_t count)
{
    double sum = 0;
    for (size_t i = first; i < first + count; ++i)
        sum += values[i];
    return sum / double(count);
}

void run_s_inhibition(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const PromptBatch &batch = run.in.batch;
    const int P = batch.prompts;
    const std::vector<Head> &candidates = run.analysis.heads;
    const std::vector<Head> movers = heads_option(run.analysis, "name_movers");
    if (movers.empty())
        throw Error("name_movers", "name the name movers to test them against");
    check_heads(candidates, c);
    check_heads(movers, c);

    const HookedTransformer transformer(run.in.model);
    const Tokens clean{P, batch.width, batch.clean};
    HookedTransformer::Options options;
    options.logits = false;
    for (const std::vector<Head> &list : {candidates, movers})
        for (const Head head : list)
            options.keep.push_back(pattern_hook(head.layer));
    const ArrayMap base = transformer.run(clean, options, run.cancel).cache;
    const EndAttention seen = end_attention(base, candidates, batch), before = end_attention(base, movers, batch);

    // What each candidate alone sends into the movers' queries at END, MLPs included.
    const Positions at_end = Positions::at("end");
    const auto rows = chosen_rows(at_end, batch, run.in.runs.layout(), first_rows(false, run.in.runs.layout()));
    FrozenPass pass(run.in.runs, false, false, rows, run.in.work);
    std::vector<Node> receivers;
    for (const Head head : movers)
        receivers.push_back({Site::Q, head.layer, head.head});

    const std::string final_hook = block_hook(c.n_layers - 1, "hook_resid_post");
    options.keep = {final_hook};
    for (const Head head : movers)
        options.keep.push_back(pattern_hook(head.layer));
    EndAttention after;
    std::vector<float> after_diff;
    nlohmann::json table = nlohmann::json::array();
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
        append(after.io, now.io);
        append(after.s1, now.s1);
        append(after.s2, now.s2);
        const Array &final_stream = cache.at(final_hook);
        std::vector<float> normed(size_t(c.d_model));
        for (int p = 0; p < P; ++p) {
            run.in.engine->final_norm().apply(final_stream.floats().data()
                                                  + (int64_t(p) * batch.width + batch.end[size_t(p)]) * c.d_model,
                                              normed.data(), 1);
            after_diff.push_back(run.in.runs.readout().difference(p, normed.data()));
        }
        const size_t R = movers.size();
        table.push_back(
            {{"head", dotted(candidates[i])},
             {"attention_s2", mean(seen.s2, i * size_t(P), size_t(P))},
             {"logit_diff_change", mean(after_diff, i * size_t(P), size_t(P)) - run.result.baseline.clean_mean},
             {"name_mover_s1_attention_change",
              mean(after.s1, i * R * size_t(P), R * size_t(P)) - mean(before.s1, 0, R * size_t(P))},
             {"name_mover_io_attention_change",
              mean(after.io, i * R * size_t(P), R * size_t(P)) - mean(before.io, 0, R * size_t(P))}});
        run.progress(int(i) + 1, int(candidates.size()));
    }
    const int64_t C = int64_t(candidates.size()), R = int64_t(movers.size());
    ArrayMap &arrays = run.result.arrays;
    arrays["s2i.candidate_attention_s2"] = {{C, P}, seen.s2};
    const auto both = [&](const char *role, const std::vector<float> &was, const std::vector<float> &is) {
        arrays[std::string("s2i.name_mover_attention_") + role + ".before"] = {{R, P}, was};
        arrays[std::string("s2i.name_mover_attention_") + role + ".after"] = {{C, R, P}, is};
    };
    both("s2", before.s2, after.s2);
    both("s1", before.s1, after.s1);
    both("io", before.io, after.io);
    arrays["s2i.logit_diff.before"] = {{P}, run.result.baseline.clean};
    arrays["s2i.logit_diff.after"] = {{C, P}, after_diff};
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
        .needs_roles = true,
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
