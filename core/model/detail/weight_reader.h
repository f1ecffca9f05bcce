// Reads the tensors of a checkpoint into the places that a family's table gives them. For core's sources only.
#pragma once

#include "base/cancel.h"
#include "model/detail/checkpoint.h"
#include "model/detail/family.h"

#include <ATen/ATen.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace patchbay {

/// Goes through a family's tensors twice: first only names and shapes are checked, so that nothing is allocated for a
/// configuration that does not fit the file; then everything is read. Throws Error naming the file and the tensor.
class WeightReader {
public:
    /// All must live as long as this.
    WeightReader(const Checkpoint &checkpoint, const std::function<void(double)> &progress, const CancelToken &cancel)
        : m_checkpoint(checkpoint), m_progress(progress), m_cancel(cancel)
    {
    }
    void start_reading() { m_reading = true; }
    bool has(const std::string &tensor) const { return m_checkpoint.tensors().contains(tensor); }

    /// Undefined until reading has started, as all tensors here.
    at::Tensor make(at::IntArrayRef shape, at::ScalarType type = at::kFloat) const
    {
        return m_reading ? at::empty(shape, type) : at::Tensor();
    }
    void ignore(const std::string &tensor) { m_known.insert(tensor); }

    /// As it lies in the file, but for the first `skipped` rows.
    at::Tensor plain(const std::string &tensor, const std::vector<int64_t> &shape, int64_t skipped = 0,
                     at::ScalarType type = at::kFloat);
    /// A torch Linear weight [out, in] as [in, out].
    at::Tensor linear(const std::string &tensor, int64_t out_size, int64_t in_size);
    /// Two matrices [in, out], which a torch Linear weight [2 out, in] holds one after the other.
    std::pair<at::Tensor, at::Tensor> two_linear(const std::string &tensor, int64_t out_size, int64_t in_size);
    /// The outputs of a product with x [in_size], heads side by side, each to its own place: units[i] is where the i-th
    /// d of them go, a matrix [in_size, d].
    void heads(const std::string &tensor, bool linear, const std::vector<float *> &units, int64_t d, int64_t in_size);
    /// Their biases: units[i] is a row [d].
    void head_biases(const std::string &tensor, const std::vector<float *> &units, int64_t d);

    /// Refuses whatever no one asked for, unless it is a buffer, or its name begins with one of `ignored`.
    void check_extra(const ModelConfig &config, const std::vector<std::string> &ignored) const;

private:
    void read(const std::string &tensor, const std::vector<int64_t> &shape, const Checkpoint::Rows &rows);
    /// Rows [rows_total, columns] in groups of group_rows; group g becomes the transposed matrix that place(g) points
    /// at
    /// ([columns, group_rows], with the row stride of that matrix).
    void transposed(const std::string &tensor, int64_t rows_total, int64_t columns, int64_t group_rows,
                    const std::function<float *(int64_t group)> &place);

    const Checkpoint &m_checkpoint;
    const std::function<void(double)> &m_progress;
    const CancelToken &m_cancel;
    bool m_reading = false;
    int64_t m_elements = 0, m_elements_read = 0;
    std::set<std::string> m_known;
};

} // namespace patchbay
