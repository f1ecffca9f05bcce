#include "analysis/detail/ov_tokens.h"

#include "model/detail/weights.h"

#include <algorithm>

namespace patchbay::detail {

namespace {

constexpr int tokens_named = 5;
constexpr int64_t logit_rows_at_once = 128; ///< of logits of the whole vocabulary

} // namespace

at::Tensor direct_logits(const Model &model, const at::Tensor &writes)
{
    const Weights &w = model.weights();
    at::Tensor x = writes;
    if (model.config().final_norm() == Norm::LayerNorm)
        x = x - x.mean(1, true);
    if (w.ln_final_w.defined())
        x = x * w.ln_final_w;
    return w.logits(x) - w.b_U;
}

std::string strongest_tokens(const Model &model, const at::Tensor &logits, int sign)
{
    const auto count = std::min<int64_t>(tokens_named, logits.numel());
    const at::Tensor ids = std::get<1>((sign * logits).topk(count)).contiguous();
    std::string out;
    for (const std::string &token : readable(model, {ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + count}))
        out += (out.empty() ? "" : " ") + ("\u201c" + token + "\u201d");
    return out;
}

OvTokens::OvTokens(const Model &model, const std::vector<Head> &heads, const std::vector<int64_t> &function)
    : m_model(model), m_heads(heads), m_function(function), m_seen(heads.size())
{
}

void OvTokens::add(const BatchRuns &runs)
{
    const BlockTraits &t = runs.model().traits();
    const BatchLayout &layout = runs.layout();
    const int64_t S = t.qkv_width(), d = m_model.config().d_head;
    for (size_t h = 0; h < m_heads.size(); ++h) {
        const float *values =
            runs.run(false).qkv[size_t(m_heads[h].layer)].data_ptr<float>() + t.v_column(m_heads[h].head);
        for (int text = 0; text < layout.prompts; ++text)
            for (int pos = 0; pos <= layout.end[size_t(text)]; ++pos) {
                const int64_t token = runs.batch().at(false, text, pos);
                if (std::binary_search(m_function.begin(), m_function.end(), token))
                    continue;
                Seen &seen = m_seen[h][token];
                seen.value.resize(size_t(d));
                const float *v = values + layout.row(text, pos) * S;
                for (int64_t i = 0; i < d; ++i)
                    seen.value[size_t(i)] += double(v[i]);
                ++seen.times;
            }
    }
}

std::vector<OvTokens::Source> OvTokens::of(size_t head, const EngineModel &engine, int most,
                                           const CancelToken &cancel) const
{
    const int64_t d = m_model.config().d_head, D = m_model.config().d_model;
    std::vector<std::pair<int64_t, const Seen *>> seen; // the most frequent first
    for (const auto &[token, one] : m_seen[head])
        seen.emplace_back(token, &one);
    if (seen.empty())
        return {};
    std::stable_sort(seen.begin(), seen.end(),
                     [](const auto &a, const auto &b) { return a.second->times > b.second->times; });
    const auto n = int64_t(seen.size());
    at::Tensor values = at::empty({n + 1, d}, at::kFloat), writes = at::empty({n + 1, D}, at::kFloat);
    std::vector<double> sum(static_cast<size_t>(d));
    Source all;
    for (int64_t r = 0; r < n; ++r) {
        const Seen &one = *seen[size_t(r)].second;
        for (int64_t i = 0; i < d; ++i) {
            values.data_ptr<float>()[r * d + i] = float(one.value[size_t(i)] / double(one.times));
            sum[size_t(i)] += one.value[size_t(i)];
        }
        all.times += one.times;
    }
    for (int64_t i = 0; i < d; ++i)
        values.data_ptr<float>()[n * d + i] = float(sum[size_t(i)] / double(all.times));
    engine.block(m_heads[head].layer)
        ->write_head(m_heads[head].head, values.data_ptr<float>(), d, n + 1, writes.data_ptr<float>(), false);

    std::vector<Source> out;
    for (int64_t first = 0; first <= n; first += logit_rows_at_once) {
        cancel.check();
        const int64_t count = std::min(logit_rows_at_once, n + 1 - first);
        const at::Tensor logits = direct_logits(m_model, writes.narrow(0, first, count));
        for (int64_t r = first; r < first + count; ++r) {
            const at::Tensor row = logits[r - first];
            if (r == n) { // all together
                all.raises = strongest_tokens(m_model, row, 1);
                all.lowers = strongest_tokens(m_model, row, -1);
                break;
            }
            const auto &[token, one] = seen[size_t(r)];
            const float *x = row.data_ptr<float>(), own = x[token];
            const auto above = std::count_if(x, x + row.numel(), [&](float other) { return other > own; });
            const auto below = std::count_if(x, x + row.numel(), [&](float other) { return other < own; });
            const bool copied = above < tokens_named && above <= below,
                       suppressed = below < tokens_named && below < above;
            all.copied += copied ? double(one->times) : 0;
            all.suppressed += suppressed ? double(one->times) : 0;
            if (r < most)
                out.push_back({token, one->times, above <= below ? int(above) + 1 : -int(below) - 1, double(copied),
                               double(suppressed), strongest_tokens(m_model, row, 1),
                               strongest_tokens(m_model, row, -1)});
        }
    }
    all.copied /= double(all.times);
    all.suppressed /= double(all.times);
    out.insert(out.begin(), std::move(all));
    return out;
}

} // namespace patchbay::detail
