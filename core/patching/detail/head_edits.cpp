// One head of one prompt with its queries, keys, values, pattern or z changed: only that head's z has to be computed
// again.
#include "patching/detail/wave.h"

#include <cstring>
#include <set>

namespace patchbay::detail {

void Wave::edited_head(const std::vector<Edit> &edits, int layer, int head, int prompt, const HeadRows &from, float *z,
                       int64_t z_stride) const
{
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    const BlockTraits &t = block.traits();
    const int d = t.d_head, last = m_runs.layout().end[size_t(prompt)], n = last - from.kv_first + 1;
    const int64_t S = t.qkv_width();
    const size_t row_bytes = size_t(d) * sizeof(float);
    const float *base = m_base.qkv[size_t(layer)].data_ptr<float>() + m_runs.layout().row(prompt, 0) * S;
    const float *source = m_source.qkv[size_t(layer)].data_ptr<float>() + m_runs.layout().row(prompt, 0) * S;
    const int64_t q_column = t.q_column(head), k_column = t.k_column(head), v_column = t.v_column(head);

    std::vector<float> q(size_t(from.queries) * size_t(d)), k(size_t(n) * size_t(d)), v(size_t(n) * size_t(d)),
        scratch(size_t(last) + 1);
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
                std::memcpy(row,
                            edit.value == Edit::Value::Source ? source + (first + i) * S + column
                                                              : edit.tensor.data_ptr<float>() + at * d,
                            row_bytes);
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
    block.attend(head, q.data(), d, from.queries, from.q_first, keys, 2, z, z_stride, scratch.data());

    for (const Edit &edit : edits) {
        if (edit.head != head || (edit.site != Site::Pattern && edit.site != Site::Z))
            continue;
        if (edit.site == Site::Pattern && edit.value == Edit::Value::Source)
            for (int i = 0; i < n; ++i)
                std::memcpy(k.data() + size_t(i) * size_t(d), source + (from.kv_first + i) * S + k_column, row_bytes);
        const KeyRows other_keys[2] = {{source + k_column, base + v_column, S, from.kv_first},
                                       {k.data(), v.data(), d, n}};
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
                block.attend(head, source + pos * S + q_column, S, 1, pos, other_keys, 2, row, z_stride,
                             scratch.data());
            else
                m_runs.head_z(m_source, layer, head, prompt, pos, pos, row, z_stride);
        }
    }
}

at::Tensor Wave::stream_before(int layer, const std::vector<std::pair<int, int>> &rows,
                               const std::vector<const Segment *> &segments_by_prompt) const
{
    at::Tensor x = m_runs.stream_rows(m_base.resid[size_t(layer)], rows);
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto [prompt, pos] = rows[i];
        if (const Segment *s = segments_by_prompt[size_t(prompt)]; s && pos >= s->first)
            std::memcpy(x.data_ptr<float>() + int64_t(i) * m_D, m_x + (s->row + pos - s->first) * m_D,
                        size_t(m_D) * sizeof(float));
    }
    return x;
}

Edit Wave::materialised(const Edit &edit, const std::vector<const Segment *> &segments_by_prompt) const
{
    const BlockRef held = m_model.block(edit.layer);
    const Block &block = *held;
    const std::vector<std::pair<int, int>> rows = edit.rows->list();
    const int64_t d = m_model.config().d_head, n = int64_t(rows.size());
    at::Tensor x = stream_before(edit.layer, rows, segments_by_prompt);
    kernels().axpy(1.f, edit.tensor.data_ptr<float>(), x.data_ptr<float>(), n * m_D);
    block.attn_norm().apply(x.data_ptr<float>(), x.data_ptr<float>(), n);
    Edit result = edit;
    result.add = false;
    result.tensor = at::empty({n, d}, at::kFloat);
    float *out = result.tensor.data_ptr<float>();
    const int64_t column = block.column(part_of(edit.site), edit.head);
    block.project(x.data_ptr<float>(), m_D, n, column, d, out, d);
    block.turn(out, n, d, column, d, positions_of(rows).data());
    return result;
}

std::vector<Edit> Wave::materialised(Part part, const std::vector<Edit> &edits,
                                     const std::vector<const Segment *> &segments_by_prompt) const
{
    if (edits.empty())
        return {};
    const int layer = edits.front().layer, H = m_model.config().n_heads;
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    const BlockTraits &t = block.traits();
    const std::vector<std::pair<int, int>> rows = rows_normed_together(edits);
    const int64_t n = int64_t(rows.size()), d = t.d_head, width = t.q_width();
    const size_t row_bytes = size_t(d) * sizeof(float);
    const at::Tensor x = stream_before(layer, rows, segments_by_prompt);
    at::Tensor xn = at::empty_like(x),
               now = at::empty({n, width}, at::kFloat); // what every query head has here, keys as copies
    block.attn_norm().apply(x.data_ptr<float>(), xn.data_ptr<float>(), n);
    for (int h = 0; h < H; ++h)
        block.project(xn.data_ptr<float>(), m_D, n, block.column(part, h), d, now.data_ptr<float>() + h * d, width);
    at::Tensor source;
    std::set<int> heads;
    for (const Edit &edit : edits) {
        heads.insert(edit.head);
        at::Tensor value = edit.tensor; // [n, d]
        if (edit.add) {
            at::Tensor changed = x + edit.tensor;
            block.attn_norm().apply(changed.data_ptr<float>(), changed.data_ptr<float>(), n);
            value = at::empty({n, d}, at::kFloat);
            block.project(changed.data_ptr<float>(), m_D, n, block.column(part, edit.head), d, value.data_ptr<float>(),
                          d);
        } else if (edit.value == Edit::Value::Zero) {
            value = at::zeros({n, d}, at::kFloat);
        } else if (edit.value == Edit::Value::Source) {
            if (!source.defined())
                source = m_runs.projected_rows(m_source, layer, rows);
            value = source.narrow(1, block.column(part, edit.head), d).contiguous();
        }
        for (int64_t i = 0; i < n; ++i)
            std::memcpy(now.data_ptr<float>() + i * width + edit.head * d, value.data_ptr<float>() + i * d, row_bytes);
    }
    for (int64_t i = 0; i < n; ++i)
        block.turn_part(part, now.data_ptr<float>() + i * width, H, rows[size_t(i)].second);
    return edits_of_heads(edits.front(), std::move(heads), t, [&](int h) { return now.narrow(1, h * d, d); });
}

} // namespace patchbay::detail
