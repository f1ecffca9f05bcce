// One head of one prompt with its queries, keys, values, pattern or z changed: only that head's z has to be computed again.
#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"
#include "patching/detail/wave.h"

#include <cstring>

namespace patchbay::detail {

void Wave::edited_head(const std::vector<Edit> &edits, int layer, int head, int prompt, const HeadRows &from, float *z, int64_t z_stride) const
{
    const ModelConfig &c = m_model.config();
    const int d = c.d_head, last = m_runs.layout().end[size_t(prompt)], n = last - from.kv_first + 1;
    const int64_t S = m_model.qkv_width();
    const size_t row_bytes = size_t(d) * sizeof(float);
    const float *base = m_base.qkv[size_t(layer)].data_ptr<float>() + m_runs.layout().row(prompt, 0) * S;
    const float *source = m_source.qkv[size_t(layer)].data_ptr<float>() + m_runs.layout().row(prompt, 0) * S;
    const int64_t q_column = m_model.q_column(head), k_column = m_model.k_column(head), v_column = m_model.v_column(head);

    std::vector<float> q(size_t(from.queries) * size_t(d)), k(size_t(n) * size_t(d)), v(size_t(n) * size_t(d)), scratch(size_t(last) + 1);
    for (int i = 0; i < from.queries; ++i)
        std::memcpy(q.data() + size_t(i) * size_t(d), from.q + i * from.q_stride, row_bytes);
    for (int i = 0; i < n; ++i) {
        std::memcpy(k.data() + size_t(i) * size_t(d), from.k + i * from.kv_stride, row_bytes);
        std::memcpy(v.data() + size_t(i) * size_t(d), from.v + i * from.kv_stride, row_bytes);
    }
    const auto replace = [&](const Edit &edit, std::vector<float> &rows, int first, int count, int64_t column) {
        for (int i = 0; i < count; ++i) {
            const int64_t at = edit.rows->find(prompt, first + i);
            if (at < 0)
                continue;
            float *row = rows.data() + size_t(i) * size_t(d);
            if (edit.value == Edit::Value::Zero)
                std::memset(row, 0, row_bytes);
            else
                std::memcpy(row, edit.value == Edit::Value::Source ? source + (first + i) * S + column : edit.tensor.data_ptr<float>() + at * d, row_bytes);
        }
    };
    for (const Edit &edit : edits) {
        if (edit.head != head)
            continue;
        if (edit.site == Site::Q)
            replace(edit, q, from.q_first, from.queries, q_column);
        else if (edit.site == Site::K)
            replace(edit, k, from.kv_first, n, k_column);
        else if (edit.site == Site::V)
            replace(edit, v, from.kv_first, n, v_column);
    }
    const KeyRows keys[2] = {{base + k_column, base + v_column, S, from.kv_first}, {k.data(), v.data(), d, n}};
    kernels().attend(q.data(), d, from.queries, from.q_first, keys, 2, d, m_model.attention_scale(), z, z_stride, scratch.data(), nullptr, 0);

    for (const Edit &edit : edits) {
        if (edit.head != head || (edit.site != Site::Pattern && edit.site != Site::Z))
            continue;
        if (edit.site == Site::Pattern && edit.value == Edit::Value::Source)
            for (int i = 0; i < n; ++i)
                std::memcpy(k.data() + size_t(i) * size_t(d), source + (from.kv_first + i) * S + k_column, row_bytes);
        const KeyRows other_keys[2] = {{source + k_column, base + v_column, S, from.kv_first}, {k.data(), v.data(), d, n}};
        for (int i = 0; i < from.queries; ++i) {
            const int pos = from.q_first + i;
            const int64_t at = edit.rows->find(prompt, pos);
            if (at < 0)
                continue;
            float *row = z + i * z_stride;
            if (edit.value == Edit::Value::Zero)
                std::memset(row, 0, row_bytes);
            else if (edit.value == Edit::Value::Tensor)
                std::memcpy(row, edit.tensor.data_ptr<float>() + at * d, row_bytes);
            else if (edit.site == Site::Pattern)
                kernels().attend(source + pos * S + q_column, S, 1, pos, other_keys, 2, d, m_model.attention_scale(), row, z_stride, scratch.data(),
                                 nullptr, 0);
            else
                m_runs.head_z(m_source, layer, head, prompt, pos, pos, row, z_stride);
        }
    }
}

Edit Wave::materialised(const Edit &edit, const std::vector<const Segment *> &segments_by_prompt) const
{
    const int d = m_model.config().d_head;
    const int64_t S = m_model.qkv_width();
    const std::vector<std::pair<int, int>> rows = edit.rows->list();
    const int64_t n = int64_t(rows.size());
    at::Tensor x = at::empty({n, m_D}, at::kFloat);
    for (int64_t i = 0; i < n; ++i) {
        const auto [prompt, pos] = rows[size_t(i)];
        const Segment *s = segments_by_prompt[size_t(prompt)];
        const float *from = s && pos >= s->first ? m_x + (s->row + pos - s->first) * m_D
                                                 : m_base.resid[size_t(edit.layer)].data_ptr<float>() + m_runs.layout().row(prompt, pos) * m_D;
        std::memcpy(x.data_ptr<float>() + i * m_D, from, size_t(m_D) * sizeof(float));
    }
    kernels().axpy(1.f, edit.tensor.data_ptr<float>(), x.data_ptr<float>(), n * m_D);
    m_model.norm(x.data_ptr<float>(), x.data_ptr<float>(), n);
    const int64_t column = edit.site == Site::Q   ? m_model.q_column(edit.head)
                           : edit.site == Site::K ? m_model.k_column(edit.head)
                                                  : m_model.v_column(edit.head);
    Edit result = edit;
    result.add = false;
    result.tensor = at::empty({n, d}, at::kFloat);
    float *out = result.tensor.data_ptr<float>();
    gemm(n, d, m_D, x.data_ptr<float>(), m_D, m_model.layer(edit.layer).W_qkv.data_ptr<float>() + column, S, out, d);
    kernels().add_bias(out, m_model.layer(edit.layer).b_qkv.data_ptr<float>() + column, n, d, d);
    if (edit.site != Site::V)
        for (int64_t i = 0; i < n; ++i)
            m_model.rotate(out + i * d, rows[size_t(i)].second);
    return result;
}

} // namespace patchbay::detail
