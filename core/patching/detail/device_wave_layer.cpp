// One layer of the wave on a device: over rows that have joined before, and over those that join here.
#include "patching/detail/device_wave.h"

namespace patchbay::detail {

bool DeviceWave::adds_to_mlp_input(Segments block) const
{
    for (const Segment &s : block)
        for (const Edit &edit : edits(s.plan))
            if (edit.site == Site::MlpPre && edit.add)
                return true;
    return false;
}

bool DeviceWave::changes_mlp(const Segment &segment) const
{
    for (const Edit &edit : edits(segment.plan))
        if (stage(edit) == Stage::Mlp)
            return true;
    return false;
}

// out + the MLP of rows whose input, before and behind the norm, is given.
at::Tensor DeviceWave::add_mlp(int layer, Segments block, const at::Tensor &mlp_input, at::Tensor xn,
                               const at::Tensor &out, bool end_only) const
{
    const TensorBlock &b = m_model.block(layer);
    if (std::none_of(block.begin(), block.end(), [this](const Segment &s) { return changes_mlp(s); }))
        return out + b.mlp(xn);
    // What is added to the stream before the MLP reaches all that reads it, a gated MLP's linear part too.
    if (adds_to_mlp_input(block)) {
        const at::Tensor changed = mlp_input.clone();
        edits_of(block, Site::MlpPre, end_only, true).apply(changed, {});
        xn = b.mlp_norm()(changed);
    }
    at::Tensor pre = b.mlp_pre(xn);
    edits_of(block, Site::MlpPre, end_only, false).apply(pre, {});
    at::Tensor change = b.mlp_from_pre(std::move(pre), xn);
    const DeviceEdits written = edits_of(block, Site::MlpOut, end_only);
    if (!written.empty()) {
        change = change.contiguous();
        written.apply(change, written.copies() ? m_model.mlp_out(*m_source, layer) : at::Tensor());
    }
    return out + change;
}

void DeviceWave::full_layer(int layer, Segments segments, const CancelToken &cancel)
{
    const TensorBlock &b = m_model.block(layer);
    const BlockTraits &t = b.traits();
    const int64_t S = t.qkv_width(), HD = t.q_width(), H = t.n_heads, d = t.d_head, F = m_runs.layout().rows;
    const bool last = layer == m_layers - 1;
    const at::Tensor base_kv = m_base->qkv[size_t(layer)].narrow(1, HD, S - HD); // [F, 2 G d]
    for (size_t first = 0; first < segments.size();) {
        size_t stop = first;
        int64_t n = 0;
        while (stop < segments.size() && (stop == first || n + segments[stop].count <= m_model.block_rows()))
            n += segments[stop++].count;
        const Segments block = segments.subspan(first, stop - first);
        const int64_t row0 = block.front().row, ends = int64_t(block.size());
        first = stop;
        cancel.check();

        const at::Tensor x = m_x.narrow(0, row0, n), xn = b.attn_norm()(x), positions = m_positions.narrow(0, row0, n);
        // The last layer's queries are needed at END alone.
        const int64_t from = last ? HD : 0;
        const at::Tensor qkv = b.turn_row(b.project(xn, from, S - from), positions);
        const at::Tensor kv = at::cat({base_kv, qkv.narrow(1, HD - from, S - HD)}); // [F + n, 2 G d]
        at::Tensor in = x, in_normed = xn;                                          // of those that go on
        Queries queries{last ? at::Tensor() : qkv.narrow(1, 0, HD), last};
        at::Tensor end_rows;
        if (last) {
            std::vector<int64_t> rows;
            for (const Segment &s : block)
                rows.push_back(s.row - row0 + s.count - 1);
            end_rows = m_model.indices(rows);
            in = x.index_select(0, end_rows);
            in_normed = xn.index_select(0, end_rows);
            queries.rows =
                b.turn(Part::Query, b.project(in_normed, 0, HD).view({ends, H, d}), positions.index_select(0, end_rows))
                    .flatten(1);
        }
        const auto keys_of = [&](const Segment &s) {
            const int64_t own = F + s.row - row0;
            return Attending{0, 0, 0, packed(s, 0), s.first, own};
        };
        std::vector<Attending> pieces;
        for (size_t i = 0; i < block.size(); ++i) {
            Attending piece = keys_of(block[i]);
            piece.query = last ? int64_t(i) : block[i].row - row0;
            piece.q_first = last ? block[i].last() : block[i].first;
            piece.count = last ? 1 : block[i].count;
            pieces.push_back(piece);
        }
        at::Tensor z = at::empty({in.size(0), HD}, m_model.on());
        attend_rows(b, queries.rows, kv, std::move(pieces), z);
        change_heads(layer, block, queries, kv, keys_of, z);
        cancel.check();

        const at::Tensor mid = in + b.write(z);
        at::Tensor mlp_input = in;
        if (!t.parallel) {
            change_stream(layer, Site::ResidMid, block, mid, last);
            mlp_input = mid;
            in_normed = b.mlp_norm()(mid);
        }
        const at::Tensor out = add_mlp(layer, block, mlp_input, in_normed, mid, last);
        if (last)
            x.index_copy_(0, end_rows, out);
        else
            x.copy_(out);
    }
}

void DeviceWave::join_layer(int layer, Segments segments)
{
    const TensorBlock &b = m_model.block(layer);
    const BlockTraits &t = b.traits();
    const int64_t S = t.qkv_width(), HD = t.q_width();
    const at::Tensor &base_qkv = m_base->qkv[size_t(layer)];
    const at::Tensor base_kv = base_qkv.narrow(1, HD, S - HD);
    const auto reads_mlp = [&](const Segment &s) { return !t.parallel || changes_mlp(s); };
    const auto changes = [&](Segments block, bool heads) {
        for (const Segment &s : block)
            for (const Edit &edit : edits(s.plan))
                if (stage(edit) == Stage::Heads && (edit.head >= 0) == heads)
                    return true;
        return false;
    };
    for (size_t first = 0; first < segments.size();) {
        const bool with_mlp = reads_mlp(segments[first]);
        size_t stop = first;
        int64_t n = 0;
        while (stop < segments.size() && (stop == first || n + segments[stop].count <= m_model.block_rows())
               && with_mlp == reads_mlp(segments[stop]))
            n += segments[stop++].count;
        const Segments block = segments.subspan(first, stop - first);
        first = stop;

        const at::Tensor rows = packed_rows(block);
        const auto base_rows = [&](const at::Tensor &of) { return of.index_select(0, rows); };
        at::Tensor change = at::zeros({n, m_D}, m_model.on()); // of attn_out
        if (changes(block, true)) {
            const at::Tensor before = base_rows(m_base->z[size_t(layer)]), z = before.clone();
            change_heads(
                layer, block, {base_rows(base_qkv.narrow(1, 0, HD)), false}, base_kv,
                [&](const Segment &s) {
                    const int64_t own_first = s.plan->start[size_t(s.prompt)];
                    return Attending{0, 0, 0, packed(s, 0), own_first, packed(s, int(own_first))};
                },
                z);
            change = b.write_change(z - before);
            if (!b.attn_post().identity()) {
                const at::Tensor sum = b.sum_heads(before);
                change = b.attn_post()(sum + change) - b.attn_post()(sum);
            }
        }
        if (changes(block, false)) {
            const at::Tensor before = base_rows(m_model.attn_out(*m_base, layer)), after = before.clone();
            const DeviceEdits written = edits_of(block, Site::AttnOut, false);
            written.apply(after, written.copies() ? m_model.attn_out(*m_source, layer) : at::Tensor());
            change = change + (after - before);
        }
        at::Tensor out;
        if (!with_mlp) {
            // Attention and MLP both read resid_pre: what follows the block differs from the base run by the heads'
            // change alone.
            out = base_rows(m_base->resid[size_t(layer) + 1]) + change;
        } else {
            at::Tensor input = base_rows(m_base->mlp_input(layer)), mid;
            if (t.parallel) {
                mid = input + base_rows(m_model.attn_out(*m_base, layer)) + change;
            } else {
                mid = input + change;
                change_stream(layer, Site::ResidMid, block, mid, false);
                input = mid;
            }
            out = add_mlp(layer, block, input, b.mlp_norm()(input), mid, false);
        }
        m_x.narrow(0, block.front().row, n).copy_(out);
    }
}

} // namespace patchbay::detail
