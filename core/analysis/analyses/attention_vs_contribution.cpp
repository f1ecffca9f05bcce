// One head, a point a prompt: how much END attends to a name against what the head then writes along it.
#include "analysis/detail/readings.h"
#include "model/check_head.h"
#include "model/detail/weights.h"
#include "task/ioi_roles.h"

namespace patchbay {

using namespace detail;

namespace {

void run_attention_vs_contribution(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    if (run.analysis.heads.size() != 1)
        throw Error("heads", "attention-vs-contribution takes one head");
    const Head head = run.analysis.heads.front();
    check_head(head, c);
    const int64_t d = c.d_head;
    const Weights &w = run.in.model->weights();
    // S stands twice before END; what matters is how much of END's attention goes to it.
    const std::vector<const char *> io{ioi::io}, s{ioi::s1, ioi::s2};
    ByPrompt parts;
    run.each_group([&](const PromptGroup &group) {
        const BatchRuns &runs = group.runs;
        const PromptBatch &batch = runs.batch();
        const Run &clean = runs.run(false);
        const auto ends = end_rows(runs.layout());
        const at::Tensor z = runs.z_rows(clean, head.layer, ends).narrow(1, int64_t(head.head) * d, d);   // [P, d]
        const at::Tensor scale = norm_scale(gather_rows(clean.resid.back(), runs.layout(), ends), c);     // [P]
        const at::Tensor result = at::matmul(z, w.layer(head.layer).W_O[head.head]) / scale.unsqueeze(1); // [P, D]
        for (const auto &[name, tokens, roles] : {std::tuple{"io", &batch.io, &io}, std::tuple{"s", &batch.s, &s}}) {
            const at::Tensor unembed = w.unembedding(at::tensor(*tokens, at::kLong)).t(); // [P, D]
            parts.put(std::string("contribution.") + name, group, (result * unembed).sum(1));
            std::vector<float> attention;
            for (int p = 0; p < group.prompts(); ++p) {
                const std::vector<float> pattern = runs.pattern(clean, head.layer, head.head, p);
                const size_t size = size_t(batch.end[size_t(p)]) + 1;
                float sum = 0;
                for (const char *role : *roles)
                    sum += pattern[(size - 1) * size + size_t(batch.role(role)[size_t(p)])];
                attention.push_back(sum);
            }
            parts.put(std::string("attention.") + name, group, at::tensor(attention));
        }
    });
    for (const char *name : {"contribution.io", "contribution.s", "attention.io", "attention.s"})
        run.result.arrays[name] = parts.array(name);
    run.progress(1, 1);
}

std::string describe_attention_vs_contribution(const Analysis &analysis)
{
    return "One point a prompt, clean run: attention of " + heads_or(analysis, "the head")
        + " from END to a name (S: S1 and S2 together), and the head's output at END, divided by the final norm's "
          "scale there, dotted with "
          "that name's unembedding, in logits.";
}

} // namespace

const AnalysisInfo &declared::attention_vs_contribution()
{
    static const AnalysisInfo info{
        .name = "attention-vs-contribution",
        .title = "Attention against contribution",
        .tip = "One head, a point a prompt: attention to a name against what the head writes along it",
        .heads = "the one head to read",
        .roles = {ioi::io, ioi::s1, ioi::s2},
        .yields = {{"attention.io", "END → IO", "attention END→IO", "", "Attention", Quantity::Draw::Points},
                   {"attention.s", "END → S", "attention END→S", "", "Attention", Quantity::Draw::Points},
                   {"contribution.", "Contribution", "contribution along the name", "logits",
                    "Contribution along the name", Quantity::Draw::Points}},
        .describe = describe_attention_vs_contribution,
        .run = run_attention_vs_contribution};
    return info;
}

} // namespace patchbay
