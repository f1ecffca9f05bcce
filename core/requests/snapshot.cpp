#include "requests/snapshot.h"

#include <algorithm>
#include <utility>

namespace patchbay {

namespace {
constexpr std::chrono::milliseconds interval{50}; // 20 a second
}

void ChangedCells::add(int grid, const std::vector<int> &more)
{
    if (all)
        return;
    cells.resize(std::max(cells.size(), size_t(grid) + 1));
    cells[size_t(grid)].insert(cells[size_t(grid)].end(), more.begin(), more.end());
}

std::optional<Snapshot> SnapshotFeed::hear(const Event &event)
{
    apply(m_result, event);
    const Cells *cells = std::get_if<Cells>(&event);
    if (cells)
        m_changed.add(cells->grid, cells->cells);
    const bool started = std::holds_alternative<Started>(event);
    if (!(started || cells) || !(m_pace.due() || started))
        return std::nullopt;
    return Snapshot{std::make_shared<const RunResult>(m_result), std::exchange(m_changed, ChangedCells::none())};
}

Snapshot SnapshotFeed::last()
{
    m_changed = ChangedCells();
    return {std::make_shared<const RunResult>(std::exchange(m_result, {})), ChangedCells()};
}

bool Pace::due()
{
    const auto now = std::chrono::steady_clock::now();
    if (m_last && now - *m_last < interval)
        return false;
    m_last = now;
    return true;
}

} // namespace patchbay
