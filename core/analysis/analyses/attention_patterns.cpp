// Attention of chosen heads on one prompt, kept with its tokens so that a report can draw it again from the result
// alone.
#include "analysis/detail/readings.h"
#include "base/check_index.h"
#include "model/check_head.h"
#include "task/role_marks.h"

#include <algorithm>

namespace patchbay {

using namespace detail;

namespace {

void run_attention_patterns(AnalysisRun &run)
{
    const PromptBatch &batch = run.in.batch;
    const int prompt = int(std::clamp(run.option("prompt", 0), -1e9, 1e9)); // a whole number, says check_analysis
    check_index(prompt, batch.prompts, "options.prompt", "prompts");
    const AttentionKind kind = run.flag("value_weighted") ? AttentionKind::ValueWeighted : AttentionKind::Plain;
    const bool flipped = run.flag("flipped");
    const int64_t size = batch.end[size_t(prompt)] + 1;
    nlohmann::json heads = nlohmann::json::array();
    check_heads(run.analysis.heads, run.config());
    const PromptGroup &group = run.in.groups.hold(run.in.groups.of_prompt(prompt), run.cancel);
    for (const Head head : run.analysis.heads) {
        run.result.arrays["pattern." + dotted(head)] = {
            {size, size}, run.in.attention_weights(group.runs, head, flipped, kind, prompt - group.first)};
        heads.push_back(dotted(head));
    }
    const auto &known = flipped ? batch.flipped_tokens : batch.tokens;
    std::vector<std::string> tokens;
    for (int64_t i = 0; i < size; ++i)
        tokens.push_back(known.empty() ? std::to_string(batch.at(flipped, prompt, int(i)))
                                       : known[size_t(prompt)][size_t(i)]);
    run.result.summary = {{"prompt", prompt},
                          {"attention_heads", heads},
                          {"tokens", tokens},
                          {"roles_of_tokens", role_marks(batch, prompt)}};
    run.progress(1, 1);
}

std::string describe_attention_patterns(const Analysis &analysis)
{
    const bool given = analysis.options.is_object() && analysis.options.contains("prompt")
        && analysis.options.at("prompt").is_number_integer();
    const int64_t prompt = given ? analysis.options.at("prompt").get<int64_t>() : 0;
    return "Attention of " + heads_or(analysis, "the named heads")
        + (flag_set(analysis, "flipped") ? " in the flipped run" : " in the clean run") + " on " + prompt_name(prompt)
        + "; rows are destinations, columns sources."
        + (flag_set(analysis, "value_weighted") ? " Attention is weighted by the length of what is moved, |v W_O| of "
                                                  "each source, relative to the longest."
                                                : "");
}

} // namespace

const AnalysisInfo &declared::attention_patterns()
{
    static const AnalysisInfo info{
        .name = "attention-patterns",
        .title = "Attention",
        .tip = "Attention patterns of some heads on one prompt, kept in the result",
        .heads = "the heads whose attention to keep",
        .parameters = {{"prompt", Parameter::Kind::Whole, "index of the prompt, counted from 0 (0)"},
                       {"flipped", Parameter::Kind::Flag, "of the flipped prompt instead of the clean one"},
                       {"value_weighted", Parameter::Kind::Flag,
                        "attention times the length of what is moved, relative to the longest"}},
        .yields = {{"pattern.", "Attention", "attention", "", "Attention", Quantity::Draw::Matrix}},
        .describe = describe_attention_patterns,
        .run = run_attention_patterns};
    return info;
}

} // namespace patchbay
