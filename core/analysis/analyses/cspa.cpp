// Copy-suppression-preserving ablation: the share of a head's effect on the logits that is left when it may only
// suppress tokens that were seen before and that the stream predicts (DEFINITIONS §2).
#include "analysis/detail/cspa.h"
#include "analysis/detail/text_groups.h"
#include "analysis/detail/text_matrix.h"
#include "base/check_index.h"
#include "base/plain_text.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace patchbay {

using namespace detail;

namespace {

constexpr int tokens_of_a_text = 128;
constexpr double usual_percent = 5;
constexpr size_t heads_kept = 8; ///< whose suppressed sources are kept where no heads are named
constexpr int opening_tokens = 12;

double top_percent(const AnalysisRun &run)
{
    const double percent = run.option("top_percent", usual_percent);
    if (!(percent > 0 && percent <= 100))
        throw Error("options.top_percent", "must be above 0 and at most 100");
    return percent;
}

std::vector<Head> wanted_heads(const AnalysisRun &run)
{
    std::vector<Head> heads = run.analysis.heads;
    if (heads.empty())
        for (int l = 0; l < run.config().n_layers; ++l)
            for (int h = 0; h < run.config().n_heads; ++h)
                heads.push_back({l, h});
    std::sort(heads.begin(), heads.end());
    heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
    return heads;
}

/// [layers, heads, ..]: nothing where a head was not asked for.
Array of_no_head(const ModelConfig &c, int64_t more = 0)
{
    Array array{{c.n_layers, c.n_heads}, {}};
    if (more > 0)
        array.shape.push_back(more);
    array.values = std::vector<float>(size_t(array.count()), std::numeric_limits<float>::quiet_NaN());
    return array;
}

/// The named heads, or those of which most is kept, strongest first.
std::vector<size_t> looked_into(const AnalysisRun &run, const std::vector<Head> &heads)
{
    std::vector<size_t> chosen(heads.size());
    std::iota(chosen.begin(), chosen.end(), size_t(0));
    if (!run.analysis.heads.empty())
        return chosen;
    const Array &share = run.result.arrays.at("cspa");
    const auto of = [&](size_t i) {
        return share.floats()[size_t(heads[i].layer * run.config().n_heads + heads[i].head)];
    };
    std::erase_if(chosen, [&](size_t i) { return std::isnan(of(i)); });
    std::stable_sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) { return of(a) > of(b); });
    chosen.resize(std::min(chosen.size(), heads_kept));
    return chosen;
}

/// A row a text: how it begins, and the share of each chosen head there.
void write_by_text(AnalysisRun &run, const std::vector<Head> &heads, const std::vector<size_t> &chosen,
                   const std::vector<TokenRow> &texts)
{
    const Array &by_text = run.result.arrays.at("cspa.by_text");
    nlohmann::json columns{"text", "begins"}, rows = nlohmann::json::array();
    for (const size_t i : chosen)
        columns.push_back(label(heads[i]));
    for (size_t t = 0; t < texts.size(); ++t) {
        nlohmann::json row{std::to_string(t), opening(*run.in.model, texts[t], opening_tokens)};
        for (const size_t i : chosen) {
            const size_t cell = size_t(heads[i].layer * run.config().n_heads + heads[i].head);
            const double value = 100 * double(by_text.floats()[cell * texts.size() + t]);
            row.push_back(std::isnan(value) ? "\u2013" : fixed_text(value, 1) + " %");
        }
        rows.push_back(std::move(row));
    }
    run.result.summary["by_text"] = {{"columns", columns}, {"rows", rows}};
}

float share_kept(double kl, double kl_ablated)
{
    return float(kl_ablated > 0 ? 1 - kl / kl_ablated : std::nan(""));
}

void write_result(AnalysisRun &run, const std::vector<Head> &heads, const std::vector<Cspa::TextSums> &texts)
{
    const ModelConfig &c = run.config();
    Array share = of_no_head(c), percent = share, kl = share, ablated = share,
          by_text = of_no_head(c, int64_t(texts.size()));
    int64_t positions = 0;
    for (const Cspa::TextSums &text : texts)
        positions += text.positions;
    for (size_t i = 0; i < heads.size(); ++i) {
        const size_t cell = size_t(heads[i].layer * c.n_heads + heads[i].head);
        double all = 0, all_ablated = 0;
        for (size_t t = 0; t < texts.size(); ++t) {
            all += texts[t].kl[i];
            all_ablated += texts[t].kl_ablated[i];
            by_text.floats()[cell * texts.size() + t] = share_kept(texts[t].kl[i], texts[t].kl_ablated[i]);
        }
        share.floats()[cell] = share_kept(all, all_ablated);
        percent.floats()[cell] = 100 * share.floats()[cell];
        kl.floats()[cell] = float(all / double(positions));
        ablated.floats()[cell] = float(all_ablated / double(positions));
    }
    run.result.arrays["cspa"] = std::move(share);
    run.result.arrays["cspa.percent"] = std::move(percent);
    run.result.arrays["cspa.kl"] = std::move(kl);
    run.result.arrays["cspa.kl_ablated"] = std::move(ablated);
    run.result.arrays["cspa.by_text"] = std::move(by_text);
    run.result.summary["positions"] = positions;
}

void run_cspa(AnalysisRun &run)
{
    const AnalysisTexts texts = analysis_texts(*run.in.model, run.analysis, tokens_of_a_text, true);
    const std::vector<Head> heads = wanted_heads(run);
    const int shown = int(run.option("text", 0));
    check_index(shown, int64_t(texts.texts.size()), "options.text", "texts");
    remember_texts(run, texts);

    TextGroups groups(run, {&texts.mean, &texts.texts});
    Cspa cspa(groups.engine(), heads, top_percent(run), texts.function);
    groups.each(texts.mean, {RunExtent::To::Attention, heads.back().layer}, 0,
                [&](const PromptGroup &group) { cspa.add_mean(group.runs); });
    std::vector<Cspa::TextSums> sums(texts.texts.size());
    std::vector<std::vector<Cspa::Lowered>> lowered; // of the text that is looked into, by head
    const int total = 1000;
    groups.each(texts.texts, {RunExtent::To::Stream}, cspa.bytes_per_row(), [&](const PromptGroup &group) {
        const double all = double(texts.texts.size());
        std::vector<Cspa::TextSums> of_group = cspa.measure(group.runs, [&](double share) {
            run.progress(int(total * (group.first + share * group.prompts()) / all), total);
        });
        std::move(of_group.begin(), of_group.end(), sums.begin() + group.first);
        if (shown >= group.first && shown < group.first + group.prompts())
            for (size_t i = 0; i < heads.size(); ++i)
                lowered.push_back(cspa.suppressed(shown - group.first, i));
    });
    write_result(run, heads, sums);
    const std::vector<size_t> chosen = looked_into(run, heads);
    const TextMatrix text{{}, shown, -1, readable(*run.in.model, texts.texts[size_t(shown)])};
    for (const size_t i : chosen) {
        const size_t T = text.tokens.size();
        std::vector<float> matrix(T * T);
        for (const Cspa::Lowered &one : lowered[i])
            matrix[size_t(one.query) * T + size_t(one.source)] = one.by;
        TextMatrix of_head = text;
        of_head.head = heads[i];
        keep_matrix(run, "cspa.suppressed." + dotted(heads[i]), of_head, std::move(matrix));
    }
    run.result.summary["text"] = shown;
    write_by_text(run, heads, chosen, texts.texts);
    run.progress(total, total);
}

std::string describe_cspa(const Analysis &analysis)
{
    return "Copy-suppression-preserving ablation of " + heads_or(analysis, "each head")
        + ": its output is the mean at its position over other texts, and of what it moves from the "
        + parameter_text(analysis, "top_percent", short_text(usual_percent))
        + " % of sources whose tokens the stream predicts most, only what lowers the logit of that same token. Shown "
          "is the share of the mean ablation's KL divergence that this takes back, direct effect only: 100 % where "
          "suppression is all that the head does.";
}

} // namespace

const AnalysisInfo &declared::cspa()
{
    static const AnalysisInfo info = [] {
        AnalysisInfo made{
            .name = "cspa",
            .title = "Copy suppression",
            .tip = "How much of what each head does is suppressing tokens that were seen before (CSPA), on texts",
            .reads_prompts = false,
            .parameters = text_parameters(tokens_of_a_text),
            .yields = {{"cspa.percent", "Copy suppression (CSPA)", "copy suppression kept", "%",
                        "Copy suppression kept"},
                       {"cspa", "Copy suppression, as a share", "copy suppression kept", "", "Copy suppression kept",
                        Quantity::Draw::Hidden},
                       {"cspa.kl", "KL divergence", "KL divergence with copy suppression kept", "nats", "KL divergence",
                        Quantity::Draw::Hidden},
                       {"cspa.kl_ablated", "KL divergence of mean ablation", "KL divergence of mean ablation", "nats",
                        "KL divergence", Quantity::Draw::Hidden},
                       {"cspa.by_text", "Copy suppression of each text", "copy suppression kept", "",
                        "Copy suppression kept", Quantity::Draw::Hidden},
                       {"cspa.suppressed.", "Suppressed sources", "change of the source token's logit", "logits",
                        "Change of the source token's logit", Quantity::Draw::Matrix}},
            .describe = describe_cspa,
            .run = run_cspa};
        made.parameters.push_back({"mean_texts", Parameter::Kind::Whole,
                                   "how many texts, the first ones, give the means and are not looked at (100, or half "
                                   "of them where there are fewer than 200)"});
        made.parameters.push_back({"top_percent",
                                   Parameter::Kind::Number,
                                   "the share of sources that count, in % of those up to each position (5)",
                                   {},
                                   false,
                                   usual_percent});
        made.parameters.push_back(
            {"text",
             Parameter::Kind::Whole,
             "the text, counted from 0, whose suppressed sources are kept, of the named heads or the 8 "
             "of which most is kept (0)",
             {},
             false,
             0});
        return made;
    }();
    return info;
}

} // namespace patchbay
