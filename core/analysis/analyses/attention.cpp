// Where heads look from END: at each role that the prompts have (IOI: IO, S1 and S2).
#include "analysis/detail/readings.h"
#include "analysis/recipe.h"

namespace patchbay {

using namespace detail;

namespace {

std::string describe_attention(const Analysis &)
{
    return "Attention from END to each named position of the prompts (IOI: IO, S1 and S2) in the clean run, mean over "
           "prompts.";
}

void run_attention(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const PromptBatch &batch = run.in.batch;
    if (batch.roles.empty())
        throw NothingToDo("attention", "needs prompts with named positions, such as IO, and these name none");
    const size_t P = size_t(batch.prompts);
    std::map<std::string, std::vector<float>> values;
    for (const auto &[role, positions] : batch.roles)
        values[role].resize(size_t(c.n_layers * c.n_heads) * P);
    int done = 0;
    run.each_group([&](const PromptGroup &group) {
        const BatchRuns &runs = group.runs;
        for (int l = 0; l < c.n_layers; ++l) {
            for (int h = 0; h < c.n_heads; ++h)
                for (int own = 0; own < group.prompts(); ++own) {
                    const auto p = size_t(group.first + own);
                    const std::vector<float> pattern = runs.pattern(runs.run(false), l, h, own);
                    const size_t size = size_t(batch.end[p]) + 1;
                    for (const auto &[role, positions] : batch.roles)
                        values[role][size_t(l * c.n_heads + h) * P + p] =
                            pattern[(size - 1) * size + size_t(positions[p])];
                }
            run.progress(++done, c.n_layers * run.in.groups.count());
        }
    });
    for (const auto &[role, positions] : batch.roles)
        run.result.arrays["attention.end_to_" + role] = {{c.n_layers, c.n_heads, int64_t(P)}, values[role]};
}

} // namespace

const AnalysisInfo &declared::attention()
{
    static const AnalysisInfo info{
        .name = "attention",
        .title = "Attention from END",
        .tip = "How much each head attends from END to IO, S1 and S2, or to what else the prompts name",
        .yields = {{"attention.end_to_*", "END → *", "attention END→*", "", "Attention"}},
        .describe = describe_attention,
        .run = run_attention};
    return info;
}

} // namespace patchbay
