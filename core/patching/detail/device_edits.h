// Changes of rows of a tensor on a device, gathered on the host and made at one go.
#pragma once

#include "patching/detail/cell_plan.h"
#include "patching/detail/device_model.h"

#include <map>

namespace patchbay::detail {

class DeviceEdits {
public:
    explicit DeviceEdits(const DeviceModel &model) : m_model(model) { }

    /// Row `to` becomes what the edit says: zero, the row `source` of the source run's tensor, or the edit's own row
    /// `from` (or that is added).
    void add(const Edit &edit, int64_t from, int64_t to, int64_t source);
    bool empty() const { return m_zero.empty() && m_copy_to.empty() && m_set_to.empty() && m_add_to.empty(); }
    bool copies() const { return !m_copy_to.empty(); }
    /// Makes them, in x [rows, width]. source [.., width] is read where copies().
    void apply(at::Tensor x, const at::Tensor &source) const;

private:
    int64_t first_row(const at::Tensor &tensor);

    const DeviceModel &m_model;
    std::vector<int64_t> m_zero, m_copy_to, m_copy_from, m_set_to, m_set_from, m_add_to, m_add_from;
    std::vector<at::Tensor> m_tensors; ///< of edits that bring their rows, below one another
    std::map<const void *, int64_t> m_first;
    int64_t m_rows = 0;
};

} // namespace patchbay::detail
