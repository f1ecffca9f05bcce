// One layer over rows that are already changed: block by block, so that buffers stay small and a cancel is answered quickly.
#include "patching/detail/gemm.h"
#include "patching/detail/kernels.h"
#include "patching/detail/wave.h"

#include <cstring>

namespace patchbay::detail {

namespace {

enum Slot { SlotNormed = 1, SlotQkv, SlotQEnd, SlotZ, SlotEnds, SlotEndsNormed, SlotOut, SlotInput };

} // namespace

void Wave::project(int layer, std::span<const Segment> block, const float *xn, int64_t from, float *qkv) const
{
    const ModelConfig &c = m_model.config();
    const EngineLayer &w = m_model.layer(layer);
    const int64_t S = m_model.qkv_width();
    std::vector<int> positions;
    for (const Segment &s : block)
        for (int i = 0; i < s.count; ++i)
            positions.push_back(s.first + i);
    const int64_t n = int64_t(positions.size());
    gemm(n, S - from, m_D, xn, m_D, w.W_qkv.data_ptr<float>() + from, S, qkv + from, S);
    parallel_rows(n, 64, [&](int64_t begin, int64_t end) {
        kernels().add_bias(qkv + begin * S + from, w.b_qkv.data_ptr<float>() + from, end - begin, int(S - from), S);
    });
    m_model.rotate_rows(qkv + from, n, S, c.n_heads + c.n_kv_heads - int(from / c.d_head), positions.data());
}

void Wave::project_entering(int layer, std::span<const Segment> block, const float *x, float *qkv, float *pre) const
{
    const int64_t S = m_model.qkv_width(), M = m_model.config().d_mlp, row0 = block.front().row;
    for (size_t first = 0; first < block.size();) {
        const CellPlan *plan = block[first].plan;
        const int64_t row = block[first].row;
        std::vector<std::pair<int, int>> at;
        for (; first < block.size() && block[first].plan == plan; ++first)
            for (int i = 0; i < block[first].count; ++i)
                at.emplace_back(block[first].prompt, block[first].first + i);
        const HeadEntry::Rows rows{at.data(), int64_t(at.size()), x + (row - row0) * m_D, m_dz + row * m_rank, m_rank};
        const std::vector<int> &heads = m_entering.at(plan);
        const std::vector<HeadEntry::Scale> scales = m_entry->scales(layer, rows);
        m_entry->queries_keys_values(layer, heads, rows, scales, qkv + (row - row0) * S, m_work);
        m_entry->mlp_pre(layer, heads, rows, scales, pre + (row - row0) * M, m_work);
    }
}

void Wave::attention(int layer, std::span<const Segment> block, const float *qkv, const float *q_end, float *z) const
{
    const ModelConfig &c = m_model.config();
    const int64_t S = m_model.qkv_width(), HD = int64_t(c.n_heads) * c.d_head, row0 = block.front().row;
    const int d = c.d_head;
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
            for (int h = 0; h < c.n_heads; ++h) {
                const float *q = q_end ? q_end + i * HD + int64_t(h) * d : rows + m_model.q_column(h);
                const HeadRows from{q, q_end ? HD : S, q_end ? last : s.first, q_end ? 1 : s.count,
                                    rows + m_model.k_column(h), rows + m_model.v_column(h), S, s.first};
                bool changed = false;
                for (const Edit &edit : plan_edits)
                    changed = changed || (edit.head == h && stage(edit) == Stage::Heads);
                if (changed) {
                    edited_head(plan_edits, layer, h, s.prompt, from, out + int64_t(h) * d, HD);
                    continue;
                }
                const KeyRows keys[2] = {{base + m_model.k_column(h), base + m_model.v_column(h), S, s.first}, {from.k, from.v, S, s.count}};
                kernels().attend(from.q, from.q_stride, from.queries, from.q_first, keys, 2, d, m_model.attention_scale(), out + int64_t(h) * d, HD,
                                 scratch.data(), nullptr, 0);
            }
        }
    });
}

void Wave::add_mlp(int layer, std::span<const Segment> block, const float *mlp_input, float *xn, int64_t n, float *out, bool end_only) const
{
    bool edited = false;
    for (const Segment &s : block)
        for (const Edit &edit : edits(s.plan))
            edited = edited || stage(edit) == Stage::Mlp;
    if (!edited) {
        m_model.mlp(layer, xn, n, out, true, m_work);
        return;
    }
    const int64_t M = m_model.config().d_mlp;
    float *pre = m_model.mlp_hidden(n, m_work), *change = m_work.get(SlotOut, n * m_D);
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
        m_model.norm(xn + r * m_D, xn + r * m_D, 1);
    });
    m_model.mlp_pre(layer, xn, n, pre);
    each_row(Site::MlpPre, [&](const Edit &edit, int64_t from, int64_t r, int, int) {
        if (edit.value == Edit::Value::Zero)
            std::memset(pre + r * M, 0, size_t(M) * sizeof(float));
        else if (!edit.add)
            std::memcpy(pre + r * M, edit.tensor.data_ptr<float>() + from * M, size_t(M) * sizeof(float));
    });
    m_model.mlp_from_pre(layer, xn, n, change, false, m_work);
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
    const ModelConfig &c = m_model.config();
    const EngineLayer &w = m_model.layer(layer);
    const int64_t S = m_model.qkv_width(), HD = int64_t(c.n_heads) * c.d_head;
    const bool last = layer == m_layers - 1;
    for (size_t first = 0; first < segments.size();) {
        const bool entering = enters(segments[first], layer);
        size_t stop = first;
        int64_t n = 0;
        while (stop < segments.size() && (stop == first || n + segments[stop].count <= block_rows) && enters(segments[stop], layer) == entering)
            n += segments[stop++].count;
        const std::span<Segment> block = segments.subspan(first, stop - first);
        const int64_t row0 = block.front().row, ends = int64_t(block.size());
        first = stop;
        cancel.check();

        float *x = m_x + row0 * m_D;
        float *xn = m_work.get(SlotNormed, n * m_D), *qkv = m_work.get(SlotQkv, n * S);
        float *pre = entering ? m_model.mlp_hidden(n, m_work) : nullptr;
        if (entering)
            project_entering(layer, block, x, qkv, pre);
        else
            m_model.norm(x, xn, n);
        // x becomes the stream after attention; a change of what a parallel MLP reads needs it as it was before.
        const float *mlp_input = x;
        if (c.parallel && adds_to_mlp_input(block)) {
            float *before = m_work.get(SlotInput, n * m_D);
            std::memcpy(before, x, size_t(n * m_D) * sizeof(float));
            mlp_input = before;
        }
        if (!entering)
            project(layer, block, xn, last ? HD : 0, qkv); // the last layer's queries are needed at END alone
        cancel.check();

        if (!last) {
            float *z = m_work.get(SlotZ, n * HD);
            attention(layer, block, qkv, nullptr, z);
            gemm(n, m_D, HD, z, HD, w.W_O.data_ptr<float>(), m_D, x, m_D, true);
            parallel_rows(n, 128, [&](int64_t begin, int64_t end) { kernels().add_bias(x + begin * m_D, w.b_O.data_ptr<float>(), end - begin, int(m_D), m_D); });
            cancel.check();
            if (!c.parallel) {
                change_stream(layer, Site::ResidMid, block, x, row0, false);
                m_model.norm(x, xn, n);
            }
            if (entering)
                m_model.mlp_from_pre(layer, nullptr, n, x, true, m_work);
            else
                add_mlp(layer, block, mlp_input, xn, n, x, false);
            continue;
        }

        float *x_end = m_work.get(SlotEnds, ends * m_D), *xn_end = m_work.get(SlotEndsNormed, ends * m_D), *q_end = m_work.get(SlotQEnd, ends * HD);
        std::vector<int> positions;
        for (int64_t i = 0; i < ends; ++i) {
            const Segment &s = block[size_t(i)];
            const int64_t r = s.row - row0 + s.count - 1;
            std::memcpy(x_end + i * m_D, x + r * m_D, size_t(m_D) * sizeof(float));
            std::memcpy(xn_end + i * m_D, xn + r * m_D, size_t(m_D) * sizeof(float));
            positions.push_back(s.first + s.count - 1);
        }
        gemm(ends, HD, m_D, xn_end, m_D, w.W_qkv.data_ptr<float>(), S, q_end, HD);
        kernels().add_bias(q_end, w.b_qkv.data_ptr<float>(), ends, int(HD), HD);
        m_model.rotate_rows(q_end, ends, HD, c.n_heads, positions.data());
        float *z = m_work.get(SlotZ, ends * HD);
        const float *end_input = x_end;
        if (mlp_input != x) {
            float *before = m_work.get(SlotInput, n * m_D);
            std::memcpy(before, x_end, size_t(ends * m_D) * sizeof(float));
            end_input = before;
        }
        attention(layer, block, qkv, q_end, z);
        gemm(ends, m_D, HD, z, HD, w.W_O.data_ptr<float>(), m_D, x_end, m_D, true);
        kernels().add_bias(x_end, w.b_O.data_ptr<float>(), ends, int(m_D), m_D);
        if (!c.parallel) {
            change_stream(layer, Site::ResidMid, block, x_end, 0, true);
            m_model.norm(x_end, xn_end, ends);
        }
        add_mlp(layer, block, end_input, xn_end, ends, x_end, true);
        for (int64_t i = 0; i < ends; ++i) {
            const Segment &s = block[size_t(i)];
            std::memcpy(m_x + (s.row + s.count - 1) * m_D, x_end + i * m_D, size_t(m_D) * sizeof(float));
        }
    }
}

} // namespace patchbay::detail
