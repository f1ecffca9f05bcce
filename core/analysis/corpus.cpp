#include "analysis/detail/corpus.h"

#include "block/detail/parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay::detail {

AttentionScores::AttentionScores(int layers, int heads)
    : m_layers(layers), m_heads(heads), m_sums(size_t(layers) * size_t(heads))
{
}

void AttentionScores::add(const BatchRuns &runs)
{
    const BatchLayout &layout = runs.layout();
    std::vector<TokenRow> texts;
    for (int text = 0; text < layout.prompts; ++text) {
        texts.emplace_back();
        for (int pos = 0; pos <= layout.end[size_t(text)]; ++pos)
            texts.back().push_back(runs.batch().at(false, text, pos));
    }
    parallel_rows(int64_t(m_sums.size()), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            for (int text = 0; text < layout.prompts; ++text)
                add_pattern(m_sums[size_t(i)],
                            runs.pattern(runs.run(false), int(i / m_heads), int(i % m_heads), text).data(),
                            texts[size_t(text)]);
    });
}

void AttentionScores::add_pattern(Sums &sums, const float *pattern, const TokenRow &tokens)
{
    const int T = int(tokens.size());
    for (int q = 1; q < T; ++q) {
        const float *row = pattern + int64_t(q) * T;
        double entropy = 0, same = 0, after = 0;
        bool any_same = false, any_after = false;
        for (int k = 0; k <= q; ++k) {
            const double a = double(row[k]);
            entropy -= a > 0 ? a * std::log(a) : 0;
            if (q - k < distances) {
                sums.distance[q - k] += a;
                ++sums.reach[q - k];
            }
            if (k < q && tokens[size_t(k)] == tokens[size_t(q)]) {
                same += a;
                any_same = true;
            }
            if (k > 0 && k < q && tokens[size_t(k - 1)] == tokens[size_t(q)]) { // what followed it before
                after += a;
                any_after = true;
            }
        }
        const auto add = [&](Score score, double value) {
            sums.score[score] += value;
            ++sums.positions[score];
        };
        add(Entropy, entropy);
        add(PreviousToken, double(row[q - 1]));
        if (any_same)
            add(DuplicateToken, same);
        if (any_after)
            add(Induction, after);
    }
}

std::vector<float> AttentionScores::mean(Score score) const
{
    std::vector<float> out;
    for (const Sums &one : m_sums)
        out.push_back(one.positions[score] > 0 ? float(one.score[score] / double(one.positions[score]))
                                               : std::numeric_limits<float>::quiet_NaN());
    return out;
}

std::vector<float> AttentionScores::by_distance() const
{
    std::vector<float> out;
    for (const Sums &one : m_sums)
        for (int d = 0; d < distances; ++d)
            out.push_back(one.reach[d] > 0 ? float(one.distance[d] / double(one.reach[d]))
                                           : std::numeric_limits<float>::quiet_NaN());
    return out;
}

std::vector<std::string> activity_measures()
{
    return {"norm", "attention", "effect"};
}

std::vector<std::string> token_kinds()
{
    return {"previous", "same", "first", "function", "itself"};
}

std::vector<float> activity(const Activity &of, const TokenRow &tokens, const std::vector<int64_t> &function,
                            const float *pattern, const at::Tensor &result, const at::Tensor &next,
                            const at::Tensor &scale)
{
    const int T = int(tokens.size());
    std::vector<float> out(tokens.size(), std::numeric_limits<float>::quiet_NaN());
    if (of.by == Activity::By::Norm) {
        const at::Tensor norms = result.norm(2, 1).contiguous(); // [T]
        std::copy_n(norms.data_ptr<float>() + 1, std::max(0, T - 1), out.begin() + (T > 0 ? 1 : 0));
        return out;
    }
    if (of.by == Activity::By::Effect) {
        const at::Tensor along = ((result * next).sum(1) / scale).contiguous(); // [T]
        for (int q = 1; q + 1 < T; ++q)
            out[size_t(q)] = along.data_ptr<float>()[q];
        return out;
    }
    const auto counts = [&](int q, int k) {
        switch (of.to) {
        case Activity::To::Previous:
            return k == q - 1;
        case Activity::To::Same:
            return k < q && tokens[size_t(k)] == tokens[size_t(q)];
        case Activity::To::First:
            return k == 0;
        case Activity::To::Function:
            return std::binary_search(function.begin(), function.end(), tokens[size_t(k)]);
        case Activity::To::Itself:
            break;
        }
        return k == q;
    };
    for (int q = 1; q < T; ++q) {
        float sum = 0;
        for (int k = 0; k <= q; ++k)
            if (counts(q, k))
                sum += pattern[int64_t(q) * T + k];
        out[size_t(q)] = sum;
    }
    return out;
}

} // namespace patchbay::detail
