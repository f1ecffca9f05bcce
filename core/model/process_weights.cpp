#include "model/detail/process_weights.h"

#include "block/detail/gemm.h"

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
    if (W.numel() == 0) // without MLPs
        return;
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

void fold_norms(LayerWeights &l, const ModelConfig &config)
{
    const bool centre = config.norm == Norm::LayerNorm;
    if (config.mid_norm) {
        fold_into(l.mid_norm_w, l.mid_norm_b, centre, l.W_out, &l.b_out);
        l.mid_norm_w = l.mid_norm_b = at::Tensor();
    }
    if (!config.pre_norms)
        return;
    fold_into(l.ln1_w, l.ln1_b, centre, l.W_Q, &l.b_Q);
    fold_into(l.ln1_w, l.ln1_b, centre, l.W_K, &l.b_K);
    fold_into(l.ln1_w, l.ln1_b, centre, l.W_V, &l.b_V);
    l.ln1_w = l.ln1_b = at::Tensor();
    if (!config.has_mlp())
        return;
    fold_into(l.ln2_w, l.ln2_b, centre, l.W_in, &l.b_in);
    if (l.W_gate.defined()) {
        if (l.ln2_b.defined() && !l.b_gate.defined())
            l.b_gate = at::zeros_like(l.b_in);
        fold_into(l.ln2_w, l.ln2_b, centre, l.W_gate, &l.b_gate);
    }
    l.ln2_w = l.ln2_b = at::Tensor();
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

// Attention weights sum to one, so a value's bias reaches the output unchanged.
void fold_value_biases(LayerWeights &l, const ModelConfig &config)
{
    const at::Tensor b_V = l.b_V.repeat_interleave(config.kv_group(), 0).flatten(); // [H d]
    l.b_O = plus_product(l.b_O, b_V, l.W_O.reshape({-1, config.d_model}));
    l.b_V = at::zeros_like(l.b_V);
}

/// The same for an unembedding that stays as it is stored.
void process_unembedding(Weights &w, const ModelConfig &config, const Processing &processing)
{
    if (processing.fold_ln) {
        if (w.ln_final_b.defined())
            w.for_columns([&](int64_t first, const at::Tensor &W) { // [D, n]
                at::Tensor bias = w.b_U.narrow(0, first, W.size(1));
                bias.copy_(plus_product(bias, w.ln_final_b, W));
            });
        w.unembed.scale = w.ln_final_w;
        w.unembed.centred = config.final_norm() == Norm::LayerNorm;
        w.ln_final_w = w.ln_final_b = at::Tensor();
    }
    if (processing.center_unembed) {
        std::vector<double> sums(size_t(config.d_model));
        w.for_columns([&](int64_t, const at::Tensor &W) {
            const float *from = W.data_ptr<float>();
            for (int64_t row = 0; row < W.size(0); ++row)
                for (int64_t j = 0; j < W.size(1); ++j)
                    sums[size_t(row)] += from[row * W.size(1) + j];
        });
        for (double &sum : sums)
            sum /= double(w.vocabulary());
        w.unembed.mean = std::move(sums);
        centre_rows(w.b_U);
    }
}

} // namespace

at::Tensor times_plus(const at::Tensor &x, const at::Tensor &W, const at::Tensor &bias)
{
    const int64_t n = x.size(0), D = x.size(1), k = W.size(1);
    at::Tensor out = at::empty({n, k}, at::kFloat);
    out.copy_(bias.expand({n, k})); // of one row, what expand gives is the bias itself, contiguous as it is
    detail::gemm(n, k, D, x.data_ptr<float>(), D, W.data_ptr<float>(), W.stride(0), out.data_ptr<float>(), k, true);
    return out;
}

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

void process_layer(LayerWeights &layer, const ModelConfig &config, const Processing &processing)
{
    if (processing.fold_ln)
        fold_norms(layer, config);
    if (processing.center_writing)
        for (at::Tensor *writer : {&layer.W_O, &layer.b_O, &layer.W_out, &layer.b_out})
            centre_rows(*writer);
    if (processing.fold_value_biases)
        fold_value_biases(layer, config);
}

void process_embedding(at::Tensor &rows, const Processing &processing)
{
    if (processing.center_writing)
        centre_rows(rows);
}

at::Tensor processed_columns(const StoredUnembedding &unembed, const at::Tensor &rows)
{
    at::Tensor W = rows.t().to(at::kFloat, false, true, at::MemoryFormat::Contiguous); // [D, n]
    if (unembed.multiplier != 1)
        W.mul_(unembed.multiplier);
    if (unembed.scale.defined())
        fold_into(unembed.scale, at::Tensor(), unembed.centred, W, nullptr);
    if (!unembed.mean.empty()) {
        const int64_t columns = W.size(1);
        float *w = W.data_ptr<float>();
        at::parallel_for(0, W.size(0), std::max<int64_t>(1, 16384 / columns), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row)
                for (int64_t j = 0; j < columns; ++j)
                    w[row * columns + j] = float(w[row * columns + j] - unembed.mean[size_t(row)]);
        });
    }
    return W;
}

void process_weights(Weights &weights, const ModelConfig &config, const Processing &wanted)
{
    const Processing processing = applied_steps(wanted, config);
    if (weights.stored()) {
        weights.processing = processing;
        process_unembedding(weights, config, processing);
    } else {
        for (LayerWeights &layer : weights.layers)
            process_layer(layer, config, processing);
        process_embedding(weights.W_E, processing);
        if (processing.fold_ln) {
            fold_into(weights.ln_final_w, weights.ln_final_b, config.final_norm() == Norm::LayerNorm, weights.W_U,
                      &weights.b_U);
            weights.ln_final_w = weights.ln_final_b = at::Tensor();
        }
        if (processing.center_unembed) {
            centre_rows(weights.W_U);
            centre_rows(weights.b_U);
        }
    }
    if (weights.W_pos.defined())
        process_embedding(weights.W_pos, processing);
}

} // namespace patchbay
