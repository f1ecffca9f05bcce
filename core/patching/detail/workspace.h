// The buffers of a session's passes, by what they hold.
#pragma once

#include "block/detail/buffer.h"

#include <functional>

namespace patchbay::detail {

struct CellPlan;
class BatchRuns;
struct Run;

struct WaveBuffers {
    Buffer stream;      ///< [rows, D] residual stream of all cells of a chunk
    Buffer entering_dz; ///< [rows, entering heads * d]
    // of one block of rows in a layer
    Buffer normed, mlp_input, mlp_change; ///< [rows, D]
    Buffer qkv;                           ///< [rows, S]
    Buffer z;                             ///< [rows, H d]
    Buffer ends, ends_normed;             ///< [segments, D] the last layer's END rows
    Buffer q_end;                         ///< [segments, H d]
    // of cells that join
    Buffer join_input, join_normed; ///< [rows, D]
    Buffer join_dz;                 ///< [rows, d]
};

struct FrozenBuffers {
    Buffer stream;                ///< [sets * R, D]
    Buffer normed, record_normed; ///< [rows, D]
    Buffer recorded;              ///< [rows, receivers * d]
};

/// HeadEntry's.
struct EntryBuffers {
    Buffer write;                       ///< [heads * d, D]
    Buffer through_qkv, through_hidden; ///< [heads * d, S], [heads * d, M]
    Buffer base_rows;                   ///< [rows, D]
};

struct Workspace {
    BlockBuffers block;
    WaveBuffers wave;
    FrozenBuffers frozen;
    EntryBuffers entry;
    /// Tests plant faults here: whatever a wave computes, cells and controls alike, it computes of the plan that this
    /// leaves, for values that come from this run. Empty otherwise.
    std::function<void(CellPlan &, const BatchRuns &, const Run &source)> fault;
};

} // namespace patchbay::detail
