// One layer of the frozen pass: attention is the base run's, the MLP is computed for the rows that have changed.
#include "patching/detail/frozen_pass.h"

#include "block/detail/gemm.h"

namespace patchbay::detail {

const at::Tensor &FrozenPass::frozen_attention(int layer)
{
    at::Tensor &rows = m_frozen[layer];
    if (!rows.defined())
        rows = m_runs.attn_out_rows(m_base, layer, m_list);
    return rows;
}

void FrozenPass::advance(int layer, std::span<const Set> active, float *y, const CancelToken &cancel)
{
    for (size_t first = 0; first < active.size();) {
        const auto enters = [&](const Set &set) { return !set.entering.empty() && set.first_layer == layer - 1; };
        const bool entering = enters(active[first]);
        size_t stop = first;
        while (stop < active.size() && enters(active[stop]) == entering)
            ++stop;
        const std::span<const Set> run = active.subspan(first, stop - first);
        if (entering)
            advance_entering(layer, run, y, cancel);
        else
            advance_in_full(layer, run.front().row, int64_t(run.size()) * m_R, y, cancel);
        first = stop;
    }
}

void FrozenPass::advance_in_full(int layer, int64_t first, int64_t n, float *y, const CancelToken &cancel)
{
    const BlockRef held = m_model.block(layer);
    const Block &block = *held;
    const float *frozen = frozen_attention(layer).data_ptr<float>();
    const bool alone = m_model.rows_are_alone() && gemm_threads() > 1;
    const int64_t most = alone ? thread_rows : block_rows;
    const auto piece = [&](int64_t r, LayerBuffers &work) {
        cancel.check();
        const int64_t count = std::min(most, n - r);
        float *rows = y + (first + r) * m_D;
        float *xn = work.normed.floats(count * m_D);
        block.mlp_norm().apply(rows, xn, count);
        if (m_model.config().parallel)
            parallel_rows(count, 64, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i)
                    kernels().axpy(1.f, frozen + ((r + i) % m_R) * m_D, rows + i * m_D, m_D);
            });
        block.mlp(xn, count, rows, true, work.block);
    };
    if (alone) {
        each_alone(m_work, (n + most - 1) / most, [&](int64_t i, LayerBuffers &work) { piece(i * most, work); });
        return;
    }
    for (int64_t r = 0; r < n; r += most)
        piece(r, m_work.layer);
}

// Parallel blocks: the sets' heads are all that has changed in what this layer's MLP reads.
void FrozenPass::advance_entering(int layer, std::span<const Set> sets, float *y, const CancelToken &cancel)
{
    const float *frozen = frozen_attention(layer).data_ptr<float>();
    const int64_t M = m_model.config().d_mlp;
    // Pieces of sets, side by side in the buffer of the MLP until it is full.
    struct Piece {
        const Set *set;
        int64_t first, count;
    };
    std::vector<Piece> pieces;
    for (const Set &set : sets)
        for (int64_t r = 0; r < m_R; r += block_rows)
            pieces.push_back({&set, r, std::min(block_rows, m_R - r)});
    for (size_t first = 0; first < pieces.size();) {
        cancel.check();
        size_t stop = first;
        int64_t n = 0;
        while (stop < pieces.size() && (stop == first || n + pieces[stop].count <= block_rows))
            n += pieces[stop++].count;
        float *pre = m_work.layer.block.hidden.floats(n * M),
              *rows = y + (pieces[first].set->row + pieces[first].first) * m_D;
        int64_t at = 0;
        for (; first < stop; ++first) {
            const Piece &piece = pieces[first];
            const int64_t stride = piece.set->dz.size(1);
            float *x = rows + at * m_D;
            const HeadEntry::Rows changed{m_list.data() + piece.first, piece.count, x,
                                          piece.set->dz.data_ptr<float>() + piece.first * stride, stride};
            m_entry->mlp_pre(layer, piece.set->entering, changed, m_entry->scales(layer, changed), pre + at * M,
                             m_work);
            parallel_rows(piece.count, 64, [&](int64_t begin, int64_t end) {
                kernels().axpy(1.f, frozen + (piece.first + begin) * m_D, x + begin * m_D, (end - begin) * m_D);
            });
            at += piece.count;
        }
        m_model.block(layer)->mlp_from_pre(nullptr, n, rows, true, m_work.layer.block);
    }
}

} // namespace patchbay::detail
