#include "edges/detail/edge_groups.h"

namespace patchbay::detail {

EdgeGroups::EdgeGroups(Session::Impl &in, int64_t floats) : m_of_session(in.groups)
{
    // Half of the budget is for the session's cached runs; what is kept here is in the other half.
    const size_t per_row = size_t(floats) * sizeof(float), allowed = in.resources.memory_budget / 2;
    int64_t rows = 0;
    for (int g = 0; g < m_of_session.count(); ++g)
        rows = std::max(rows, m_of_session[g].runs.layout().rows);
    if (size_t(rows) * per_row <= allowed)
        return;
    // Groups of so many rows that runs of their own have room there, too.
    const size_t runs = bytes_per_row(*in.engine);
    m_own.emplace(in.engine, in.batch, size_t(double(allowed) * double(runs) / double(runs + per_row)));
}

} // namespace patchbay::detail
