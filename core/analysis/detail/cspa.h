// Copy-suppression-preserving ablation: how much of what heads do is explained by suppressing tokens that were seen
// before and that the stream predicts already.
//
// Every pass over the vocabulary is one over blocks of its columns, with all heads inside: the unembedding is what
// costs. A head's change of the logits is linear in its z (d_head numbers a row, not d_model), so W_O W_U is multiplied
// out once a block for all rows; what cspa adds are multiples of few rows of W_Uᵀ W_U, those of the texts' own tokens.
// Threads share out a layer's heads and rows, and meet once a layer and block: with a meeting for each product they
// spent, on a busy machine, most of their time waiting for one another.
#pragma once

#include "analysis/detail/texts.h"
#include "base/cancel.h"
#include "patching/detail/prompt_groups.h"

#include <ATen/ATen.h>

#include <functional>
#include <map>
#include <vector>

namespace patchbay::detail {

/// A source that a head suppresses at one query: what it then writes along û, W_U of the source's token at length 1.
struct Suppressed {
    int source = 0;  ///< position in the text
    int token = 0;   ///< row of the group's list of different tokens
    float along = 0; ///< A[q, k] min(0, (o_k − r̄[q]) · û_k), < 0
};

class Cspa {
public:
    /// Sums over the positions of one text, one a head.
    struct TextSums {
        std::vector<double> kl, kl_ablated; // [heads]
        int64_t positions = 0;
    };

    /// heads: in the order of their layers. top_percent: of the sources of each query, those that are predicted most.
    Cspa(const EngineModel &model, std::vector<Head> heads, double top_percent, std::vector<int64_t> function);

    /// Adds a group of texts that means are taken over.
    void add_mean(const BatchRuns &runs);

    /// Every text of a group, in its order; more hears the share that is done, and throws to stop. Positions that no
    /// mean text reaches are left out.
    std::vector<TextSums> measure(const BatchRuns &runs, const std::function<void(double)> &more);
    /// One source that a head suppresses at one position of a text.
    struct Lowered {
        int query = 0, source = 0;
        float by = 0; ///< change of the logit of the source's token, < 0
    };
    /// Of a text of the group that was measured last: by how much the head lowers the logit of the source's token by
    /// what it writes along û (where blocks norm their output: before that norm).
    std::vector<Lowered> suppressed(int text, size_t head) const;
    /// Bytes that measuring a row takes beside its cached run.
    size_t bytes_per_row() const;

private:
    struct Layer { ///< the heads of one layer; h of them, d numbers each
        int layer = 0, h = 0;
        size_t first = 0;        ///< of m_heads
        at::Tensor W_O;          // [h d, D]
        std::vector<double> sum; // [T, h d] of z, over the mean texts
        at::Tensor mean;         // [T, h d]
        // Of the group:
        at::Tensor change;                                       // [R, h d]: z̄ − z, over the final norm's scale
        at::Tensor linear;                                       // [R, h d]: what the mean logit changes by with it
        at::Tensor head_sum, normed_sum;                         // [R, D], post norm only: of all the layer's heads
        std::vector<std::vector<std::vector<Suppressed>>> found; ///< [h][row]
    };
    struct Columns { ///< a block of the unembedding as the bare final norm's output is multiplied with it
        int64_t first, count;
        at::Tensor W, b; // [D, count], [count]
        int64_t stride() const { return W.stride(0); }
    };

    bool post_norm() const { return m_config.post_norms; }
    at::Tensor z_of(const BatchRuns &runs, const Layer &layer) const;
    void prepare(const BatchRuns &runs);
    void prepare_layer(const BatchRuns &runs, Layer &layer);
    void find_sources(const BatchRuns &runs, Layer &layer, int text);
    std::vector<std::vector<int>> kept_sources(const float *predicted, const TokenRow &tokens) const;
    void for_columns(const std::function<void(const Columns &)> &work) const;
    /// Of the group's rows, shared out to the threads.
    void for_pieces(const std::function<void(int64_t first, int64_t count)> &work) const;
    static constexpr int64_t rows_at_once = 128; ///< of a task: their logits take some MB with a block of columns
    void clean_logits(const Columns &columns);
    /// Their probabilities; times: also how a soft-capped logit changes with what is capped.
    void clean_weights(bool times_slope);
    void measure_block(const Columns &columns);
    void measure_rows(const Layer &layer, int head, int64_t first, int64_t count, const Columns &columns,
                      const float *base, Buffer &buffer);
    void measure_rows_behind_norm(const Layer &layer, int head, int64_t first, int64_t count, const Columns &columns,
                                  bool cspa, Buffer &buffer);
    void add_row(int mode, size_t head, int64_t row, const float *change, float shift, int64_t columns);
    bool reached(int64_t row) const { return m_position[size_t(row)] < int(m_reached.size()); }

    const EngineModel &m_model;
    const ModelConfig &m_config;
    std::vector<Head> m_heads;
    double m_share;
    std::vector<int64_t> m_function;
    std::vector<Layer> m_layers;
    std::vector<int64_t> m_reached; ///< [T] mean texts that reach a position

    // Of the group being measured: R rows, U different tokens.
    int64_t m_rows = 0;
    std::vector<int64_t> m_first_row; ///< [texts]
    std::vector<TokenRow> m_tokens;   ///< [texts]
    std::vector<int> m_position;      ///< [R]
    std::map<int64_t, int> m_index;   ///< token → row of these:
    at::Tensor m_columns, m_unit;     // [U, D]: W_U of these tokens, and at length 1
    at::Tensor m_scale, m_normed;     // [R], [R, D] of the final stream
    at::Tensor m_log_sum;             // [R] of the clean logits
    at::Tensor m_pull;                // [R, D] how the mean logit (by probability) changes with the normed stream
    std::vector<double> m_sums;       ///< [heads, 2 (ablated, cspa), R, 2 (Kernels::excess)]
    // Of one block of columns besides.
    at::Tensor m_raw, m_clean, m_weights; // [R, columns]: logits before a soft cap and after, probabilities
    at::Tensor m_gram;                    // [U, columns]
    Buffer m_base;
};

} // namespace patchbay::detail
