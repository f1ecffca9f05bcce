#include "analysis/detail/active_tokens.h"

#include "analysis/detail/ov_tokens.h"
#include "analysis/detail/text_matrix.h"
#include "base/plain_text.h"
#include "model/detail/weights.h"

#include <algorithm>
#include <cmath>

namespace patchbay::detail {

namespace {

constexpr int context_tokens = 8;
constexpr int tokens_around = 256; ///< of a listed token's text, those up to it, whose attention is kept

bool before(const ActiveToken &a, const ActiveToken &b)
{
    return a.value != b.value ? a.value > b.value : std::pair(a.text, a.position) < std::pair(b.text, b.position);
}

} // namespace

ActiveTokens::ActiveTokens(AnalysisRun &run, const AnalysisTexts &texts, const Activity &of, int most)
    : m_run(run), m_texts(texts), m_of(of), m_top(size_t(most))
{
    for (const TokenRow &row : texts.texts)
        m_width = std::max(m_width, row.size());
    for (const Head head : run.analysis.heads)
        m_heads.push_back({head, std::vector<float>(texts.texts.size() * m_width, std::nanf("")), {}});
}

void ActiveTokens::add(const PromptGroup &group)
{
    const BatchRuns &runs = group.runs;
    const BatchLayout &layout = runs.layout();
    const ModelConfig &c = m_run.config();
    const Weights &w = m_run.in.model->weights();
    at::Tensor scale; // [rows]
    if (needs_stream())
        scale = norm_scale(runs.run(false).resid.back(), c);
    for (int i = 0; i < layout.prompts; ++i) {
        const TokenRow &tokens = m_texts.texts[size_t(group.first + i)];
        const int64_t T = int64_t(tokens.size()), row = layout.row(i, 0);
        at::Tensor next;
        if (needs_stream()) {
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
            const auto pattern =
                std::make_shared<const std::vector<float>>(runs.pattern(runs.run(false), head.layer, head.head, i));
            const std::vector<float> values = activity(m_of, tokens, m_texts.function, pattern->data(), result, next,
                                                       scale.defined() ? scale.slice(0, row, row + T) : at::Tensor());
            std::copy(values.begin(), values.end(),
                      one.values.begin() + std::ptrdiff_t(size_t(group.first + i) * m_width));
            keep_best(one, group.first + i, values, pattern, result);
        }
    }
}

void ActiveTokens::write()
{
    nlohmann::json rows = nlohmann::json::array();
    for (OfHead &one : m_heads) {
        m_run.result.arrays["corpus.activity." + dotted(one.head)] = {{int64_t(m_texts.texts.size()), int64_t(m_width)},
                                                                      one.values};
        write_rows(one, rows);
    }
    m_run.result.summary["columns"] = {"head", unit(),     "text",      "position", "token",
                                       "in",   "looks at", "attention", "writes",   "writes against"};
    m_run.result.summary["rows"] = rows;
}

std::string ActiveTokens::unit() const
{
    return m_of.by == Activity::By::Norm  ? "output norm"
        : m_of.by == Activity::By::Effect ? "direct effect (logits)"
                                          : "attention to " + token_kinds()[size_t(m_of.to)];
}

void ActiveTokens::keep_best(OfHead &one, int text, const std::vector<float> &values,
                             const std::shared_ptr<const std::vector<float>> &pattern, const at::Tensor &result) const
{
    const size_t T = values.size(), D = size_t(result.size(1));
    for (size_t q = 0; q < T; ++q) {
        if (std::isnan(values[q]))
            continue;
        ActiveToken token{one.head, text, int(q), 0, values[q], 0, {}, pattern};
        if (one.best.size() == m_top && (m_top == 0 || !before(token, one.best.back())))
            continue;
        const float *row = pattern->data() + q * T;
        token.source = int(std::max_element(row, row + q + 1) - row);
        token.attention = row[token.source];
        const float *writes = result.data_ptr<float>() + q * D;
        token.writes.assign(writes, writes + D);
        one.best.insert(std::upper_bound(one.best.begin(), one.best.end(), token, before), std::move(token));
        if (one.best.size() > m_top)
            one.best.pop_back();
    }
}

std::string ActiveTokens::text_of(int text, int first, int last) const
{
    return joined(*m_run.in.model, m_texts.texts[size_t(text)], first, last);
}

void ActiveTokens::write_rows(const OfHead &one, nlohmann::json &rows) const
{
    const int64_t D = m_run.config().d_model;
    at::Tensor writes = at::empty({int64_t(one.best.size()), D}, at::kFloat);
    for (size_t i = 0; i < one.best.size(); ++i)
        std::copy(one.best[i].writes.begin(), one.best[i].writes.end(), writes.data_ptr<float>() + int64_t(i) * D);
    const Model &model = *m_run.in.model;
    const at::Tensor logits = direct_logits(model, writes); // [best, V]
    for (size_t i = 0; i < one.best.size(); ++i) {
        m_run.cancel.check();
        const ActiveToken &token = one.best[i];
        rows.push_back({label(token.head), fixed_text(double(token.value), 3), std::to_string(token.text),
                        std::to_string(token.position), text_of(token.text, token.position, token.position),
                        text_of(token.text, std::max(0, token.position - context_tokens), token.position),
                        text_of(token.text, token.source, token.source), fixed_text(double(token.attention), 3),
                        strongest_tokens(model, logits[int64_t(i)], 1),
                        strongest_tokens(model, logits[int64_t(i)], -1)});
        keep_attention(token, int(i));
    }
}

/// The attention of the head in the listed token's text.
void ActiveTokens::keep_attention(const ActiveToken &token, int rank) const
{
    const TokenRow &row = m_texts.texts[size_t(token.text)];
    const int T = int(row.size()), n = std::min(T, tokens_around), first = std::max(0, token.position + 1 - n);
    std::vector<float> kept;
    for (int q = first; q < first + n; ++q) {
        const auto from = token.pattern->begin() + std::ptrdiff_t(q) * T + first;
        kept.insert(kept.end(), from, from + n);
    }
    keep_matrix(m_run, "corpus.pattern." + dotted(token.head) + "." + std::to_string(rank),
                {token.head, token.text, token.position - first,
                 readable(*m_run.in.model, {row.begin() + first, row.begin() + first + n})},
                std::move(kept));
}

} // namespace patchbay::detail
