// An engine's model on a device: its blocks' weights there once, and the two runs of a batch with what sweeps start
// from.
#pragma once

#include "device/detail/attend_rows.h"
#include "device/detail/tensor_block.h"
#include "patching/detail/batch_runs.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace patchbay::detail {

/// One run on the device, all rows up to END, as Run has it, and the heads' outputs.
struct DeviceRun {
    std::vector<at::Tensor> resid; ///< [layers + 1] of [rows, D]
    std::vector<at::Tensor> mid;   ///< [layers] of [rows, D]; serial models only
    std::vector<at::Tensor> qkv;   ///< [layers] of [rows, S]; turned
    std::vector<at::Tensor> z;     ///< [layers] of [rows, H d]
    const at::Tensor &mlp_input(int layer) const { return mid.empty() ? resid[size_t(layer)] : mid[size_t(layer)]; }
};

class DeviceModel {
public:
    /// device: one of devices_here() but "cpu". Throws Error where the weights do not fit it.
    DeviceModel(const EngineModel &model, const std::string &device);

    const std::string &name() const { return m_name; }
    const at::Device &device() const { return m_device; }
    const at::TensorOptions &on() const { return m_on; }
    const TensorBlock &block(int l) const { return m_blocks[size_t(l)]; }
    const BlockTraits &traits() const { return m_blocks.front().traits(); }
    /// Bare, as the engine's.
    const TensorNorm &final_norm() const { return m_final_norm; }
    /// Whether it is something else than the processor.
    bool accelerates() const { return !m_device.is_cpu(); }
    /// Rows that go through a layer at once.
    int64_t block_rows() const { return accelerates() ? int64_t(1) << 14 : detail::block_rows; }

    at::Tensor to(const at::Tensor &tensor) const { return tensor.to(m_on, true); }
    at::Tensor indices(const std::vector<int64_t> &rows) const { return detail::indices(rows, m_device); }

    /// All that follows from embeddings [rows, D], which are on the host, up to the queries, keys and values of layer
    /// `to` (n_layers: all of it). Throws Cancelled.
    DeviceRun run(const at::Tensor &embeddings, const BatchLayout &layout, int to, const CancelToken &cancel) const;
    /// attn_out before a post norm, attn_out and mlp_out of a run: of some of its rows, or (undefined) of all.
    at::Tensor head_sums(const DeviceRun &run, int layer, const at::Tensor &rows = {}) const;
    at::Tensor attn_out(const DeviceRun &run, int layer, const at::Tensor &rows = {}) const;
    at::Tensor mlp_out(const DeviceRun &run, int layer, const at::Tensor &rows = {}) const;

    /// Packed rows of cells that there was room for: smaller once there was none.
    int64_t room() const { return m_room; }
    void set_room(int64_t rows) const { m_room = std::min(m_room, rows); }
    /// Throws what LibTorch throws where there is no room, above so many packed rows: for tests.
    void fail_above(int64_t rows) { m_fail_above = rows; }
    void need_rows(int64_t rows) const;
    /// Whether an exception says that the device has no room.
    static bool out_of_memory(const std::exception &error);

private:
    const std::string m_name;
    const at::Device m_device;
    const at::TensorOptions m_on;
    std::vector<TensorBlock> m_blocks;
    TensorNorm m_final_norm;
    mutable int64_t m_room = std::numeric_limits<int64_t>::max();
    int64_t m_fail_above = std::numeric_limits<int64_t>::max();
};

/// What a batch's two runs are on the device.
struct DeviceRuns {
    DeviceRun clean, flipped; ///< flipped: none where no prompt differs from its counterpart
};

} // namespace patchbay::detail
