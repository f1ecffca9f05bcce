// The passes over the vocabulary: KL divergence of the clean distribution from those with a head's output replaced.
//
// With p the clean probabilities and x what the logits change by, KL(clean ‖ new) = log Σ p e^x − Σ p x, and the same
// number may be added to all x. Taken off is about Σ p x: then the sums of Kernels::excess are small together and say
// the divergence to rounding, however small it is.
#include "analysis/detail/cspa.h"

#include "block/detail/gemm.h"

#include <cmath>

namespace patchbay::detail {

namespace {

enum Mode { Ablated, Kept };

} // namespace

void Cspa::add_row(int mode, size_t head, int64_t row, const float *change, float shift, int64_t columns)
{
    const float *p = m_weights.data_ptr<float>() + row * columns;
    std::vector<float> capped;
    if (const auto cap = float(m_config.logit_cap); cap > 0) {
        capped.resize(size_t(columns));
        const float *raw = m_raw.data_ptr<float>() + row * columns, *clean = m_clean.data_ptr<float>() + row * columns;
        for (int64_t v = 0; v < columns; ++v)
            capped[size_t(v)] = cap * std::tanh((raw[v] + change[v]) / cap) - clean[v];
        change = capped.data();
    }
    double sums[2] = {0, 0};
    if (!(kernels().excess(p, change, shift, columns, sums) <= excess_limit)) {
        sums[0] = sums[1] = 0;
        for (int64_t v = 0; v < columns; ++v) {
            const double y = double(change[v]) - double(shift);
            sums[0] += double(p[v]) * (std::expm1(y) - y);
            sums[1] += double(p[v]) * y;
        }
    }
    double *into = m_sums.data() + ((head * 2 + size_t(mode)) * size_t(m_rows) + size_t(row)) * 2;
    into[0] += sums[0];
    into[1] += sums[1];
}

void Cspa::measure_rows(const Layer &layer, int head, int64_t first, int64_t count, const Columns &columns,
                        const float *base, Buffer &buffer)
{
    const int64_t C = columns.count, D = m_config.d_model, d = m_config.d_head, hd = layer.W_O.size(0);
    const float *change = layer.change.data_ptr<float>() + head * d,
                *linear = layer.linear.data_ptr<float>() + head * d;
    float *block = buffer.floats(count * C);
    gemm(count, C, d, change + first * hd, hd, base + head * d * C, C, block, C);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = first + i;
        if (!reached(row))
            continue;
        float shift = kernels().dot(change + row * hd, linear + row * hd, d);
        const size_t of = layer.first + size_t(head);
        add_row(Ablated, of, row, block + i * C, shift, C);
        for (const Suppressed &one : layer.found[size_t(head)][size_t(row)]) {
            const float f = one.along / m_scale.data_ptr<float>()[row];
            kernels().axpy(f, m_gram.data_ptr<float>() + one.token * C, block + i * C, C);
            shift += f * kernels().dot(m_unit.data_ptr<float>() + one.token * D, m_pull.data_ptr<float>() + row * D, D);
        }
        if (!layer.found[size_t(head)][size_t(row)].empty()) // otherwise it is the same
            add_row(Kept, of, row, block + i * C, shift, C);
    }
}

void Cspa::measure_rows_behind_norm(const Layer &layer, int head, int64_t first, int64_t count, const Columns &columns,
                                    bool cspa, Buffer &buffer)
{
    const int64_t C = columns.count, D = m_config.d_model, d = m_config.d_head, hd = layer.W_O.size(0);
    float *stream = buffer.floats(count * (D + C)), *block = stream + count * D;
    gemm(count, D, d, layer.change.data_ptr<float>() + first * hd + head * d, hd,
         layer.W_O.data_ptr<float>() + head * d * D, D, stream, D); // what the head writes instead, less what it wrote
    const auto &kept = layer.found[size_t(head)];
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = first + i;
        kernels().axpy(1.f, layer.head_sum.data_ptr<float>() + row * D, stream + i * D, D);
        if (cspa)
            for (const Suppressed &one : kept[size_t(row)])
                kernels().axpy(one.along, m_unit.data_ptr<float>() + one.token * D, stream + i * D, D);
    }
    m_model.block(layer.layer)->attn_post().apply(stream, stream, count);
    for (int64_t i = 0; i < count; ++i) {
        const float inverse = 1.f / m_scale.data_ptr<float>()[first + i];
        kernels().blend(stream + i * D, inverse, layer.normed_sum.data_ptr<float>() + (first + i) * D, -inverse, D);
    }
    gemm(count, C, D, stream, D, columns.W.data_ptr<float>(), columns.stride(), block, C);
    for (int64_t i = 0; i < count; ++i)
        if (reached(first + i) && (!cspa || !kept[size_t(first + i)].empty()))
            add_row(cspa ? Kept : Ablated, layer.first + size_t(head), first + i, block + i * C,
                    kernels().dot(stream + i * D, m_pull.data_ptr<float>() + (first + i) * D, D), C);
}

void Cspa::measure_block(const Columns &columns)
{
    const int64_t C = columns.count, D = m_config.d_model, U = m_unit.size(0);
    clean_logits(columns);
    clean_weights(false);
    if (!post_norm()) {
        m_gram = at::empty({U, C}, at::kFloat);
        gemm(U, C, D, m_unit.data_ptr<float>(), D, columns.W.data_ptr<float>(), columns.stride(),
             m_gram.data_ptr<float>(), C);
    }
    for (const Layer &layer : m_layers) {
        const int64_t hd = layer.W_O.size(0);
        float *base = post_norm() ? nullptr : m_base.floats(hd * C);
        if (base)
            parallel_tasks(layer.h, [&](int64_t head, Buffer &) {
                const int64_t first = head * m_config.d_head;
                gemm(m_config.d_head, C, D, layer.W_O.data_ptr<float>() + first * D, D, columns.W.data_ptr<float>(),
                     columns.stride(), base + first * C, C);
            });
        const int64_t pieces = (m_rows + rows_at_once - 1) / rows_at_once;
        parallel_tasks(layer.h * pieces, [&](int64_t i, Buffer &buffer) {
            const int head = int(i / pieces);
            const int64_t first = i % pieces * rows_at_once, count = std::min(rows_at_once, m_rows - first);
            if (base) {
                measure_rows(layer, head, first, count, columns, base, buffer);
                return;
            }
            for (const bool cspa : {false, true})
                measure_rows_behind_norm(layer, head, first, count, columns, cspa, buffer);
        });
    }
}

std::vector<Cspa::TextSums> Cspa::measure(const BatchRuns &runs, const std::function<void(double)> &more)
{
    prepare(runs);
    const auto vocabulary = double(m_config.d_vocab);
    for_columns([&](const Columns &columns) {
        measure_block(columns);
        more(double(columns.first + columns.count) / vocabulary);
    });
    const auto divergence = [&](size_t head, int mode, int64_t row) {
        const double *sums = m_sums.data() + ((head * 2 + size_t(mode)) * size_t(m_rows) + size_t(row)) * 2;
        return std::log1p(sums[0] + sums[1]) - sums[1];
    };
    std::vector<TextSums> out;
    for (size_t text = 0; text < m_tokens.size(); ++text) {
        TextSums sums{std::vector<double>(m_heads.size()), std::vector<double>(m_heads.size()), 0};
        const int64_t first = m_first_row[text], end = first + int64_t(m_tokens[text].size());
        for (int64_t row = first; row < end; ++row)
            sums.positions += reached(row);
        for (const Layer &layer : m_layers)
            for (size_t h = 0; h < size_t(layer.h); ++h)
                for (int64_t row = first; row < end && reached(row); ++row) {
                    const size_t head = layer.first + h;
                    sums.kl_ablated[head] += divergence(head, Ablated, row);
                    sums.kl[head] += divergence(head, layer.found[h][size_t(row)].empty() ? Ablated : Kept, row);
                }
        out.push_back(std::move(sums));
    }
    return out;
}

} // namespace patchbay::detail
