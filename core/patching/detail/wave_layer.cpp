// One layer over rows that are already changed: block by block, so that buffers stay small and a cancel is answered
// quickly.
#include "patching/detail/wave.h"

#include "block/detail/gemm.h"

#include <algorithm>
#include <cstring>

namespace patchbay::detail {

void Wave::project(int layer, std::span<const Segment> block, const float *xn, int64_t from, float *qkv) const
{
    const BlockRef held = m_model.block(layer);
    const Block &b = *held;
    const int64_t S = b.traits().qkv_width();
    const std::vector<int> positions = positions_of(rows_of(block));
    const int64_t n = int64_t(positions.size());
    b.project(xn, m_D, n, from, S - from, qkv + from, S);
    b.turn(qkv + from, n, S, from, S - from, positions.data());
}

void Wave::project_entering(int layer, std::span<const Segment> block, const float *x, float *qkv, float *pre) const
{
    const int64_t S = m_model.traits().qkv_width(), M = m_model.config().d_mlp, row0 = block.front().row;
    for (size_t first = 0; first < block.size();) {
        const CellPlan *plan = block[first].plan;
        const int64_t row = block[first].row;
        size_t stop = first;
        while (stop < block.size() && block[stop].plan == plan)
            ++stop;
        const std::vector<std::pair<int, int>> at = rows_of(block.subspan(first, stop - first));
        first = stop;
        const HeadEntry::Rows rows{at.data(), int64_t(at.size()), x + (row - row0) * m_D, m_dz + row * m_rank, m_rank};
        const std::vector<int> &heads = m_entering.at(plan);
        const std::vector<HeadEntry::Scale> scales = m_entry->scales(layer, rows);
        m_entry->queries_keys_values(layer, heads, rows, scales, qkv + (row - row0) * S, m_work);
        m_entry->mlp_pre(layer, heads, rows, scales, pre + (row - row0) * M, m_work);
    }
}

void Wave::attention(int layer, std::span<const Segment> block, const float *qkv, const float *q_end, float *z) const
{
    const BlockRef held = m_model.block(layer);
    const Block &b = *held;
    const BlockTraits &t = b.traits();
    const int64_t S = t.qkv_width(), HD = t.q_width(), row0 = block.front().row;
    const int d = t.d_head;
    parallel_rows(int64_t(block.size()), 2, [&](int64_t begin, int64_t end) {
        std::vector<float> scratch;
        for (int64_t i = begin; i < end; ++i) {
            const Segment &s = block[size_t(i)];
            const int last = s.first + s.count - 1;
            scratch.resize(size_t(last) + 1);
            const float *base = m_base.qkv[size_t(layer)].data_ptr<float>() + m_runs.layout().row(s.prompt, 0) * S;
            const float *rows = qkv + (s.row - row0) * S;
            float *out = q_end ? z + i * HD : z + (s.row - row0) * HD;
            const std::vector<Edit> &plan_edits = edits(s.plan);
            for (int h = 0; h < t.n_heads; ++h) {
                const float *q = q_end ? q_end + i * HD + int64_t(h) * d : rows + t.q_column(h);
                const HeadRows from{q,
                                    q_end ? HD : S,
                                    q_end ? last : s.first,
                                    q_end ? 1 : s.count,
                                    rows + t.k_column(h),
                                    rows + t.v_column(h),
                                    S,
                                    s.first};
                bool changed = false;
                for (const Edit &edit : plan_edits)
                    changed = changed || (edit.head == h && stage(edit) == Stage::Heads);
                if (changed) {
                    edited_head(plan_edits, layer, h, s.prompt, from, out + int64_t(h) * d, HD);
                    continue;
                }
                const KeyRows keys[2] = {{base + t.k_column(h), base + t.v_column(h), S, s.first},
                                         {from.k, from.v, S, s.count}};
                b.attend(h, from.q, from.q_stride, from.queries, from.q_first, keys, 2, out + int64_t(h) * d, HD,
                         scratch.data());
            }
        }
    });
}

void Wave::add_mlp(int layer, std::span<const Segment> block, const float *mlp_input, float *xn, int64_t n, float *out,
                   bool end_only, LayerBuffers &work) const
{
    const BlockRef held = m_model.block(layer);
    const Block &b = *held;
    bool edited = false;
    for (const Segment &s : block)
        for (const Edit &edit : edits(s.plan))
            edited = edited || stage(edit) == Stage::Mlp;
    if (!edited) {
        b.mlp(xn, n, out, true, work.block);
        return;
    }
    const int64_t M = m_model.config().d_mlp;
    float *pre = work.block.hidden.floats(n * M), *change = work.mlp_change.floats(n * m_D);
    // Rows of the block as they lie in out: whole segments, or END rows.
    const auto each_row = [&](Site site, const auto &visit) {
        int64_t r = 0;
        for (const Segment &s : block)
            for (int pos = end_only ? s.first + s.count - 1 : s.first; pos < s.first + s.count; ++pos, ++r)
                for (const Edit &edit : edits(s.plan))
                    if (edit.site == site)
                        if (const int64_t from = edit.rows->find(s.prompt, pos); from >= 0)
                            visit(edit, from, r, s.prompt, pos);
    };
    // What is added to the stream before the MLP reaches all that reads it, a gated MLP's linear part too.
    each_row(Site::MlpPre, [&](const Edit &edit, int64_t from, int64_t r, int, int) {
        if (!edit.add)
            return;
        std::memcpy(xn + r * m_D, mlp_input + r * m_D, size_t(m_D) * sizeof(float));
        kernels().axpy(1.f, edit.tensor.data_ptr<float>() + from * m_D, xn + r * m_D, m_D);
        b.mlp_norm().apply(xn + r * m_D, xn + r * m_D, 1);
    });
    b.mlp_pre(xn, n, pre);
    each_row(Site::MlpPre, [&](const Edit &edit, int64_t from, int64_t r, int, int) {
        if (edit.value == Edit::Value::Zero)
            std::memset(pre + r * M, 0, size_t(M) * sizeof(float));
        else if (!edit.add)
            std::memcpy(pre + r * M, edit.tensor.data_ptr<float>() + from * M, size_t(M) * sizeof(float));
    });
    b.mlp_from_pre(xn, n, change, false, work.block);
    at::Tensor source;
    const Edit *source_of = nullptr;
    each_row(Site::MlpOut, [&](const Edit &edit, int64_t from, int64_t r, int, int) {
        if (edit.value == Edit::Value::Zero) {
            std::memset(change + r * m_D, 0, size_t(m_D) * sizeof(float));
            return;
        }
        if (edit.value == Edit::Value::Source && source_of != &edit) {
            source = m_runs.mlp_out_rows(m_source, layer, edit.rows->list());
            source_of = &edit;
        }
        const at::Tensor &rows = edit.value == Edit::Value::Source ? source : edit.tensor;
        std::memcpy(change + r * m_D, rows.data_ptr<float>() + from * m_D, size_t(m_D) * sizeof(float));
    });
    kernels().axpy(1.f, change, out, n * m_D);
}

bool Wave::adds_to_mlp_input(std::span<const Segment> block) const
{
    for (const Segment &s : block)
        for (const Edit &edit : edits(s.plan))
            if (edit.site == Site::MlpPre && edit.add)
                return true;
    return false;
}

void Wave::full_layer(int layer, std::span<Segment> segments, const CancelToken &cancel)
{
    const auto changes_mlp = [&](const Segment &segment) {
        return std::any_of(edits(segment.plan).begin(), edits(segment.plan).end(),
                           [](const Edit &edit) { return stage(edit) == Stage::Mlp; });
    };
    // What enters shares what is kept of its heads, and a changed MLP's values are looked up: one after the other.
    const auto by_itself = [&](const Segment &segment) {
        return m_model.rows_are_alone() && gemm_threads() > 1 && !enters(segment, layer) && !changes_mlp(segment);
    };
    std::vector<std::span<Segment>> alone;
    for (size_t first = 0; first < segments.size();) {
        const bool entering = enters(segments[first], layer), own = by_itself(segments[first]);
        const int64_t most = own ? thread_rows : block_rows;
        size_t stop = first;
        int64_t n = 0;
        while (stop < segments.size() && (stop == first || n + segments[stop].count <= most)
               && enters(segments[stop], layer) == entering && by_itself(segments[stop]) == own)
            n += segments[stop++].count;
        const std::span<Segment> block = segments.subspan(first, stop - first);
        first = stop;
        if (own)
            alone.push_back(block);
        else
            layer_of_block(layer, block, m_work.layer, cancel);
    }
    each_alone(m_work, int64_t(alone.size()),
               [&](int64_t i, LayerBuffers &work) { layer_of_block(layer, alone[size_t(i)], work, cancel); });
}

void Wave::layer_of_block(int layer, std::span<Segment> block, LayerBuffers &work, const CancelToken &cancel)
{
    const BlockRef held = m_model.block(layer);
    const Block &b = *held;
    const BlockTraits &t = b.traits();
    const int64_t S = t.qkv_width(), HD = t.q_width(), row0 = block.front().row, ends = int64_t(block.size());
    const bool last = layer == m_layers - 1, entering = enters(block.front(), layer);
    int64_t n = 0;
    for (const Segment &segment : block)
        n += segment.count;
    cancel.check();

    float *x = m_x + row0 * m_D;
    float *xn = work.normed.floats(n * m_D), *qkv = work.qkv.floats(n * S);
    float *pre = entering ? work.block.hidden.floats(n * t.d_mlp) : nullptr;
    if (entering)
        project_entering(layer, block, x, qkv, pre);
    else
        b.attn_norm().apply(x, xn, n);
    // x becomes the stream after attention; a change of what a parallel MLP reads needs it as it was before.
    const float *mlp_input = x;
    if (t.parallel && adds_to_mlp_input(block)) {
        float *before = work.mlp_input.floats(n * m_D);
        std::memcpy(before, x, size_t(n * m_D) * sizeof(float));
        mlp_input = before;
    }
    if (!entering)
        project(layer, block, xn, last ? HD : 0, qkv); // the last layer's queries are needed at END alone
    cancel.check();

    if (!last) {
        float *z = work.z.floats(n * HD);
        attention(layer, block, qkv, nullptr, z);
        b.write(z, n, x, true, work.block);
        cancel.check();
        if (!t.parallel) {
            change_stream(layer, Site::ResidMid, block, x, row0, false);
            b.mlp_norm().apply(x, xn, n);
        }
        if (entering)
            b.mlp_from_pre(nullptr, n, x, true, work.block);
        else
            add_mlp(layer, block, mlp_input, xn, n, x, false, work);
        return;
    }

    float *x_end = work.ends.floats(ends * m_D), *xn_end = work.ends_normed.floats(ends * m_D),
          *q_end = work.q_end.floats(ends * HD);
    std::vector<int> positions;
    for (int64_t i = 0; i < ends; ++i) {
        const Segment &s = block[size_t(i)];
        const int64_t r = s.row - row0 + s.count - 1;
        std::memcpy(x_end + i * m_D, x + r * m_D, size_t(m_D) * sizeof(float));
        std::memcpy(xn_end + i * m_D, xn + r * m_D, size_t(m_D) * sizeof(float));
        positions.push_back(s.first + s.count - 1);
    }
    b.project(xn_end, m_D, ends, 0, HD, q_end, HD);
    b.turn(q_end, ends, HD, 0, HD, positions.data());
    float *z = work.z.floats(ends * HD);
    const float *end_input = x_end;
    if (mlp_input != x) {
        float *before = work.mlp_input.floats(n * m_D);
        std::memcpy(before, x_end, size_t(ends * m_D) * sizeof(float));
        end_input = before;
    }
    attention(layer, block, qkv, q_end, z);
    b.write(z, ends, x_end, true, work.block);
    if (!t.parallel) {
        change_stream(layer, Site::ResidMid, block, x_end, 0, true);
        b.mlp_norm().apply(x_end, xn_end, ends);
    }
    add_mlp(layer, block, end_input, xn_end, ends, x_end, true, work);
    for (int64_t i = 0; i < ends; ++i) {
        const Segment &s = block[size_t(i)];
        std::memcpy(m_x + (s.row + s.count - 1) * m_D, x_end + i * m_D, size_t(m_D) * sizeof(float));
    }
}

} // namespace patchbay::detail
