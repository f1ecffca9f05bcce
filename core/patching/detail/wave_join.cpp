// Cells whose first change is in this layer: what they change is computed from the cached base run, not by running the
// layer.
#include "patching/detail/wave.h"

#include <cstring>
#include <set>

namespace patchbay::detail {

// delta [rows of segments, D] += what the heads that a plan changes here change in attn_out: (changed z − base z) W_O
// of each, and where attn_out is normed the norm of the whole sum with and without it.
void Wave::add_head_changes(int layer, std::span<const Segment> segments, float *delta) const
{
    const BlockRef held = m_model.block(layer);
    const Block &b = *held;
    const BlockTraits &t = b.traits();
    const int d = t.d_head;
    const int64_t S = t.qkv_width(), row0 = segments.front().row;
    for (size_t first = 0; first < segments.size();) {
        const CellPlan *plan = segments[first].plan;
        size_t stop = first;
        int64_t n = 0;
        while (stop < segments.size() && segments[stop].plan == plan)
            n += segments[stop++].count;
        const std::span<const Segment> own = segments.subspan(first, stop - first);
        first = stop;
        const std::vector<Edit> &plan_edits = edits(plan);
        std::set<int> heads;
        for (const Edit &edit : plan_edits)
            if (stage(edit) == Stage::Heads && edit.head >= 0)
                heads.insert(edit.head);
        // Kept for the next layer where they enter it by their heads, else only until they are multiplied.
        const bool kept = m_entering.count(plan) != 0;
        const int64_t stride = kept ? m_rank : d;
        float *dz = kept ? m_dz + own.front().row * m_rank : m_work.wave.join_dz.floats(n * d);
        float *change = delta + (own.front().row - row0) * m_D;
        at::Tensor before_norm, after_norm; // [n, D], post norms only
        if (!b.attn_post().identity() && !heads.empty()) {
            before_norm = m_runs.head_sum_rows(m_base, layer, rows_of(own));
            after_norm = before_norm.clone();
            change = after_norm.data_ptr<float>();
        }
        for (const int h : heads) {
            parallel_rows(int64_t(own.size()), 4, [&](int64_t begin, int64_t end) {
                std::vector<float> before;
                for (int64_t i = begin; i < end; ++i) {
                    const Segment &s = own[size_t(i)];
                    const float *base =
                        m_base.qkv[size_t(layer)].data_ptr<float>() + m_runs.layout().row(s.prompt, 0) * S;
                    const int kv_first = plan->start[size_t(s.prompt)];
                    const HeadRows from{
                        base + s.first * S + t.q_column(h),  S, s.first, s.count, base + kv_first * S + t.k_column(h),
                        base + kv_first * S + t.v_column(h), S, kv_first};
                    float *out = dz + (s.row - own.front().row) * stride;
                    edited_head(plan_edits, layer, h, s.prompt, from, out, stride);
                    before.resize(size_t(s.count) * size_t(d));
                    m_runs.head_z(m_base, layer, h, s.prompt, s.first, s.first + s.count - 1, before.data(), d);
                    for (int r = 0; r < s.count; ++r)
                        kernels().axpy(-1.f, before.data() + r * d, out + r * stride, d);
                }
            });
            b.write_head(h, dz, stride, n, change, true);
            dz += kept ? d : 0;
        }
        if (before_norm.defined()) {
            for (at::Tensor *sum : {&before_norm, &after_norm})
                b.attn_post().apply(sum->data_ptr<float>(), sum->data_ptr<float>(), n);
            float *out = delta + (own.front().row - row0) * m_D;
            kernels().axpy(1.f, after_norm.data_ptr<float>(), out, n * m_D);
            kernels().axpy(-1.f, before_norm.data_ptr<float>(), out, n * m_D);
        }
    }
}

std::vector<std::pair<int, int>> Wave::rows_of(std::span<const Segment> segments) const
{
    std::vector<std::pair<int, int>> rows;
    for (const Segment &s : segments)
        for (int i = 0; i < s.count; ++i)
            rows.emplace_back(s.prompt, s.first + i);
    return rows;
}

void Wave::add_attn_out_changes(int layer, std::span<const Segment> segments, float *delta) const
{
    const int64_t row0 = segments.front().row;
    for (size_t first = 0; first < segments.size();) {
        const CellPlan *plan = segments[first].plan;
        size_t stop = first;
        while (stop < segments.size() && segments[stop].plan == plan)
            ++stop;
        for (const Edit &edit : edits(plan)) {
            if (edit.site != Site::AttnOut)
                continue;
            const std::vector<std::pair<int, int>> rows = edit.rows->list();
            const at::Tensor before = m_runs.attn_out_rows(m_base, layer, rows);
            const at::Tensor after = edit.value == Edit::Value::Zero ? at::zeros_like(before)
                : edit.value == Edit::Value::Source                  ? m_runs.attn_out_rows(m_source, layer, rows)
                                                                     : edit.tensor;
            for (const Segment &s : segments.subspan(first, stop - first))
                for (int i = 0; i < s.count; ++i)
                    if (const int64_t at = edit.rows->find(s.prompt, s.first + i); at >= 0) {
                        float *row = delta + (s.row - row0 + i) * m_D;
                        kernels().axpy(1.f, after.data_ptr<float>() + at * m_D, row, m_D);
                        kernels().axpy(-1.f, before.data_ptr<float>() + at * m_D, row, m_D);
                    }
        }
        first = stop;
    }
}

void Wave::join_layer(int layer, std::span<const Segment> segments)
{
    const bool parallel = m_model.config().parallel;
    const auto changes_mlp = [&](const Segment &s) {
        for (const Edit &edit : edits(s.plan))
            if (stage(edit) == Stage::Mlp)
                return true;
        return false;
    };
    const auto copy_rows = [&](const at::Tensor &from, std::span<const Segment> block, float *to) {
        for (const Segment &s : block)
            std::memcpy(to + (s.row - block.front().row) * m_D,
                        from.data_ptr<float>() + m_runs.layout().row(s.prompt, s.first) * m_D,
                        size_t(s.count) * size_t(m_D) * sizeof(float));
    };
    for (size_t first = 0; first < segments.size();) {
        const bool with_mlp = !parallel || changes_mlp(segments[first]);
        size_t stop = first;
        int64_t n = 0;
        while (stop < segments.size() && (stop == first || n + segments[stop].count <= block_rows)
               && with_mlp == (!parallel || changes_mlp(segments[stop])))
            n += segments[stop++].count;
        const std::span<const Segment> block = segments.subspan(first, stop - first);
        first = stop;
        float *x = m_x + block.front().row * m_D;

        if (!with_mlp) {
            // Attention and MLP both read resid_pre: what follows the block differs from the base run by the heads'
            // change alone.
            copy_rows(m_base.resid[size_t(layer) + 1], block, x);
            add_head_changes(layer, block, x);
            add_attn_out_changes(layer, block, x);
            continue;
        }
        float *input = m_work.wave.join_input.floats(n * m_D), *xn = m_work.wave.join_normed.floats(n * m_D);
        if (parallel) {
            const at::Tensor attn_out = m_runs.attn_out_rows(m_base, layer, rows_of(block));
            copy_rows(m_base.resid[size_t(layer)], block, input);
            std::memcpy(x, input, size_t(n * m_D) * sizeof(float));
            kernels().axpy(1.f, attn_out.data_ptr<float>(), x, n * m_D);
        } else {
            copy_rows(m_base.mid[size_t(layer)], block, x);
        }
        add_head_changes(layer, block, x);
        add_attn_out_changes(layer, block, x);
        if (!parallel) {
            change_stream(layer, Site::ResidMid, block, x, block.front().row, false);
            std::memcpy(input, x, size_t(n * m_D) * sizeof(float));
        }
        m_model.block(layer)->mlp_norm().apply(input, xn, n);
        add_mlp(layer, block, input, xn, n, x, false, m_work.layer);
    }
}

} // namespace patchbay::detail
