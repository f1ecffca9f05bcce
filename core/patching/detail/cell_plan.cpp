#include "patching/detail/cell_plan.h"

namespace patchbay::detail {

RowMap::RowMap(std::vector<std::vector<int>> rows) : m_rows(std::move(rows))
{
    for (const std::vector<int> &list : m_rows) {
        m_offset.push_back(m_count);
        m_count += int64_t(list.size());
    }
}

std::vector<std::pair<int, int>> RowMap::list() const
{
    std::vector<std::pair<int, int>> all;
    for (int p = 0; p < int(m_rows.size()); ++p)
        for (const int pos : m_rows[size_t(p)])
            all.emplace_back(p, pos);
    return all;
}

void spread(CellPlan &plan)
{
    for (Edit &edit : plan.edits) {
        if (!edit.by_position.defined())
            continue;
        std::vector<int64_t> positions;
        for (const auto &row : edit.rows->list())
            positions.push_back(row.second);
        edit.tensor = edit.by_position.index_select(0, at::tensor(positions, at::kLong));
    }
}

Part part_of(Site site)
{
    switch (site) {
    case Site::K:
    case Site::KInput:
        return Part::Key;
    case Site::V:
    case Site::VInput:
        return Part::Value;
    default:
        return Part::Query;
    }
}

std::vector<int> positions_of(const std::vector<std::pair<int, int>> &rows)
{
    std::vector<int> out;
    for (const auto &row : rows)
        out.push_back(row.second);
    return out;
}

Stage stage(const Edit &edit)
{
    return info(edit.site).stage;
}

} // namespace patchbay::detail
