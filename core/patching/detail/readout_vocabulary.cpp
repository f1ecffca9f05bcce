// The readout of metrics that read the logits of all tokens: some thousand columns of the unembedding at a time, so
// that no logits [rows, vocabulary] are ever kept.
#include "block/detail/gemm.h"
#include "model/detail/process_weights.h"
#include "model/detail/weights.h"
#include "patching/detail/readout.h"

#include <algorithm>
#include <cmath>

namespace patchbay::detail {

namespace {

constexpr int64_t rows_at_once = 256; ///< logits of so many rows and a block of columns take a few MB

/// log Σ exp of blocks whose own come one after the other.
class LogSum {
public:
    void add(double block)
    {
        const double top = std::max(m_value, block);
        m_value = top + std::log(std::exp(m_value - top) + std::exp(block - top));
    }
    double value() const { return m_value; }

private:
    double m_value = -INFINITY;
};

at::Tensor column_of(const std::vector<double> &values)
{
    return at::tensor(values, at::kDouble).to(at::kFloat).unsqueeze(1);
}

} // namespace

at::Tensor Readout::weighted(const float *normed, int64_t n) const
{
    const Weights &w = m_model->weights();
    at::Tensor x = at::from_blob(const_cast<float *>(normed), {n, int64_t(m_model->config().d_model)}, at::kFloat);
    if (w.ln_final_w.defined())
        x = x * w.ln_final_w;
    if (w.ln_final_b.defined())
        x = x + w.ln_final_b;
    return x.contiguous();
}

void Readout::for_blocks(const at::Tensor &x, const Block &work) const
{
    const Weights &w = m_model->weights();
    w.for_columns([&](int64_t first, const at::Tensor &W) {
        at::Tensor logits = times_plus(x, W, w.b_U.narrow(0, first, W.size(1)));
        if (m_cap != 0)
            logits = (logits / m_cap).tanh_().mul_(m_cap);
        work(first, logits, W);
    });
}

std::vector<double> Readout::log_sums(const at::Tensor &x) const
{
    std::vector<LogSum> sums(size_t(x.size(0)));
    for_blocks(x, [&](int64_t, const at::Tensor &logits, const at::Tensor &) {
        const at::Tensor block = logits.logsumexp(1);
        for (size_t r = 0; r < sums.size(); ++r)
            sums[r].add(block.data_ptr<float>()[r]);
    });
    std::vector<double> out;
    for (const LogSum &sum : sums)
        out.push_back(sum.value());
    return out;
}

Readout::Rows Readout::rows(const float *normed, std::span<const int> prompts) const
{
    Rows out;
    out.n = int64_t(prompts.size());
    out.x = weighted(normed, out.n);
    out.log_sum = log_sums(out.x);
    out.prompts = at::tensor(std::vector<int64_t>(prompts.begin(), prompts.end()), at::kLong);
    // The clean rows go along, so that a block of columns is made once for both.
    if (m_clean.defined()) {
        out.x = at::cat({out.x, m_clean});
        for (const int p : prompts)
            out.clean_log_sum.push_back(m_clean_log_sum[size_t(p)]);
    }
    return out;
}

at::Tensor Readout::clean_probabilities(const Rows &rows, const at::Tensor &clean) const
{
    return (clean - column_of(rows.clean_log_sum)).exp_();
}

void Readout::vocabulary_values(const float *normed, std::span<const int> prompts, float *out) const
{
    const int64_t D = m_difference.u.size(1);
    if (m_metric != Metric::Rank && m_metric != Metric::Kl) { // of the answers' own logits and the sum of all
        const std::vector<double> all = log_sums(weighted(normed, int64_t(prompts.size())));
        for (size_t r = 0; r < prompts.size(); ++r)
            out[r] = float(share_value(normed + int64_t(r) * D, prompts[r], all[r]));
        return;
    }
    const int64_t n = int64_t(prompts.size());
    std::vector<float> best;
    for (int64_t r = 0; r < n; ++r)
        best.push_back(best_answer(normed + r * D, prompts[size_t(r)]));
    const at::Tensor above_what = at::tensor(best).unsqueeze(1);
    const Rows all = m_metric == Metric::Kl ? rows(normed, prompts) : Rows{n, weighted(normed, n), {}, {}, {}};
    std::vector<double> sum(static_cast<size_t>(n));
    for_blocks(all.x, [&](int64_t first, const at::Tensor &together, const at::Tensor &) {
        const at::Tensor logits = together.narrow(0, 0, n);
        if (m_metric == Metric::Kl) {
            const at::Tensor clean = together.narrow(0, n, m_clean.size(0)).index_select(0, all.prompts),
                             block = (clean_probabilities(all, clean) * (clean - logits)).sum(1, false, at::kDouble);
            for (int64_t r = 0; r < n; ++r)
                sum[size_t(r)] += block.data_ptr<double>()[r];
            return;
        }
        const at::Tensor above = (logits > above_what).sum(1);
        for (int64_t r = 0; r < n; ++r) {
            sum[size_t(r)] += double(above.data_ptr<int64_t>()[r]);
            // In another product than the one before, an answer may come out above itself.
            for (const int64_t token : m_answers.right[size_t(prompts[size_t(r)])])
                if (token >= first && token < first + logits.size(1))
                    sum[size_t(r)] -= together.data_ptr<float>()[r * logits.size(1) + token - first] > best[size_t(r)];
        }
    });
    for (int64_t r = 0; r < n; ++r) // a divergence is at least 0, but for rounding
        out[r] = float(m_metric == Metric::Rank
                           ? sum[size_t(r)]
                           : std::max(0.0, sum[size_t(r)] + all.log_sum[size_t(r)] - all.clean_log_sum[size_t(r)]));
}

// d(metric) / d(logit) of every token, block by block, times the columns.
void Readout::vocabulary_gradients(const float *normed, std::span<const int> prompts, float *g) const
{
    const int64_t D = m_difference.u.size(1);
    const Rows all = rows(normed, prompts);
    std::vector<Shares> shares;
    std::vector<double> of_all; // how the metric changes with the probability of any token, over that probability
    for (int64_t r = 0; r < all.n; ++r) {
        shares.push_back(answer_shares(normed + r * D, prompts[size_t(r)], all.log_sum[size_t(r)]));
        of_all.push_back(m_metric == Metric::ProbDiff      ? shares.back().wrong - shares.back().right
                             : m_metric == Metric::LogProb ? -1
                                                           : 1);
    }
    at::Tensor out = at::zeros({all.n, D}, at::kFloat);
    for_blocks(all.x, [&](int64_t first, const at::Tensor &together, const at::Tensor &W) {
        const at::Tensor logits = together.narrow(0, 0, all.n);
        const int64_t count = logits.size(1);
        at::Tensor slopes = (logits - column_of(all.log_sum)).exp_() * column_of(of_all);
        if (m_metric == Metric::Kl)
            slopes -= clean_probabilities(all, together.narrow(0, all.n, m_clean.size(0)).index_select(0, all.prompts));
        for (int64_t r = 0; r < all.n && m_metric != Metric::Kl; ++r)
            for (const bool right : {true, false}) {
                const auto &tokens = (right ? m_answers.right : m_answers.wrong)[size_t(prompts[size_t(r)])];
                if (!right && m_metric != Metric::ProbDiff)
                    continue;
                for (const int64_t token : tokens)
                    if (token >= first && token < first + count) {
                        const int64_t at = r * count + token - first;
                        const double p = std::exp(double(together.data_ptr<float>()[at]) - all.log_sum[size_t(r)]);
                        const double by = m_metric == Metric::ProbDiff ? (right ? p : -p)
                            : m_metric == Metric::LogProb              ? p / shares[size_t(r)].right
                                                                       : -p / shares[size_t(r)].right;
                        slopes.data_ptr<float>()[at] += float(by);
                    }
            }
        if (m_cap != 0) { // d(cap tanh(x / cap)) / dx = 1 − tanh²
            const at::Tensor t = logits / m_cap;
            slopes *= 1 - t * t;
        }
        slopes = slopes.contiguous();
        gemm_bt(all.n, D, count, slopes.data_ptr<float>(), count, W.data_ptr<float>(), W.stride(0),
                out.data_ptr<float>(), D, true);
    });
    if (m_model->weights().ln_final_w.defined())
        out = (out * m_model->weights().ln_final_w).contiguous();
    std::copy_n(out.data_ptr<float>(), all.n * D, g);
}

void Readout::in_pieces(std::span<const int> prompts, const std::function<void(int64_t, std::span<const int>)> &work)
{
    for (size_t done = 0; done < prompts.size(); done += size_t(rows_at_once))
        work(int64_t(done), prompts.subspan(done, std::min(size_t(rows_at_once), prompts.size() - done)));
}

} // namespace patchbay::detail
