// Attention of many pieces of many prompts at once: pieces of equal length are one batch.
#pragma once

#include "device/detail/tensor_block.h"

#include <functional>
#include <span>
#include <vector>

namespace patchbay::detail {

/// Queries at `count` following positions of one prompt, from `q_first` on, and where the rows of its keys are:
/// position j < first in row prefix + j, the others in own + j − first. prefix: the prompt's first row in a packed run.
struct Attending {
    int64_t query; ///< row of the first query
    int64_t q_first, count;
    int64_t prefix, first, own;
    int64_t head = 0;   ///< of those that attend by themselves
    size_t segment = 0; ///< whose it is, for the caller
    int64_t keys() const { return q_first + count; }
};

/// Pieces of one count, whose keys are padded to one number T. On the device of the pieces' tensors.
struct AttendingBatch {
    std::span<const Attending> pieces;      ///< [B]
    int64_t keys = 0;                       ///< T
    at::Tensor key_rows;                    ///< [B, T]; what is padded names a row that is there
    at::Tensor query_rows, positions;       ///< [B, count]
    at::Tensor prompt_keys, prompt_queries; ///< the same positions' rows in a packed run, [B, T] and [B, count]
    at::Tensor heads;                       ///< [B]
};

/// Sorts the pieces, cuts long ones, and calls with one batch after the other; floats_per_score: of every query and
/// key, so that a batch stays within what a device has room for.
void attending_batches(std::vector<Attending> pieces, int64_t floats_per_score, int64_t floats_per_key,
                       const at::Device &device, const std::function<void(const AttendingBatch &)> &work);

/// z of all heads: q [rows, H d], kv [rows, 2 G d], turned; → rows of z [rows of q, H d], in place.
void attend_rows(const TensorBlock &block, const at::Tensor &q, const at::Tensor &kv, std::vector<Attending> pieces,
                 at::Tensor &z);

/// Numbers of rows on their way to a device.
at::Tensor indices(const std::vector<int64_t> &rows, const at::Device &device);

} // namespace patchbay::detail
