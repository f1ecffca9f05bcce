#include "model/detail/process_weights.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>

namespace patchbay {

// All sums are in double precision and in an order of their own, so that neither their length nor the instructions that
// a library picks for a processor shows in the weights: each number is rounded to float32 once a step. Nothing is as
// large as a matrix.
namespace {

constexpr int64_t kBlock = 256; // columns whose sums stay in the first-level cache
using Sums = std::array<double, kBlock>;

/// Calls work(matrix, first, last) for blocks of columns of all matrices in W [.., rows, columns]; they go in parallel.
template <class Work>
void for_column_blocks(const at::Tensor &W, Work work)
{
    const int64_t columns = W.size(-1), blocks = (columns + kBlock - 1) / kBlock,
                  matrices = W.numel() / (W.size(-2) * columns);
    at::parallel_for(0, matrices * blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            work(i / blocks, i % blocks * kBlock, std::min(i % blocks * kBlock + kBlock, columns));
    });
}

/// sums[j] += row W, of the columns from first to last.
void add_product(const float *row, const float *W, int64_t rows, int64_t columns, int64_t first, int64_t last,
                 Sums &sums)
{
    for (int64_t i = 0; i < rows; ++i) {
        const double factor = row[i];
        for (int64_t j = first; j < last; ++j)
            sums[size_t(j - first)] += factor * double(W[i * columns + j]);
    }
}

/// Moves a norm's weight and bias into what reads the normalised residual stream: W [.., D, k] with the bias b [.., k].
void fold_into(const at::Tensor &ln_w, const at::Tensor &ln_b, bool centre, at::Tensor &W, at::Tensor *b)
{
    if (ln_b.defined() && b)
        *b = plus_product(*b, ln_b, W);
    W = W.contiguous();
    const int64_t rows = W.size(-2), columns = W.size(-1);
    const float *scale = ln_w.data_ptr<float>();
    float *all = W.data_ptr<float>();
    for_column_blocks(W, [&](int64_t matrix, int64_t first, int64_t last) {
        float *w = all + matrix * rows * columns;
        // What LayerNorm hands over has mean zero, so a constant along d_model reads nothing.
        Sums mean{};
        if (centre) {
            add_product(scale, w, rows, columns, first, last, mean);
            for (double &sum : mean)
                sum /= double(rows);
        }
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = first; j < last; ++j)
                w[i * columns + j] = float(double(scale[i]) * double(w[i * columns + j]) - mean[size_t(j - first)]);
    });
}

void fold_norms(Weights &w, const ModelConfig &config)
{
    const bool centre = config.norm == Norm::LayerNorm;
    for (LayerWeights &l : w.layers) {
        if (!config.pre_norms)
            break;
        fold_into(l.ln1_w, l.ln1_b, centre, l.W_Q, &l.b_Q);
        fold_into(l.ln1_w, l.ln1_b, centre, l.W_K, &l.b_K);
        fold_into(l.ln1_w, l.ln1_b, centre, l.W_V, &l.b_V);
        l.ln1_w = l.ln1_b = at::Tensor();
        // A gated MLP has no bias before its product that could take up the norm's.
        if (l.W_gate.defined() && l.ln2_b.defined())
            continue;
        fold_into(l.ln2_w, l.ln2_b, centre, l.W_in, &l.b_in);
        if (l.W_gate.defined())
            fold_into(l.ln2_w, l.ln2_b, centre, l.W_gate, nullptr);
        l.ln2_w = l.ln2_b = at::Tensor();
    }
    fold_into(w.ln_final_w, w.ln_final_b, centre, w.W_U, &w.b_U);
    w.ln_final_w = w.ln_final_b = at::Tensor();
}

/// Takes the mean off each row of W [.., columns].
void centre_rows(at::Tensor &W)
{
    if (!W.defined())
        return;
    W = W.contiguous();
    const int64_t columns = W.size(-1), rows = W.numel() / columns;
    float *w = W.data_ptr<float>();
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / columns), [&](int64_t begin, int64_t end) {
        for (float *row = w + begin * columns; row < w + end * columns; row += columns) {
            double sum = 0;
            for (int64_t j = 0; j < columns; ++j)
                sum += row[j];
            const double mean = sum / double(columns);
            for (int64_t j = 0; j < columns; ++j)
                row[j] = float(row[j] - mean);
        }
    });
}

void centre_writing(Weights &w)
{
    centre_rows(w.W_E);
    centre_rows(w.W_pos);
    for (LayerWeights &l : w.layers)
        for (at::Tensor *writer : {&l.W_O, &l.b_O, &l.W_out, &l.b_out})
            centre_rows(*writer);
}

// Attention weights sum to one, so a value's bias reaches the output unchanged.
void fold_value_biases(Weights &w, const ModelConfig &config)
{
    for (LayerWeights &l : w.layers) {
        const at::Tensor b_V = l.b_V.repeat_interleave(config.kv_group(), 0).flatten(); // [H d]
        l.b_O = plus_product(l.b_O, b_V, l.W_O.reshape({-1, config.d_model}));
        l.b_V.zero_();
    }
}

} // namespace

at::Tensor plus_product(const at::Tensor &bias, const at::Tensor &row, const at::Tensor &W)
{
    const at::Tensor from = row.contiguous(), matrices = W.contiguous();
    at::Tensor out = bias.clone(at::MemoryFormat::Contiguous);
    const int64_t rows = W.size(-2), columns = W.size(-1);
    const float *factors = from.data_ptr<float>(), *all = matrices.data_ptr<float>();
    float *result = out.data_ptr<float>();
    for_column_blocks(matrices, [&](int64_t matrix, int64_t first, int64_t last) {
        Sums sums{};
        add_product(factors, all + matrix * rows * columns, rows, columns, first, last, sums);
        for (int64_t j = first; j < last; ++j) {
            float &value = result[matrix * columns + j];
            value = float(double(value) + sums[size_t(j - first)]);
        }
    });
    return out;
}

void process_weights(Weights &weights, const ModelConfig &config, const Processing &processing)
{
    if (processing.fold_ln)
        fold_norms(weights, config);
    // RMSNorm does not subtract the mean, so there it must stay; so it must where the stream itself is read, or where a
    // post norm writes to it.
    if (processing.center_writing && config.norm == Norm::LayerNorm && config.pre_norms && !config.post_norms)
        centre_writing(weights);
    if (processing.center_unembed) {
        centre_rows(weights.W_U);
        centre_rows(weights.b_U);
    }
    // What is cut off is not the sum of its parts.
    if (processing.fold_value_biases && config.clip_qkv == 0)
        fold_value_biases(weights, config);
}

} // namespace patchbay
