// Heads on running text: at which tokens chosen heads are most active, where they look and what they write there; and
// what every head's attention does on these texts and on random tokens.
#include "analysis/detail/corpus.h"
#include "analysis/detail/text_groups.h"
#include "analysis/known_runs.h"
#include "base/plain_text.h"
#include "model/detail/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

using namespace detail;

namespace {

constexpr int tokens_of_each = 128, usual_top = 20, context_tokens = 8, written_tokens = 5;
// In the order of Activity::By and Activity::To. Functions: they are asked for while the program's constants are made.
std::vector<std::string> activity_measures()
{
    return {"norm", "attention", "effect"};
}

std::vector<std::string> token_kinds()
{
    return {"previous", "same", "first", "function", "itself"};
}

size_t choice_of(const AnalysisRun &run, const char *key, const std::vector<std::string> &of)
{
    const std::string text = parameter_text(run.analysis, key, of.front());
    return size_t(std::find(of.begin(), of.end(), text) - of.begin()); // check_analysis has seen it
}

/// Everything about the chosen heads, text by text.
class ActiveTokens {
public:
    ActiveTokens(AnalysisRun &run, const AnalysisTexts &texts)
        : m_run(run), m_texts(texts),
          m_top(size_t(run.option("most", usual_top))), m_of{Activity::By(choice_of(run, "by", activity_measures())),
                                                             Activity::To(choice_of(run, "to", token_kinds()))}
    {
        for (const TokenRow &row : texts.texts)
            m_width = std::max(m_width, row.size());
        for (const Head head : run.analysis.heads)
            m_heads.push_back({head, std::vector<float>(texts.texts.size() * m_width, std::nanf("")), {}});
    }

    void add(const PromptGroup &group)
    {
        const BatchRuns &runs = group.runs;
        const BatchLayout &layout = runs.layout();
        const ModelConfig &c = m_run.config();
        const Weights &w = m_run.in.model->weights();
        const at::Tensor scale = norm_scale(runs.run(false).resid.back(), c); // [rows]
        for (int i = 0; i < layout.prompts; ++i) {
            const TokenRow &tokens = m_texts.texts[size_t(group.first + i)];
            const int64_t T = int64_t(tokens.size()), row = layout.row(i, 0);
            at::Tensor next;
            if (m_of.by == Activity::By::Effect) {
                TokenRow shifted(tokens.begin() + 1, tokens.end());
                shifted.push_back(tokens.back());
                next = w.unembedding(at::tensor(shifted, at::kLong)).t(); // [T, D]
            }
            for (OfHead &one : m_heads) {
                m_run.cancel.check();
                const Head head = one.head;
                at::Tensor z = at::empty({T, c.d_head}, at::kFloat), result = at::empty({T, c.d_model}, at::kFloat);
                runs.head_z(runs.run(false), head.layer, head.head, i, 0, int(T) - 1, z.data_ptr<float>(), c.d_head);
                runs.model()
                    .block(head.layer)
                    ->write_head(head.head, z.data_ptr<float>(), c.d_head, T, result.data_ptr<float>(), false);
                const std::vector<float> pattern = runs.pattern(runs.run(false), head.layer, head.head, i);
                const std::vector<float> values = activity(m_of, tokens, m_texts.function, pattern.data(), result, next,
                                                           scale.slice(0, row, row + T));
                std::copy(values.begin(), values.end(),
                          one.values.begin() + std::ptrdiff_t(size_t(group.first + i) * m_width));
                keep_best(one, group.first + i, values, pattern, result);
            }
        }
    }

    void write()
    {
        nlohmann::json rows = nlohmann::json::array();
        for (OfHead &one : m_heads) {
            m_run.result.arrays["corpus.activity." + dotted(one.head)] = {
                {int64_t(m_texts.texts.size()), int64_t(m_width)}, one.values};
            write_rows(one, rows);
        }
        m_run.result.summary["columns"] = {"head", unit(),     "text",      "position", "token",
                                           "in",   "looks at", "attention", "writes",   "writes against"};
        m_run.result.summary["rows"] = rows;
    }

private:
    struct OfHead {
        Head head;
        std::vector<float> values; // [texts, width]
        std::vector<ActiveToken> best;
    };

    std::string unit() const
    {
        return m_of.by == Activity::By::Norm  ? "output norm"
            : m_of.by == Activity::By::Effect ? "direct effect (logits)"
                                              : "attention to " + token_kinds()[size_t(m_of.to)];
    }

    static bool before(const ActiveToken &a, const ActiveToken &b)
    {
        return a.value != b.value ? a.value > b.value : std::pair(a.text, a.position) < std::pair(b.text, b.position);
    }

    void keep_best(OfHead &one, int text, const std::vector<float> &values, const std::vector<float> &pattern,
                   const at::Tensor &result) const
    {
        const size_t T = values.size(), D = size_t(result.size(1));
        for (size_t q = 0; q < T; ++q) {
            if (std::isnan(values[q]))
                continue;
            ActiveToken token{one.head, text, int(q), 0, values[q], 0, {}};
            if (one.best.size() == m_top && (m_top == 0 || !before(token, one.best.back())))
                continue;
            const float *row = pattern.data() + q * T;
            token.source = int(std::max_element(row, row + q + 1) - row);
            token.attention = row[token.source];
            const float *writes = result.data_ptr<float>() + q * D;
            token.writes.assign(writes, writes + D);
            one.best.insert(std::upper_bound(one.best.begin(), one.best.end(), token, before), std::move(token));
            if (one.best.size() > m_top)
                one.best.pop_back();
        }
    }

    std::string text_of(int text, int first, int last) const
    {
        const TokenRow &row = m_texts.texts[size_t(text)];
        std::string out;
        const bool words = m_run.in.model->tokenizer() != nullptr;
        for (const std::string &token : readable(*m_run.in.model, {row.begin() + first, row.begin() + last + 1}))
            out += (words || out.empty() ? "" : " ") + token;
        return out;
    }

    /// The largest of sign × logits, as texts.
    std::string strongest(const at::Tensor &logits, int sign) const
    {
        const auto count = std::min<int64_t>(written_tokens, logits.numel());
        const at::Tensor ids = std::get<1>((sign * logits).topk(count)).contiguous();
        std::string out;
        for (const std::string &token :
             readable(*m_run.in.model, {ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + count}))
            out += (out.empty() ? "" : " ") + ("\u201c" + token + "\u201d");
        return out;
    }

    void write_rows(const OfHead &one, nlohmann::json &rows) const
    {
        const int64_t D = m_run.config().d_model;
        at::Tensor writes = at::empty({int64_t(one.best.size()), D}, at::kFloat);
        for (size_t i = 0; i < one.best.size(); ++i)
            std::copy(one.best[i].writes.begin(), one.best[i].writes.end(), writes.data_ptr<float>() + int64_t(i) * D);
        const Weights &w = m_run.in.model->weights();
        at::Tensor logits = w.logits(writes) - w.b_U; // [best, V]: what it writes alone
        for (size_t i = 0; i < one.best.size(); ++i) {
            m_run.cancel.check();
            const ActiveToken &token = one.best[i];
            rows.push_back({label(token.head), fixed_text(double(token.value), 3), std::to_string(token.text),
                            std::to_string(token.position), text_of(token.text, token.position, token.position),
                            text_of(token.text, std::max(0, token.position - context_tokens), token.position),
                            text_of(token.text, token.source, token.source), fixed_text(double(token.attention), 3),
                            strongest(logits[int64_t(i)], 1), strongest(logits[int64_t(i)], -1)});
        }
    }

    AnalysisRun &m_run;
    const AnalysisTexts &m_texts;
    size_t m_top, m_width = 0;
    Activity m_of;
    std::vector<OfHead> m_heads;
};

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
    ActiveTokens active(run, texts);
    groups.each(texts.texts, 0, [&](const PromptGroup &group) {
        scores.add(group.runs);
        active.add(group);
        run.progress(group.first + group.prompts(), int(texts.texts.size()) + 1);
    });
    active.write();
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
            .yields = {{"corpus.entropy", "Entropy of attention", "entropy of attention on texts", "nats",
                        "Entropy of attention"},
                       {"corpus.previous_token", "Previous token, on texts", "attention to the previous token on texts",
                        "", "Attention on texts"},
                       {"corpus.duplicate_token", "Same token, on texts", "attention to the same token on texts", "",
                        "Attention on texts"},
                       {"corpus.induction", "Induction, on texts", "induction attention on texts", "",
                        "Attention on texts"},
                       {"corpus.by_distance", "Attention by distance", "attention by distance", "", "Attention",
                        Quantity::Draw::Hidden},
                       {"corpus.activity.", "Activity", "activity at each token", "", "Activity",
                        Quantity::Draw::Hidden}},
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
            {"most", Parameter::Kind::Whole, "how many tokens of each head are listed (20)", {}, false, usual_top});
        return made;
    }();
    return info;
}

} // namespace patchbay
