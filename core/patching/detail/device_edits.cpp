#include "patching/detail/device_edits.h"

namespace patchbay::detail {

int64_t DeviceEdits::first_row(const at::Tensor &tensor)
{
    const auto [found, added] = m_first.try_emplace(tensor.unsafeGetTensorImpl(), m_rows);
    if (added) {
        m_tensors.push_back(tensor);
        m_rows += tensor.size(0);
    }
    return found->second;
}

void DeviceEdits::add(const Edit &edit, int64_t from, int64_t to, int64_t source)
{
    switch (edit.value) {
    case Edit::Value::Zero:
        m_zero.push_back(to);
        break;
    case Edit::Value::Source:
        m_copy_to.push_back(to);
        m_copy_from.push_back(source);
        break;
    case Edit::Value::Tensor:
        (edit.add ? m_add_to : m_set_to).push_back(to);
        (edit.add ? m_add_from : m_set_from).push_back(first_row(edit.tensor) + from);
        break;
    }
}

void DeviceEdits::apply(at::Tensor x, const at::Tensor &source) const
{
    if (!m_zero.empty())
        x.index_fill_(0, m_model.indices(m_zero), 0);
    if (!m_copy_to.empty())
        x.index_copy_(0, m_model.indices(m_copy_to), source.index_select(0, m_model.indices(m_copy_from)));
    if (m_tensors.empty())
        return;
    std::vector<at::Tensor> there;
    for (const at::Tensor &tensor : m_tensors)
        there.push_back(m_model.to(tensor));
    const at::Tensor rows = there.size() == 1 ? there.front() : at::cat(there);
    if (!m_set_to.empty())
        x.index_copy_(0, m_model.indices(m_set_to), rows.index_select(0, m_model.indices(m_set_from)));
    if (!m_add_to.empty())
        x.index_add_(0, m_model.indices(m_add_to), rows.index_select(0, m_model.indices(m_add_from)));
}

} // namespace patchbay::detail
