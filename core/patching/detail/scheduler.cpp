#include "patching/detail/scheduler.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

namespace patchbay::detail {

namespace {

// Some tenths of a second's work on two cores: long enough for large products, short enough to change plans. Not made to fit the measured speed:
// the sizes of products decide their rounding, and the same spec shall give the same bytes.
constexpr double largest_chunk_flops = 8e10, smallest_chunk_flops = 1e9;
constexpr double first_chunk_flops = 2e9;
// A short sweep is seen to fill in, too.
constexpr int chunks_at_least = 10;

class Runner {
public:
    Runner(const SweepPlan &sweep, const Schedule &schedule, const std::vector<float> &base_values, RunResult &result, const RunObserver &observer)
        : m_sweep(sweep), m_schedule(schedule), m_base(base_values), m_result(result), m_observer(observer), m_start(std::chrono::steady_clock::now())
    {
    }

    bool run(const CancelToken &cancel)
    {
        m_total = int(m_sweep.plans.size());
        take_known();
        try {
            compute(take_while(first_chunk_flops), cancel);
            if (!m_open.empty() && m_schedule.estimate && m_observer.estimates)
                rank(m_schedule.estimate(cancel));
            double left = 0;
            for (const int i : m_open)
                left += m_schedule.flops(i);
            const double chunk = std::clamp(left / chunks_at_least, smallest_chunk_flops, largest_chunk_flops);
            while (!m_open.empty())
                compute(take_while(chunk), cancel);
        } catch (const Cancelled &) {
            return false;
        }
        return true;
    }

private:
    double elapsed() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }

    // Cells that need no computing: nothing changes in them, or an earlier, stopped run has them.
    void take_known()
    {
        const int P = m_result.grids.empty() ? 0 : m_result.grids.front().prompts;
        std::vector<int> known;
        std::vector<float> values;
        for (int i = 0; i < m_total; ++i) {
            const CellPlan &plan = m_sweep.plans[size_t(i)];
            const Grid *earlier = m_observer.resume ? m_observer.resume->grid(m_result.grids[size_t(plan.grid)].name) : nullptr;
            if (earlier && earlier->prompts == P && size_t(plan.cell) < earlier->state.size() && earlier->state[size_t(plan.cell)] == CellState::Exact) {
                known.push_back(i);
                const auto cell = earlier->cell(plan.cell);
                values.insert(values.end(), cell.begin(), cell.end());
            } else if (m_schedule.rows(i) == 0) {
                known.push_back(i);
                values.insert(values.end(), m_base.begin(), m_base.end());
            } else {
                m_open.push_back(i);
            }
        }
        std::stable_sort(m_open.begin(), m_open.end(), [&](int a, int b) { return m_schedule.flops(a) < m_schedule.flops(b); });
        deliver(known, values, false);
    }

    // The first open cells, those of the wanted head before all others, up to this much work (at least one).
    std::vector<int> take_while(double flops)
    {
        if (const std::optional<Head> wanted = m_observer.priority ? m_observer.priority->wanted() : std::nullopt)
            std::stable_partition(m_open.begin(), m_open.end(), [&](int i) { return is_head(i, *wanted); });
        std::vector<int> chosen;
        double sum = 0;
        int64_t rows = 0;
        for (const int i : m_open) {
            sum += m_schedule.flops(i);
            rows += m_schedule.rows(i);
            if (!chosen.empty() && (sum > flops || rows > m_schedule.rows_at_once))
                break;
            chosen.push_back(i);
        }
        m_open.erase(m_open.begin(), m_open.begin() + std::ptrdiff_t(chosen.size()));
        return chosen;
    }

    bool is_head(int i, Head head) const
    {
        const CellPlan &plan = m_sweep.plans[size_t(i)];
        const Grid &grid = m_result.grids[size_t(plan.grid)];
        const CellPlace place = grid.at(plan.cell);
        return place.layer == head.layer && (place.head < 0 || place.head == head.head);
    }

    void compute(const std::vector<int> &chosen, const CancelToken &cancel)
    {
        if (chosen.empty())
            return;
        cancel.check();
        deliver(chosen, m_schedule.compute(chosen, cancel), true);
    }

    void rank(const std::vector<float> &estimates)
    {
        FinishedCells message;
        message.state = CellState::Estimated;
        for (size_t g = 0; g < m_result.grids.size(); ++g) {
            Grid &grid = m_result.grids[g];
            grid.estimate.assign(grid.state.size(), std::numeric_limits<float>::quiet_NaN());
            message.grid = int(g);
            message.cells.clear();
            message.per_prompt.clear();
            for (size_t i = 0; i < m_sweep.plans.size(); ++i) {
                const CellPlan &plan = m_sweep.plans[i];
                if (plan.grid != int(g) || std::isnan(estimates[i]))
                    continue;
                grid.estimate[size_t(plan.cell)] = estimates[i];
                if (grid.state[size_t(plan.cell)] == CellState::Exact)
                    continue;
                grid.state[size_t(plan.cell)] = CellState::Estimated;
                message.cells.push_back(plan.cell);
                message.per_prompt.push_back(estimates[i]);
            }
            if (m_observer.finished && !message.cells.empty())
                m_observer.finished(message);
        }
        const auto weight = [&](int i) { return std::isnan(estimates[size_t(i)]) ? 0.f : std::abs(estimates[size_t(i)]); };
        std::stable_sort(m_open.begin(), m_open.end(), [&](int a, int b) { return weight(a) > weight(b); });
    }

    void deliver(const std::vector<int> &chosen, const std::vector<float> &values, bool computed)
    {
        std::map<int, FinishedCells> by_grid;
        for (size_t n = 0; n < chosen.size(); ++n) {
            const CellPlan &plan = m_sweep.plans[size_t(chosen[n])];
            Grid &grid = m_result.grids[size_t(plan.grid)];
            const size_t P = size_t(grid.prompts);
            std::copy_n(values.begin() + std::ptrdiff_t(n * P), P, grid.per_prompt.begin() + std::ptrdiff_t(size_t(plan.cell) * P));
            grid.state[size_t(plan.cell)] = CellState::Exact;
            FinishedCells &message = by_grid[plan.grid];
            message.grid = plan.grid;
            message.cells.push_back(plan.cell);
            message.per_prompt.insert(message.per_prompt.end(), values.begin() + std::ptrdiff_t(n * P), values.begin() + std::ptrdiff_t((n + 1) * P));
            if (computed)
                m_result.flops += m_schedule.flops(chosen[n]);
        }
        if (computed && m_result.first_exact_seconds < 0)
            m_result.first_exact_seconds = elapsed();
        m_done += int(chosen.size());
        if (m_observer.finished)
            for (const auto &[grid, message] : by_grid)
                m_observer.finished(message);
        if (m_observer.progress)
            m_observer.progress(m_done, m_total);
    }

    const SweepPlan &m_sweep;
    const Schedule &m_schedule;
    const std::vector<float> &m_base;
    RunResult &m_result;
    const RunObserver &m_observer;
    const std::chrono::steady_clock::time_point m_start;
    std::vector<int> m_open;
    int m_done = 0, m_total = 0;
};

} // namespace

bool run_schedule(const SweepPlan &sweep, const Schedule &schedule, const std::vector<float> &base_values, RunResult &result,
                  const RunObserver &observer, const CancelToken &cancel)
{
    return Runner(sweep, schedule, base_values, result, observer).run(cancel);
}

} // namespace patchbay::detail
