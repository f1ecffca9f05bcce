// Heads on running text: at which tokens chosen heads are most active, where they look and what they write there; and
// what every head's attention does on these texts and on random tokens.
#include "analysis/detail/active_tokens.h"
#include "analysis/detail/ov_tokens.h"
#include "analysis/detail/text_groups.h"
#include "analysis/known_runs.h"
#include "base/plain_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

using namespace detail;

namespace {

constexpr int tokens_of_each = 128, usual_most = 20, usual_sources = 10;

size_t choice_of(const AnalysisRun &run, const char *key, const std::vector<std::string> &of)
{
    const std::string text = parameter_text(run.analysis, key, of.front());
    return size_t(std::find(of.begin(), of.end(), text) - of.begin()); // check_analysis has seen it
}

void write_scores(AnalysisRun &run, const AttentionScores &scores)
{
    const ModelConfig &c = run.config();
    const std::pair<const char *, AttentionScores::Score> all[] = {
        {"corpus.entropy", AttentionScores::Entropy},
        {"corpus.previous_token", AttentionScores::PreviousToken},
        {"corpus.duplicate_token", AttentionScores::DuplicateToken},
        {"corpus.induction", AttentionScores::Induction}};
    for (const auto &[name, score] : all)
        run.result.arrays[name] = {{c.n_layers, c.n_heads}, scores.mean(score)};
    run.result.arrays["corpus.by_distance"] = {{c.n_layers, c.n_heads, AttentionScores::distances},
                                               scores.by_distance()};
}

std::string share_text(double share)
{
    return fixed_text(100 * share, 1) + " %";
}

/// What the named heads copy and suppress, as a table, and of how many places they do.
void write_ov(AnalysisRun &run, const OvTokens &ov, const EngineModel &engine)
{
    const ModelConfig &c = run.config();
    Array copied{{c.n_layers, c.n_heads},
                 std::vector<float>(size_t(c.n_layers * c.n_heads), std::numeric_limits<float>::quiet_NaN())},
        suppressed = copied;
    nlohmann::json rows = nlohmann::json::array();
    const int most = int(run.option("sources", usual_sources));
    for (size_t h = 0; h < run.analysis.heads.size(); ++h) {
        const Head head = run.analysis.heads[h];
        for (const OvTokens::Source &source : ov.of(h, engine, most, run.cancel)) {
            const bool all = source.token < 0;
            if (all) {
                const size_t cell = size_t(head.layer * c.n_heads + head.head);
                copied.floats()[cell] = float(100 * source.copied);
                suppressed.floats()[cell] = float(100 * source.suppressed);
            }
            rows.push_back({label(head), all ? "all of them" : readable(*run.in.model, {source.token}).front(),
                            std::to_string(source.times), all ? "" : std::to_string(source.own_rank),
                            all                     ? share_text(source.copied)
                                : source.copied > 0 ? "yes"
                                                    : "",
                            all                         ? share_text(source.suppressed)
                                : source.suppressed > 0 ? "yes"
                                                        : "",
                            source.raises, source.lowers});
        }
    }
    run.result.arrays["corpus.copied"] = std::move(copied);
    run.result.arrays["corpus.suppressed"] = std::move(suppressed);
    run.result.summary["copied_and_suppressed"] = {
        {"columns", {"head", "source", "times", "own rank", "copied", "suppressed", "raises", "lowers"}},
        {"rows", rows}};
}

/// The same three on random tokens, where a model has room for them.
void add_detectors(AnalysisRun &run)
{
    RunSpec spec = run.spec;
    spec.method = Analysis{"detectors", {}, nullptr};
    try {
        const RunResult found = run.known.run(spec, {}, run.cancel);
        for (const char *name : {"previous_token", "duplicate_token", "induction"})
            run.result.arrays[std::string("detector.") + name] = found.arrays.at(std::string("detector.") + name);
    } catch (const Error &error) {
        run.result.summary["random_tokens"] = error.what();
    }
}

void run_corpus(AnalysisRun &run)
{
    const AnalysisTexts texts = analysis_texts(*run.in.model, run.analysis, tokens_of_each, false);
    remember_texts(run, texts);
    const TextGroups groups(run, {&texts.texts});
    AttentionScores scores(run.config().n_layers, run.config().n_heads);
    ActiveTokens active(
        run, texts,
        {Activity::By(choice_of(run, "by", activity_measures())), Activity::To(choice_of(run, "to", token_kinds()))},
        int(run.option("most", usual_most)));
    OvTokens ov(*run.in.model, run.analysis.heads, texts.function);
    const RunExtent extent = active.needs_stream() ? RunExtent{RunExtent::To::Stream}
                                                   : RunExtent{RunExtent::To::Attention, run.config().n_layers - 1};
    groups.each(texts.texts, extent, 0, [&](const PromptGroup &group) {
        scores.add(group.runs);
        active.add(group);
        ov.add(group.runs);
        run.progress(group.first + group.prompts(), int(texts.texts.size()) + 1);
    });
    active.write();
    write_ov(run, ov, groups.engine());
    write_scores(run, scores);
    add_detectors(run);
    run.progress(1, 1);
}

std::string describe_corpus(const Analysis &analysis)
{
    return heads_or(analysis, "The named heads")
        + " on running text: where they are most active, what they look at most there, and the tokens that they write "
          "for and against. Scores are of every head: mean attention to the token before, to earlier ones of the same "
          "token, and to what followed those, and the entropy of the pattern in nats.";
}

} // namespace

const AnalysisInfo &declared::corpus()
{
    static const AnalysisInfo info = [] {
        AnalysisInfo made{
            .name = "corpus",
            .title = "On running text",
            .tip = "Where chosen heads are most active in texts, what they look at and write there; every head's "
                   "attention on texts",
            .heads = "the heads whose tokens are listed",
            .reads_prompts = false,
            .parameters = text_parameters(tokens_of_each),
            .yields =
                {{"corpus.entropy", "Entropy of attention", "entropy of attention on texts", "nats",
                  "Entropy of attention"},
                 {"corpus.previous_token", "Previous token, on texts", "attention to the previous token on texts", "",
                  "Attention on texts"},
                 {"corpus.duplicate_token", "Same token, on texts", "attention to the same token on texts", "",
                  "Attention on texts"},
                 {"corpus.induction", "Induction, on texts", "induction attention on texts", "", "Attention on texts"},
                 {"corpus.by_distance", "Attention by distance", "attention by distance", "", "Attention",
                  Quantity::Draw::Hidden},
                 {"corpus.pattern.", "Texts", "attention at active tokens", "", "Attention", Quantity::Draw::Matrix},
                 {"corpus.copied", "Copied tokens", "places whose token the head copies", "%", "Copied",
                  Quantity::Draw::Hidden},
                 {"corpus.suppressed", "Suppressed tokens", "places whose token the head suppresses", "%", "Suppressed",
                  Quantity::Draw::Hidden},
                 {"corpus.activity.", "Activity", "activity at each token", "", "Activity", Quantity::Draw::Hidden}},
            .describe = describe_corpus,
            .run = run_corpus};
        made.parameters.push_back({"by", Parameter::Kind::Choice,
                                   "what makes a head active at a token: the norm of what it writes, its attention to "
                                   "a kind of token, or its direct effect on the logit of the next token (norm)",
                                   activity_measures()});
        made.parameters.push_back({"to", Parameter::Kind::Choice,
                                   "with by attention, the kind of token: the previous one, earlier ones that are the "
                                   "same, the first, function tokens, or itself (previous)",
                                   token_kinds()});
        made.parameters.push_back(
            {"most", Parameter::Kind::Whole, "how many tokens of each head are listed (20)", {}, false, usual_most});
        made.parameters.push_back({"sources",
                                   Parameter::Kind::Whole,
                                   "of how many of the most frequent tokens it is listed what each head makes of them "
                                   "(10); function tokens are left out",
                                   {},
                                   false,
                                   usual_sources});
        return made;
    }();
    return info;
}

} // namespace patchbay
