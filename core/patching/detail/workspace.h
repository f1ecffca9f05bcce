// The buffers of a session's passes, by what they hold.
#pragma once

#include "block/detail/buffer.h"

#include <deque>
#include <functional>

namespace patchbay::detail {

struct CellPlan;
class BatchRuns;
struct Run;

/// Of some rows in a layer.
struct LayerBuffers {
    BlockBuffers block;
    Buffer normed, mlp_input, mlp_change; ///< [rows, D]
    Buffer qkv;                           ///< [rows, S]
    Buffer z;                             ///< [rows, H d]
    Buffer ends, ends_normed;             ///< [segments, D] the last layer's END rows
    Buffer q_end;                         ///< [segments, H d]
};

struct WaveBuffers {
    Buffer stream;      ///< [rows, D] residual stream of all cells of a chunk
    Buffer entering_dz; ///< [rows, entering heads * d]
    // of cells that join
    Buffer join_input, join_normed; ///< [rows, D]
    Buffer join_dz;                 ///< [rows, d]
};

struct FrozenBuffers {
    Buffer stream;        ///< [sets * R, D]
    Buffer record_normed; ///< [rows, D]
    Buffer recorded;      ///< [rows, receivers * d]
};

/// HeadEntry's.
struct EntryBuffers {
    Buffer write;                       ///< [heads * d, D]
    Buffer through_qkv, through_hidden; ///< [heads * d, S], [heads * d, M]
    Buffer base_rows;                   ///< [rows, D]
};

struct Workspace {
    LayerBuffers layer;
    std::deque<LayerBuffers> of_threads; ///< where each thread takes rows through a layer by itself
    WaveBuffers wave;
    FrozenBuffers frozen;
    EntryBuffers entry;
    /// Tests plant faults here: whatever a wave computes, cells and controls alike, it computes of the plan that this
    /// leaves, for values that come from this run. Empty otherwise.
    std::function<void(CellPlan &, const BatchRuns &, const Run &source)> fault;
};

/// work(i, buffers) for each i of [0, count), shared out to the threads, each with buffers of its own.
void each_alone(Workspace &all, int64_t count, const std::function<void(int64_t, LayerBuffers &)> &work);

} // namespace patchbay::detail
