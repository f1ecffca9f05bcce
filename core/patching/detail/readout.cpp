#include "patching/detail/readout.h"

#include "block/detail/kernels.h"
#include "model/detail/weights.h"

#include <algorithm>
#include <cmath>

namespace patchbay::detail {

namespace {

at::Tensor ids_of(const std::vector<int64_t> &tokens)
{
    return at::tensor(tokens, at::kLong);
}

} // namespace

Answers answers(const PromptBatch &batch)
{
    Answers all{batch.answers, batch.wrongs};
    for (size_t p = 0; p < size_t(batch.prompts) && all.right.size() < size_t(batch.prompts); ++p)
        all.right.push_back({batch.io[p]});
    for (size_t p = 0; p < size_t(batch.prompts) && all.wrong.size() < size_t(batch.prompts); ++p)
        all.wrong.push_back({batch.s[p]});
    return all;
}

Readout::Readout(std::shared_ptr<const Model> model, Metric metric, const Answers &answers, at::Tensor clean)
    : m_model(std::move(model)), m_metric(metric), m_answers(answers), m_cap(float(m_model->config().logit_cap))
{
    const Weights &w = m_model->weights();
    const auto folded = [&](const at::Tensor &u, at::Tensor c) { // u [n, D], c [n]
        if (w.ln_final_b.defined())
            c = c + at::matmul(u, w.ln_final_b);
        return Columns{w.ln_final_w.defined() ? (u * w.ln_final_w).contiguous() : u.contiguous(), c.contiguous()};
    };
    std::vector<int64_t> tokens;
    for (size_t p = 0; p < answers.right.size(); ++p) {
        m_of.push_back({int64_t(tokens.size()), int(answers.right[p].size()), int(answers.wrong[p].size())});
        for (const std::vector<int64_t> *some : {&answers.right[p], &answers.wrong[p]})
            tokens.insert(tokens.end(), some->begin(), some->end());
    }
    const at::Tensor ids = ids_of(tokens), u = w.unembedding(ids).t(), c = w.b_U.index_select(0, ids);
    m_columns = folded(u, c);
    std::vector<at::Tensor> u_difference, c_difference;
    for (const Of &of : m_of) {
        const auto difference = [&](const at::Tensor &t) {
            const at::Tensor right = t.narrow(0, of.first, of.right),
                             wrong = t.narrow(0, of.first + of.right, of.wrong);
            // Of one token each, as it is: a mean of one may round.
            return (of.right == 1 ? right[0] : right.mean(0)) - (of.wrong == 1 ? wrong[0] : wrong.mean(0));
        };
        u_difference.push_back(difference(u));
        c_difference.push_back(difference(c));
    }
    m_difference = folded(at::stack(u_difference), at::stack(c_difference));
    if (clean.defined() && m_metric == Metric::Kl) {
        const at::Tensor rows = clean.contiguous();
        m_clean = weighted(rows.data_ptr<float>(), rows.size(0)).clone(); // the run's own may be given back
        m_clean_log_sum = log_sums(m_clean);
    }
}

float Readout::Columns::at(int64_t column, const float *normed) const
{
    return kernels().dot(normed, u.data_ptr<float>() + column * u.size(1), u.size(1)) + c.data_ptr<float>()[column];
}

float Readout::capped(float logit) const
{
    return m_cap == 0 ? logit : m_cap * std::tanh(logit / m_cap);
}

float Readout::slope(float logit) const
{
    if (m_cap == 0)
        return 1;
    const float t = std::tanh(logit / m_cap);
    return 1 - t * t;
}

float Readout::logit(const Of &of, int i, const float *normed) const
{
    return capped(m_columns.at(of.first + i, normed));
}

float Readout::logit_difference(const float *normed, int prompt) const
{
    if (m_cap == 0)
        return m_difference.at(prompt, normed);
    const Of &of = m_of[size_t(prompt)];
    float right = 0, wrong = 0;
    for (int i = 0; i < of.right + of.wrong; ++i)
        (i < of.right ? right : wrong) += logit(of, i, normed);
    return right / float(of.right) - wrong / float(of.wrong);
}

void Readout::logit_difference_gradient(const float *normed, int prompt, float *g) const
{
    const int64_t D = m_difference.u.size(1);
    std::fill_n(g, D, 0.f);
    const auto add = [&](const Columns &columns, int64_t column, float by) {
        kernels().axpy(by, columns.u.data_ptr<float>() + column * D, g, D);
    };
    if (m_cap == 0) {
        add(m_difference, prompt, 1);
        return;
    }
    const Of &of = m_of[size_t(prompt)];
    for (int i = 0; i < of.right + of.wrong; ++i) {
        const float by = slope(m_columns.at(of.first + i, normed));
        add(m_columns, of.first + i, i < of.right ? by / float(of.right) : -by / float(of.wrong));
    }
}

float Readout::best_answer(const float *normed, int prompt) const
{
    const Of &of = m_of[size_t(prompt)];
    float best = logit(of, 0, normed);
    for (int i = 1; i < of.right; ++i)
        best = std::max(best, logit(of, i, normed));
    return best;
}

double Readout::log_sum_of(const float *normed, int prompt, bool right) const
{
    const Of &of = m_of[size_t(prompt)];
    const int begin = right ? 0 : of.right, end = right ? of.right : of.right + of.wrong;
    double most = -INFINITY, sum = 0;
    for (int i = begin; i < end; ++i)
        most = std::max(most, double(logit(of, i, normed)));
    for (int i = begin; i < end; ++i)
        sum += std::exp(double(logit(of, i, normed)) - most);
    return most + std::log(sum);
}

void Readout::values(const float *normed, std::span<const int> prompts, float *out) const
{
    const int64_t D = m_difference.u.size(1);
    if (!info(m_metric).vocabulary) {
        for (size_t r = 0; r < prompts.size(); ++r)
            out[r] = logit_difference(normed + int64_t(r) * D, prompts[r]);
        return;
    }
    in_pieces(prompts,
              [&](int64_t first, std::span<const int> of) { vocabulary_values(normed + first * D, of, out + first); });
}

Readout::Shares Readout::answer_shares(const float *normed, int prompt, double log_sum) const
{
    return {std::exp(log_sum_of(normed, prompt, true) - log_sum),
            std::exp(log_sum_of(normed, prompt, false) - log_sum)};
}

double Readout::share_value(const float *normed, int prompt, double log_sum) const
{
    if (m_metric == Metric::ProbDiff) {
        const Shares shares = answer_shares(normed, prompt, log_sum);
        return shares.right - shares.wrong;
    }
    const double log_prob = log_sum_of(normed, prompt, true) - log_sum;
    return m_metric == Metric::Loss ? -log_prob : log_prob;
}

at::Tensor Readout::values(const at::Tensor &normed) const
{
    const at::Tensor rows = normed.contiguous();
    at::Tensor out = at::empty({rows.size(0)}, at::kFloat);
    std::vector<int> prompts(size_t(rows.size(0)));
    for (size_t p = 0; p < prompts.size(); ++p)
        prompts[p] = int(p);
    values(rows.data_ptr<float>(), prompts, out.data_ptr<float>());
    return out;
}

void Readout::gradients(const float *normed, std::span<const int> prompts, float *g) const
{
    const int64_t D = m_difference.u.size(1);
    if (info(m_metric).vocabulary)
        in_pieces(prompts, [&](int64_t first, std::span<const int> of) {
            vocabulary_gradients(normed + first * D, of, g + first * D);
        });
    else
        for (size_t r = 0; r < prompts.size(); ++r)
            logit_difference_gradient(normed + int64_t(r) * D, prompts[r], g + int64_t(r) * D);
}

} // namespace patchbay::detail
