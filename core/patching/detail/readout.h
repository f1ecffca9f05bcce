// A metric where the engine takes it: at END, from what the final norm gives. Its values and its gradient stand here
// and nowhere else; their definition over plain logits is nouns/metric.h.
#pragma once

#include "model/model.h"
#include "nouns/metric.h"
#include "task/prompts.h"

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace patchbay::detail {

/// Right and wrong tokens of each prompt, at least one of each.
struct Answers {
    std::vector<std::vector<int64_t>> right, wrong;
};

Answers answers(const PromptBatch &batch);

/// Rows are what a bare final norm gives at END, [D]; its weights are part of the readout. Each row belongs to a
/// prompt.
class Readout {
public:
    /// clean [prompts, D]: rows of the clean run, which metrics that compare with it read (else undefined).
    Readout(std::shared_ptr<const Model> model, Metric metric, const Answers &answers, at::Tensor clean = {});

    Metric metric() const { return m_metric; }
    /// out [n] of normed [n, D], which belong to prompts [n].
    void values(const float *normed, std::span<const int> prompts, float *out) const;
    /// Of one row for each prompt [prompts, D] → [prompts].
    at::Tensor values(const at::Tensor &normed) const;
    /// g [n, D] = how each row's value changes with it. The metric must have a slope.
    void gradients(const float *normed, std::span<const int> prompts, float *g) const;

private:
    /// Columns of the unembedding with the final norm's weights in them: a logit before a soft cap is normed · u + c.
    struct Columns {
        at::Tensor u; // [n, D]
        at::Tensor c; // [n]
        float at(int64_t column, const float *normed) const;
    };
    /// The logits of a prompt's answers: of its right ones, from `first` on, then of its wrong ones.
    struct Of {
        int64_t first = 0;
        int right = 0, wrong = 0;
    };
    /// Probabilities of a prompt's right and wrong answers.
    struct Shares {
        double right = 0, wrong = 0;
    };
    /// Rows on their way through the vocabulary.
    struct Rows {
        int64_t n = 0;
        at::Tensor x;                      ///< [n, D] weighted, then the clean run's
        std::vector<double> log_sum;       ///< [n] log Σ exp of their logits
        at::Tensor prompts;                ///< [n]
        std::vector<double> clean_log_sum; ///< [n] of their prompts' clean rows
    };

    float capped(float logit) const;
    /// d(capped logit) / d(logit).
    float slope(float logit) const;
    float logit(const Of &of, int i, const float *normed) const;
    float logit_difference(const float *normed, int prompt) const;
    void logit_difference_gradient(const float *normed, int prompt, float *g) const;
    float best_answer(const float *normed, int prompt) const;
    /// Log of the answers' summed exponentials of logits.
    double log_sum_of(const float *normed, int prompt, bool right) const;

    Shares answer_shares(const float *normed, int prompt, double log_sum) const;
    double share_value(const float *normed, int prompt, double log_sum) const;

    // readout_vocabulary.cpp: over all tokens
    /// What the unembedding reads: normed rows with the norm's weights, [n, D].
    at::Tensor weighted(const float *normed, int64_t n) const;
    /// work(first token, logits [n, count], columns W [D, count]) for all tokens.
    using Block = std::function<void(int64_t first, const at::Tensor &logits, const at::Tensor &W)>;
    void for_blocks(const at::Tensor &x, const Block &work) const;
    std::vector<double> log_sums(const at::Tensor &x) const;
    Rows rows(const float *normed, std::span<const int> prompts) const;
    at::Tensor clean_probabilities(const Rows &rows, const at::Tensor &clean) const;
    void vocabulary_values(const float *normed, std::span<const int> prompts, float *out) const;
    void vocabulary_gradients(const float *normed, std::span<const int> prompts, float *g) const;
    /// work(first row, its and the following rows' prompts), so many at once as a block of logits has room for.
    static void in_pieces(std::span<const int> prompts,
                          const std::function<void(int64_t first, std::span<const int> prompts)> &work);

    std::shared_ptr<const Model> m_model;
    Metric m_metric = Metric::LogitDiff;
    Answers m_answers;
    std::vector<Of> m_of; ///< [prompts]
    Columns m_columns;
    Columns m_difference; ///< [prompts]: mean of the right ones − mean of the wrong ones
    at::Tensor m_clean;   ///< [prompts, D], weighted
    std::vector<double> m_clean_log_sum;
    float m_cap = 0; ///< of logits; 0: none
};

} // namespace patchbay::detail
