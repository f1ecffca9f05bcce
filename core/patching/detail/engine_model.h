// A model's blocks with their norms folded, and what lies before and after them: embedding, final norm, the columns of
// the unembedding that a metric reads.
#pragma once

#include "block/detail/block.h"
#include "block/detail/parallel.h"
#include "model/model.h"
#include "patching/detail/readout.h"
#include "patching/session.h"

#include <ATen/ATen.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace patchbay::detail {

/// Rows that go through a layer at once: enough for a matrix product at full rate, few enough that buffers stay in the
/// cache's reach and a cancel is answered quickly.
constexpr int64_t block_rows = 1536;

/// The same of the rows that a thread takes through a layer by itself: near enough to stay in its cache.
constexpr int64_t thread_rows = 384;

/// A block for as long as it is held.
using BlockRef = std::shared_ptr<const Block>;

class DeviceModel;

class EngineModel {
public:
    /// batch_width: positions of the prompts that it will run. Throws Error where the precision or
    /// the device wanted is not there, or the device has no room for the weights.
    EngineModel(std::shared_ptr<const Model> model, int batch_width, const Resources &resources);
    ~EngineModel();

    const ModelConfig &config() const { return m_model->config(); }
    const Model &model() const { return *m_model; }
    Precision precision() const { return m_precision; }
    const Arithmetic &arithmetic() const { return m_arithmetic; }
    /// Whether what a row comes to depends on nothing beside it: then threads take rows through a layer each for
    /// itself, instead of all of them through one product after the other.
    bool rows_are_alone() const { return m_arithmetic.tiles && config().d_mlp % whole_vectors == 0; }
    /// What its products with weights are computed in, for people.
    const std::string &arithmetic_in_words() const { return m_arithmetic_in_words; }
    /// Of a model whose weights are kept in 16 bits, as many of the last layers as there is room for stay widened (they
    /// follow on every change), and of the others the one that was asked for last.
    BlockRef block(int l) const;
    /// Weights of the layers that don't stay widened: each chunk of a sweep widens them again. 0 where all do.
    int64_t widened_again() const;
    /// The sizes, which are those of every block.
    const BlockTraits &traits() const { return m_traits.front(); }
    /// Where runs, waves and frozen passes are computed; null: on the processor, by Block.
    DeviceModel *device() const { return m_device.get(); }
    /// Bare: its weights are in what readout() gives.
    const RowNorm &final_norm() const { return m_final_norm; }

    /// Embedding of one token at one position, [D].
    void embed(int64_t token, int position, float *out) const;

    /// A metric of prompts with these answers; clean as Readout has it.
    Readout readout(Metric metric, const Answers &answers, const at::Tensor &clean = {}) const
    {
        return {m_model, metric, answers, clean};
    }
    /// Whether io is the argmax of the logits at x, for each row of x [rows, D].
    std::vector<uint8_t> rank0(const float *x, int64_t rows, const std::vector<int64_t> &io) const;

private:
    static constexpr int whole_vectors = 32; ///< elements that LibTorch's loops take at once, the rest by itself
    BlockRef make_block(int l) const;
    /// Weights of a layer's matrices.
    int64_t weights_of_layer() const;
    int first_kept() const;

    std::shared_ptr<const Model> m_model;
    std::vector<BlockTraits> m_traits;
    std::vector<Rotary> m_rotary;
    mutable std::mutex m_mutex;
    mutable std::vector<BlockRef> m_blocks; ///< [layer]; null: to be widened
    mutable BlockRef m_last;
    mutable int m_last_layer = -1;
    size_t m_room; ///< bytes that widened layers may take
    Precision m_precision;
    Arithmetic m_arithmetic;
    std::string m_arithmetic_in_words;
    RowNorm m_final_norm;
    std::unique_ptr<DeviceModel> m_device;
};

} // namespace patchbay::detail
