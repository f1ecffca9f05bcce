// The wave on a device: heads with their queries, keys, values, pattern or z changed, those of all cells at once.
#include "patching/detail/device_wave.h"

#include <ATen/TensorIndexing.h>

#include <set>

namespace patchbay::detail {

namespace {

bool attends(Site site)
{
    return site == Site::Q || site == Site::K || site == Site::V || site == Site::Pattern;
}

} // namespace

void DeviceWave::change_heads(int layer, Segments block, const Queries &queries, const at::Tensor &kv,
                              const std::function<Attending(const Segment &)> &keys_of, at::Tensor z) const
{
    const TensorBlock &b = m_model.block(layer);
    const BlockTraits &t = b.traits();
    const int64_t H = t.n_heads, G = t.n_kv_heads, d = t.d_head, parts = H + 2 * G;
    const at::Tensor flat_z = z.view({-1, d}), source = m_source->qkv[size_t(layer)].view({-1, parts, d});
    const at::Tensor all_q = queries.rows.unflatten(1, {H, d}), all_kv = kv.unflatten(1, {2 * G, d});

    std::vector<Attending> pieces; // heads that have to attend again
    DeviceEdits outputs(m_model);
    int64_t row = 0;
    for (size_t i = 0; i < block.size(); ++i) {
        const Segment &s = block[i];
        const int first = queries.end_only ? s.last() : s.first, count = s.last() - first + 1;
        std::set<int> again;
        for (const Edit &edit : edits(s.plan)) {
            if (attends(edit.site) && edit.head >= 0)
                again.insert(edit.head);
            if (edit.site != Site::Z)
                continue;
            for (int pos = first; pos <= s.last(); ++pos)
                if (const int64_t from = edit.rows->find(s.prompt, pos); from >= 0)
                    outputs.add(edit, from, (row + pos - first) * H + edit.head, packed(s, pos) * H + edit.head);
        }
        for (const int head : again) {
            Attending piece = keys_of(s);
            piece.query = row;
            piece.q_first = first;
            piece.count = count;
            piece.head = head;
            piece.segment = i;
            pieces.push_back(piece);
        }
        row += count;
    }
    if (!pieces.empty())
        attending_batches(std::move(pieces), 1, 2 * d, m_model.device(), [&](const AttendingBatch &batch) {
            const int64_t B = batch.key_rows.size(0), T = batch.keys, Q = batch.query_rows.size(1);
            const at::Tensor heads = batch.heads.unsqueeze(1), kv_heads = at::div(heads, H / G, "floor"); // [B, 1]
            const at::Tensor q = all_q.index({batch.query_rows, heads}).contiguous(),                     // [B, Q, d]
                k = all_kv.index({batch.key_rows, kv_heads}).contiguous(),                                // [B, T, d]
                v = all_kv.index({batch.key_rows, kv_heads + G}).contiguous();
            DeviceEdits of_q(m_model), of_k(m_model), of_v(m_model), of_pattern(m_model);
            for (int64_t e = 0; e < B; ++e) {
                const Attending &piece = batch.pieces[size_t(e)];
                const Segment &s = block[piece.segment];
                const int64_t kv_head = piece.head / (H / G);
                for (const Edit &edit : edits(s.plan)) {
                    if (edit.head != piece.head || !attends(edit.site))
                        continue;
                    const bool by_query = edit.site == Site::Q || edit.site == Site::Pattern;
                    for (int64_t pos = by_query ? piece.q_first : piece.first; pos < piece.keys(); ++pos) {
                        const int64_t from = edit.rows->find(s.prompt, int(pos)), at = packed(s, int(pos)) * parts,
                                      i = pos - piece.q_first;
                        if (from < 0)
                            continue;
                        if (edit.site == Site::Q)
                            of_q.add(edit, from, e * Q + i, at + piece.head);
                        else if (edit.site == Site::K)
                            of_k.add(edit, from, e * T + pos, at + H + kv_head);
                        else if (edit.site == Site::V)
                            of_v.add(edit, from, e * T + pos, at + H + G + kv_head);
                        else
                            of_pattern.add(edit, from, (piece.query + i) * H + piece.head, e * Q + i);
                    }
                }
            }
            const at::Tensor flat_source = source.view({-1, d});
            of_q.apply(q.view({-1, d}), flat_source);
            of_k.apply(k.view({-1, d}), flat_source);
            of_v.apply(v.view({-1, d}), flat_source);
            const at::Tensor slopes = b.slopes().defined() ? b.slopes().index_select(0, batch.heads) : at::Tensor();
            const auto attended = [&](const at::Tensor &with_q, const at::Tensor &with_k) {
                return b
                    .attend(with_q.view({B, Q, 1, d}), with_k.view({B, T, 1, d}), v.view({B, T, 1, d}), batch.positions,
                            slopes)
                    .reshape({-1, d});
            };
            flat_z.index_copy_(0, (batch.query_rows * H + heads).flatten(), attended(q, k));
            if (of_pattern.empty())
                return;
            at::Tensor patterned;
            if (of_pattern.copies())
                patterned = attended(source.index({batch.prompt_queries, heads}).contiguous(),
                                     source.index({batch.prompt_keys, kv_heads + H}).contiguous());
            of_pattern.apply(flat_z, patterned);
        });
    if (!outputs.empty())
        outputs.apply(flat_z, m_source->z[size_t(layer)].view({-1, d}));
}

at::Tensor DeviceWave::stream_before(int layer, const std::vector<std::pair<int, int>> &rows,
                                     const std::vector<const Segment *> &by_prompt) const
{
    std::vector<int64_t> base, to, from;
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto [prompt, pos] = rows[i];
        base.push_back(m_runs.layout().row(prompt, pos));
        if (const Segment *s = by_prompt[size_t(prompt)]; s && pos >= s->first) {
            to.push_back(int64_t(i));
            from.push_back(s->row + pos - s->first);
        }
    }
    at::Tensor x = m_base->resid[size_t(layer)].index_select(0, m_model.indices(base));
    if (!to.empty())
        x.index_copy_(0, m_model.indices(to), m_x.index_select(0, m_model.indices(from)));
    return x;
}

namespace {

at::Tensor positions_on(const DeviceModel &model, const std::vector<std::pair<int, int>> &rows)
{
    const std::vector<int> positions = positions_of(rows);
    return model.indices({positions.begin(), positions.end()});
}

} // namespace

// An edit that adds to the residual stream before a query, key or value, as the rows that result.
Edit DeviceWave::materialised(const Edit &edit, const std::vector<const Segment *> &by_prompt) const
{
    const TensorBlock &b = m_model.block(edit.layer);
    const BlockTraits &t = b.traits();
    const std::vector<std::pair<int, int>> rows = edit.rows->list();
    const at::Tensor x = b.attn_norm()(stream_before(edit.layer, rows, by_prompt) + m_model.to(edit.tensor));
    Edit result = edit;
    result.add = false;
    const Part part = part_of(edit.site);
    result.tensor = b.project(x, t.column(part, edit.head), t.d_head);
    if (part != Part::Value && !t.norms_queries())
        result.tensor = b.rotate(result.tensor.unsqueeze(1), positions_on(m_model, rows)).squeeze(1);
    return result;
}

// Edits of queries, or of keys, that a QK-norm has yet to norm with their row, as those of all heads that they change.
std::vector<Edit> DeviceWave::materialised(Part part, const std::vector<Edit> &edits,
                                           const std::vector<const Segment *> &by_prompt) const
{
    if (edits.empty())
        return {};
    const int layer = edits.front().layer;
    const TensorBlock &b = m_model.block(layer);
    const BlockTraits &t = b.traits();
    const std::vector<std::pair<int, int>> rows = rows_normed_together(edits);
    const int64_t n = int64_t(rows.size()), d = t.d_head, H = t.n_heads;
    const at::Tensor x = stream_before(layer, rows, by_prompt), xn = b.attn_norm()(x);
    std::vector<at::Tensor> now; // [H] of [n, d]: what every query head has here, keys as copies
    for (int h = 0; h < int(H); ++h)
        now.push_back(b.project(xn, t.column(part, h), d));
    at::Tensor source;
    std::set<int> heads;
    for (const Edit &edit : edits) {
        heads.insert(edit.head);
        at::Tensor &value = now[size_t(edit.head)];
        const int64_t column = t.column(part, edit.head);
        if (edit.add) {
            value = b.project(b.attn_norm()(x + m_model.to(edit.tensor)), column, d);
        } else if (edit.value == Edit::Value::Zero) {
            value = at::zeros({n, d}, m_model.on());
        } else if (edit.value == Edit::Value::Source) {
            if (!source.defined()) {
                std::vector<int64_t> packed_at;
                for (const auto &[prompt, pos] : rows)
                    packed_at.push_back(m_runs.layout().row(prompt, pos));
                source = b.attn_norm()(m_source->resid[size_t(layer)].index_select(0, m_model.indices(packed_at)));
            }
            value = b.project(source, column, d);
        } else {
            value = m_model.to(edit.tensor);
        }
    }
    const at::Tensor turned = b.turn(part, at::stack(now, 1), positions_on(m_model, rows)); // [n, H, d]
    return edits_of_heads(edits.front(), std::move(heads), t, [&](int h) { return turned.select(1, h); });
}

} // namespace patchbay::detail
