// What is prepared once for a group of texts: the clean run's logits, what heads write instead, which sources count.
#include "analysis/detail/cspa.h"

#include "analysis/detail/readings.h"
#include "block/detail/gemm.h"
#include "model/detail/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace patchbay::detail {

namespace {

constexpr double alike = 1e-6; ///< predictions this near the last that counts do so too

at::Tensor rows_at(const at::Tensor &table, const std::vector<int64_t> &indices)
{
    return table.index_select(0, at::tensor(indices, at::kLong)).contiguous();
}

} // namespace

Cspa::Cspa(const EngineModel &model, std::vector<Head> heads, double top_percent, std::vector<int64_t> function)
    : m_model(model), m_config(model.config()), m_heads(std::move(heads)), m_share(top_percent / 100),
      m_function(std::move(function))
{
    std::sort(m_heads.begin(), m_heads.end());
    const int64_t d = m_config.d_head, D = m_config.d_model;
    for (size_t i = 0; i < m_heads.size(); ++i) {
        if (m_layers.empty() || m_layers.back().layer != m_heads[i].layer) {
            Layer layer;
            layer.layer = m_heads[i].layer;
            layer.first = i;
            m_layers.push_back(std::move(layer));
        }
        ++m_layers.back().h;
    }
    for (Layer &layer : m_layers) {
        const at::Tensor W_O = m_model.block(layer.layer)->W_O().view({m_config.n_heads, d, D});
        std::vector<int64_t> chosen;
        for (int i = 0; i < layer.h; ++i)
            chosen.push_back(m_heads[layer.first + size_t(i)].head);
        layer.W_O = rows_at(W_O, chosen).view({layer.h * d, D});
    }
}

size_t Cspa::bytes_per_row() const
{
    const size_t hd = m_heads.size() * size_t(m_config.d_head), D = size_t(m_config.d_model);
    return sizeof(float) * (4 * size_t(Weights::columns_at_once) + 2 * hd + 4 * D)
        + (post_norm() ? 2 * sizeof(float) * D * m_layers.size() : 0)
        + m_heads.size() * (4 * sizeof(double) + sizeof(std::vector<Suppressed>) + 4 * sizeof(Suppressed));
}

at::Tensor Cspa::z_of(const BatchRuns &runs, const Layer &layer) const
{
    const BatchLayout &layout = runs.layout();
    const int64_t d = m_config.d_head, hd = layer.h * d;
    at::Tensor z = at::empty({layout.rows, hd}, at::kFloat);
    float *out = z.data_ptr<float>();
    parallel_rows(int64_t(layout.prompts) * layer.h, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int text = int(i / layer.h), h = int(i % layer.h);
            runs.head_z(runs.run(false), layer.layer, m_heads[layer.first + size_t(h)].head, text, 0,
                        layout.end[size_t(text)], out + layout.row(text, 0) * hd + h * d, hd);
        }
    });
    return z;
}

void Cspa::add_mean(const BatchRuns &runs)
{
    const BatchLayout &layout = runs.layout();
    const std::vector<int64_t> reached = layout.reached().ints();
    m_reached.resize(std::max(m_reached.size(), reached.size()));
    for (size_t pos = 0; pos < reached.size(); ++pos)
        m_reached[pos] += reached[pos];
    for (Layer &layer : m_layers) {
        const at::Tensor z = z_of(runs, layer); // [R, h d]
        const auto width = size_t(z.size(1));
        layer.sum.resize(m_reached.size() * width);
        for (int64_t row = 0; row < layout.rows; ++row)
            for (size_t i = 0; i < width; ++i)
                layer.sum[size_t(layout.position[size_t(row)]) * width + i] +=
                    double(z.data_ptr<float>()[size_t(row) * width + i]);
        layer.mean = at::empty({int64_t(m_reached.size()), int64_t(width)}, at::kFloat);
        for (size_t i = 0; i < layer.sum.size(); ++i)
            layer.mean.data_ptr<float>()[i] = float(layer.sum[i] / double(m_reached[i / width]));
    }
}

void Cspa::for_columns(const std::function<void(const Columns &)> &work) const
{
    const Weights &w = m_model.model().weights();
    w.for_columns([&](int64_t first, const at::Tensor &W) {
        Columns columns{first, W.size(1), W, w.b_U.slice(0, first, first + W.size(1))};
        if (w.ln_final_b.defined())
            columns.b = columns.b + at::matmul(w.ln_final_b, W);
        if (w.ln_final_w.defined())
            columns.W = columns.W * w.ln_final_w.unsqueeze(1);
        if (m_config.final_norm() == Norm::LayerNorm) // so that what is not centred does not matter
            columns.W = columns.W - columns.W.mean(0, true);
        columns.b = columns.b.contiguous();
        work(columns);
    });
}

void Cspa::for_pieces(const std::function<void(int64_t first, int64_t count)> &work) const
{
    parallel_tasks((m_rows + rows_at_once - 1) / rows_at_once, [&](int64_t i, Buffer &) {
        const int64_t first = i * rows_at_once;
        work(first, std::min(rows_at_once, m_rows - first));
    });
}

void Cspa::clean_logits(const Columns &columns)
{
    const int64_t D = m_config.d_model, C = columns.count;
    m_raw = columns.b.expand({m_rows, C}).clone(); // [R, columns]
    for_pieces([&](int64_t first, int64_t count) {
        gemm(count, C, D, m_normed.data_ptr<float>() + first * D, D, columns.W.data_ptr<float>(), columns.stride(),
             m_raw.data_ptr<float>() + first * C, C, true);
    });
    const double cap = m_config.logit_cap;
    m_clean = cap > 0 ? cap * at::tanh(m_raw / cap) : m_raw;
}

void Cspa::clean_weights(bool times_slope)
{
    m_weights = at::exp(m_clean - m_log_sum.unsqueeze(1));
    if (const double cap = m_config.logit_cap; times_slope && cap > 0)
        m_weights = m_weights * (1 - (m_clean / cap).pow(2));
}

void Cspa::prepare(const BatchRuns &runs)
{
    const BatchLayout &layout = runs.layout();
    const int64_t D = m_config.d_model;
    m_rows = layout.rows;
    m_first_row = layout.offset;
    m_position = layout.position;
    m_tokens.clear();
    std::set<int64_t> different;
    for (int text = 0; text < layout.prompts; ++text) {
        m_tokens.emplace_back();
        for (int pos = 0; pos <= layout.end[size_t(text)]; ++pos)
            m_tokens.back().push_back(runs.batch().at(false, text, pos));
        different.insert(m_tokens.back().begin(), m_tokens.back().end());
    }
    const std::vector<int64_t> ids(different.begin(), different.end());
    m_index.clear();
    for (size_t i = 0; i < ids.size(); ++i)
        m_index[ids[i]] = int(i);
    m_columns = m_model.model().weights().unembedding(at::tensor(ids, at::kLong)).t().contiguous(); // [U, D]
    m_unit = m_columns / m_columns.norm(2, 1, true).clamp_min(std::numeric_limits<float>::min());

    const at::Tensor &last = runs.run(false).resid.back(); // [R, D]
    m_scale = norm_scale(last, m_config).contiguous();
    m_normed = at::empty_like(last);
    m_model.final_norm().apply(last.data_ptr<float>(), m_normed.data_ptr<float>(), m_rows);
    m_log_sum = at::full({m_rows}, -std::numeric_limits<float>::infinity());
    for_columns([&](const Columns &columns) {
        clean_logits(columns);
        m_log_sum = at::logaddexp(m_log_sum, at::logsumexp(m_clean, 1));
    });
    m_pull = at::zeros({m_rows, D}, at::kFloat);
    for_columns([&](const Columns &columns) {
        clean_logits(columns);
        clean_weights(true);
        for_pieces([&](int64_t first, int64_t count) {
            gemm_bt(count, D, columns.count, m_weights.data_ptr<float>() + first * columns.count, columns.count,
                    columns.W.data_ptr<float>(), columns.stride(), m_pull.data_ptr<float>() + first * D, D, true);
        });
    });
    m_sums.assign(m_heads.size() * 2 * size_t(m_rows) * 2, 0);
    for (Layer &layer : m_layers)
        prepare_layer(runs, layer);
}

void Cspa::prepare_layer(const BatchRuns &runs, Layer &layer)
{
    const int64_t D = m_config.d_model, hd = layer.W_O.size(0);
    std::vector<int64_t> positions; // where there is no mean, the row does not count
    for (const int pos : m_position)
        positions.push_back(std::min<int64_t>(pos, int64_t(m_reached.size()) - 1));
    layer.change = rows_at(layer.mean, positions) - z_of(runs, layer);
    if (post_norm()) {
        std::vector<std::pair<int, int>> rows;
        for (int text = 0; text < runs.layout().prompts; ++text)
            for (int pos = 0; pos <= runs.layout().end[size_t(text)]; ++pos)
                rows.emplace_back(text, pos);
        layer.head_sum = runs.head_sum_rows(runs.run(false), layer.layer, rows);
        layer.normed_sum = at::empty_like(layer.head_sum);
        m_model.block(layer.layer)
            ->attn_post()
            .apply(layer.head_sum.data_ptr<float>(), layer.normed_sum.data_ptr<float>(), m_rows);
    } else {
        layer.change = layer.change / m_scale.unsqueeze(1);
        layer.linear = at::empty({m_rows, hd}, at::kFloat);
        gemm_bt(m_rows, hd, D, m_pull.data_ptr<float>(), D, layer.W_O.data_ptr<float>(), D,
                layer.linear.data_ptr<float>(), hd);
    }
    layer.found.assign(size_t(layer.h), {});
    for (auto &rows : layer.found)
        rows.resize(size_t(m_rows));
    for (int text = 0; text < int(m_tokens.size()); ++text)
        find_sources(runs, layer, text);
}

std::vector<std::vector<int>> Cspa::kept_sources(const float *predicted, const TokenRow &tokens) const
{
    const int T = int(tokens.size());
    std::vector<int> candidates;
    std::vector<bool> first;
    std::set<int64_t> seen;
    std::vector<std::vector<int>> kept(tokens.size());
    for (int q = 0; q < T; ++q) {
        if (!std::binary_search(m_function.begin(), m_function.end(), tokens[size_t(q)])) {
            candidates.push_back(q);
            first.push_back(seen.insert(tokens[size_t(q)]).second);
        }
        std::vector<double> values; // one a token
        for (size_t i = 0; i < candidates.size(); ++i)
            if (first[i])
                values.push_back(double(predicted[int64_t(q) * T + candidates[i]]));
        const auto count = size_t(std::ceil(m_share * (q + 1) - 1e-9));
        double threshold = -std::numeric_limits<double>::infinity();
        if (count > 0 && count <= values.size()) {
            std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(count) - 1, values.end(),
                             std::greater<>());
            threshold = values[count - 1] - alike;
        }
        for (const int k : candidates)
            if (count > 0 && double(predicted[int64_t(q) * T + k]) >= threshold)
                kept[size_t(q)].push_back(k);
    }
    return kept;
}

void Cspa::find_sources(const BatchRuns &runs, Layer &layer, int text)
{
    const TokenRow &tokens = m_tokens[size_t(text)];
    const int64_t T = int64_t(tokens.size()), D = m_config.d_model, d = m_config.d_head, hd = layer.W_O.size(0);
    const int64_t row = m_first_row[size_t(text)];
    std::vector<int64_t> own;
    for (const int64_t id : tokens)
        own.push_back(m_index.at(id));
    const at::Tensor columns = rows_at(m_columns, own), unit = rows_at(m_unit, own); // [T, D]
    const at::Tensor before = (runs.run(false).resid[size_t(layer.layer)].slice(0, row, row + T)
                               / m_scale.slice(0, row, row + T).unsqueeze(1))
                                  .contiguous();
    at::Tensor predicted = at::empty({T, T}, at::kFloat), read = at::empty({T, hd}, at::kFloat);
    gemm_bt(T, T, D, before.data_ptr<float>(), D, columns.data_ptr<float>(), D, predicted.data_ptr<float>(), T);
    // What of a head's z at a source goes along its û: z W_O · û = z · (W_O û).
    gemm_bt(T, hd, D, unit.data_ptr<float>(), D, layer.W_O.data_ptr<float>(), D, read.data_ptr<float>(), hd);
    const std::vector<std::vector<int>> kept = kept_sources(predicted.data_ptr<float>(), tokens);
    const BlockTraits &t = m_model.traits();
    const float *qkv = runs.run(false).qkv[size_t(layer.layer)].data_ptr<float>() + row * t.qkv_width();
    parallel_rows(layer.h, 1, [&](int64_t begin, int64_t end) {
        for (int64_t h = begin; h < end; ++h) {
            const int head = m_heads[layer.first + size_t(h)].head;
            const std::vector<float> pattern = runs.pattern(runs.run(false), layer.layer, head, text); // [T, T]
            const auto along = [&](const float *z, int k) {
                return kernels().dot(z, read.data_ptr<float>() + k * hd + h * d, d);
            };
            std::vector<float> writes(tokens.size());
            for (int k = 0; k < int(T); ++k)
                writes[size_t(k)] = along(qkv + k * t.qkv_width() + t.v_column(head), k);
            for (int q = 0; q < int(T) && q < int(m_reached.size()); ++q)
                for (const int k : kept[size_t(q)]) {
                    const float usual = along(layer.mean.data_ptr<float>() + q * hd + h * d, k);
                    const float moved =
                        pattern[size_t(q) * size_t(T) + size_t(k)] * std::min(0.f, writes[size_t(k)] - usual);
                    if (moved < 0)
                        layer.found[size_t(h)][size_t(row + q)].push_back({k, int(own[size_t(k)]), moved});
                }
        }
    });
}

std::vector<Cspa::Lowered> Cspa::suppressed(int text, size_t head) const
{
    std::vector<Lowered> out;
    const Layer &layer = *std::find_if(m_layers.begin(), m_layers.end(), [&](const Layer &one) {
        return head >= one.first && head < one.first + size_t(one.h);
    });
    const at::Tensor lengths = m_columns.norm(2, 1).contiguous(); // [U]
    for (size_t q = 0; q < m_tokens[size_t(text)].size(); ++q) {
        const size_t row = size_t(m_first_row[size_t(text)]) + q;
        for (const Suppressed &one : layer.found[head - layer.first][row])
            out.push_back({int(q), one.source,
                           one.along * lengths.data_ptr<float>()[one.token] / m_scale.data_ptr<float>()[row]});
    }
    return out;
}

} // namespace patchbay::detail
