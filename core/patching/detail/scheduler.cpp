#include "patching/detail/scheduler.h"

#include "patching/computed_on.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace patchbay::detail {

namespace {

// Some tenths of a second's work on two cores: long enough for large products, short enough to change plans. Not made
// to fit the measured speed: the sizes of products decide their rounding, and the same spec shall give the same bytes.
constexpr double largest_chunk_flops = 8e10, smallest_chunk_flops = 1e9;
constexpr double first_chunk_flops = 2e9;
// A short sweep is seen to fill in, too.
constexpr int chunks_at_least = 10;

class ScheduledRun : public RunSteps {
public:
    ScheduledRun(std::shared_ptr<const SweepPlan> sweep, Schedule schedule, const std::vector<float> &base_values,
                 RunResult empty, const RunObserver &observer)
        : m_sweep(std::move(sweep)), m_schedule(std::move(schedule)), m_base(base_values), m_result(std::move(empty)),
          m_observer(observer), m_prompts(m_result.grids.empty() ? 0 : m_result.grids.front().prompts),
          m_arrays(m_schedule.arrays), m_ranges(ranges_of(observer.share)),
          m_total(int(std::count_if(m_ranges.begin(), m_ranges.end(), [](PromptRange r) { return r.stop > r.first; })))
    {
        if (m_observer.share) // what other runs have kept is no part of it
            m_schedule.derived.clear();
        if (m_observer.resume && exact_cells(*m_observer.resume) > 0)
            m_result.computed_on = computed_on_both(m_observer.resume->computed_on, m_result.computed_on, ", then ");
    }

    bool step(const CancelToken &cancel) override
    {
        if (m_next == Part::Ended)
            return false;
        m_step_start = std::chrono::steady_clock::now();
        try {
            advance(cancel);
            if (m_open.empty() && !m_begun) {
                add_controls(cancel); // a chunk of their own: cells round as they would without them
                end(true);
            }
        } catch (const Cancelled &) {
            finish_begun();
            end(false);
        }
        m_seconds = elapsed();
        return m_next != Part::Ended;
    }

    RunResult &result() override { return m_result; }

private:
    enum class Part { Derived, First, Ranking, Chunks, Ended };

    void advance(const CancelToken &cancel)
    {
        switch (m_next) {
        case Part::Derived:
            if (m_derived == 0)
                start();
            cancel.check();
            if (m_derived < m_schedule.derived.size()) {
                derive(m_schedule.derived[m_derived++]);
                return;
            }
            m_next = Part::First;
            [[fallthrough]];
        case Part::First:
            if (std::all_of(m_open.begin(), m_open.end(), [this](int i) { return m_known[size_t(i)]; })) {
                m_open.clear();
                return;
            }
            compute(take_while(std::max(first_chunk_flops * m_schedule.scale, m_schedule.least_chunk_flops)), cancel);
            m_next = Part::Ranking;
            return;
        case Part::Ranking: {
            const bool rankable = m_schedule.estimate && m_observer.estimates;
            if (rankable)
                rank(m_schedule.estimate(cancel));
            double left = 0;
            for (const int i : m_open)
                left += m_schedule.flops(i);
            m_chunk = std::max(
                std::clamp(left / chunks_at_least, smallest_chunk_flops, largest_chunk_flops * m_schedule.scale),
                m_schedule.least_chunk_flops);
            m_next = Part::Chunks;
            if (rankable)
                return;
            [[fallthrough]];
        }
        case Part::Chunks:
            if (m_schedule.begin && !m_observer.share) {
                go_on(cancel);
                return;
            }
            while (!compute(take_while(m_chunk), cancel) && !m_open.empty()) {
            }
            return;
        case Part::Ended:
            return;
        }
    }

    void start()
    {
        if (m_observer.tell)
            m_observer.tell(Started{m_result});
        take_known();
    }

    // The values of a plan that some passes are kept of, once all are there.
    void derive(const Schedule::Derived &pass)
    {
        const std::vector<float> read = pass.values();
        for (const int plan : pass.plans)
            m_partly.try_emplace(plan, 0, m_base);
        for (size_t i = 0; i < read.size(); ++i)
            m_partly.at(pass.plans[size_t(pass.where[i].first)]).second[size_t(pass.where[i].second)] = read[i];
        std::vector<int> whole;
        std::vector<float> values;
        for (const int plan : pass.plans) {
            auto &[passes, of_plan] = m_partly.at(plan);
            if (++passes < m_schedule.groups || m_known[size_t(plan)])
                continue;
            whole.push_back(plan);
            values.insert(values.end(), of_plan.begin(), of_plan.end());
            m_partly.erase(plan);
        }
        if (!whole.empty())
            deliver(whole, values, true);
        for (const int plan : whole) // the others keep their company, as beside an earlier run's
            m_known[size_t(plan)] = true;
    }

    void end(bool complete)
    {
        m_next = Part::Ended;
        tell(Done{RunEnd{complete, elapsed(), m_arrays, {}, m_schedule.keeps_ends && m_schedule.keeps_ends()}});
    }

    // The result is what its own events make of it: whoever hears them has the same.
    void tell(const Event &event)
    {
        apply(m_result, event);
        if (m_observer.tell)
            m_observer.tell(event);
    }

    /// Of computing: what other work takes between two steps is not counted.
    double elapsed() const
    {
        return m_seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - m_step_start).count();
    }

    /// [plans] the prompts on which each is computed: all, where there is no share; none, where it is not in it.
    std::vector<PromptRange> ranges_of(const RunShare *share) const
    {
        std::vector<PromptRange> ranges(m_sweep->plans.size(), share ? PromptRange{} : PromptRange{0, m_prompts});
        if (!share)
            return ranges;
        std::map<std::pair<std::string_view, int>, PromptRange> wanted;
        for (const SharePart &part : share->parts)
            for (const int cell : part.cells)
                wanted[{part.grid, cell}] = part.prompts;
        for (size_t i = 0; i < ranges.size(); ++i) {
            const CellPlan &plan = m_sweep->plans[i];
            if (m_schedule.rows(int(i)) == 0) // known without computing: everybody has it
                ranges[i] = {0, m_prompts};
            else if (const auto found = wanted.find({m_sweep->grids[size_t(plan.grid)].name, plan.cell});
                     found != wanted.end())
                ranges[i] = {std::max(found->second.first, 0), std::min(found->second.stop, m_prompts)};
        }
        return ranges;
    }

    void add_controls(const CancelToken &cancel)
    {
        const PromptRange all{0, m_prompts}, range = m_observer.share ? m_observer.share->controls : all;
        if (!m_schedule.controls || range.stop <= range.first)
            return;
        for (auto &[name, array] : m_schedule.controls(range, cancel)) {
            for (size_t i = 0; i < array.floats().size(); ++i)
                if (const int prompt = int(i % size_t(m_prompts)); prompt < range.first || prompt >= range.stop)
                    array.floats()[i] = std::numeric_limits<float>::quiet_NaN();
            m_arrays[name] = std::move(array);
        }
    }

    bool whole(int i) const { return m_ranges[size_t(i)] == PromptRange{0, m_prompts}; }

    // What an earlier run has of a cell, or of those of its prompts that are wanted; null: not all of them.
    const float *values_before(int i, const Grid *earlier) const
    {
        const int cell = m_sweep->plans[size_t(i)].cell;
        const PromptRange range = m_ranges[size_t(i)];
        if (!earlier || earlier->prompts != m_prompts || size_t(cell) >= earlier->state.size()
            || (m_observer.share && range.stop <= range.first))
            return nullptr;
        const std::span<const float> values = earlier->cell(cell);
        if (earlier->state[size_t(cell)] == CellState::Exact)
            return values.data();
        if (whole(i) || std::any_of(values.begin() + range.first, values.begin() + range.stop, [](float value) {
                return std::isnan(value);
            }))
            return nullptr;
        return values.data();
    }

    // Cells that need no computing: nothing changes in them, or an earlier, stopped run has them. The latter keep their
    // places in the order: the others are computed in the same company as without that run, and round as they would.
    void take_known()
    {
        std::vector<int> known;
        std::vector<float> values;
        m_known.assign(m_sweep->plans.size(), false);
        for (int i = 0; i < int(m_sweep->plans.size()); ++i) {
            const CellPlan &plan = m_sweep->plans[size_t(i)];
            const Grid *earlier =
                m_observer.resume ? m_observer.resume->grid(m_result.grids[size_t(plan.grid)].name) : nullptr;
            if (m_schedule.rows(i) == 0) {
                known.push_back(i);
                values.insert(values.end(), m_base.begin(), m_base.end());
            } else if (const float *before = values_before(i, earlier)) {
                known.push_back(i);
                m_known[size_t(i)] = true;
                m_open.push_back(i);
                values.insert(values.end(), before, before + m_prompts);
            } else {
                m_open.push_back(i);
            }
        }
        std::stable_sort(m_open.begin(), m_open.end(),
                         [&](int a, int b) { return m_schedule.flops(a) < m_schedule.flops(b); });
        deliver(known, values, false);
    }

    void tell_planned(const std::vector<int> &chosen) const
    {
        if (!m_observer.planned)
            return;
        std::vector<PlannedCell> cells;
        for (const int i : chosen) {
            const CellPlan &plan = m_sweep->plans[size_t(i)];
            cells.push_back({m_sweep->grids[size_t(plan.grid)].name, plan.cell, m_schedule.flops(i)});
        }
        m_observer.planned(cells);
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
            if (!chosen.empty()
                && (sum > flops || (rows > m_schedule.rows_at_once && sum > m_schedule.least_chunk_flops)))
                break;
            chosen.push_back(i);
        }
        m_open.erase(m_open.begin(), m_open.begin() + std::ptrdiff_t(chosen.size()));
        tell_planned(chosen);
        return chosen;
    }

    bool is_head(int i, Head head) const
    {
        const CellPlan &plan = m_sweep->plans[size_t(i)];
        const Grid &grid = m_result.grids[size_t(plan.grid)];
        const CellPlace place = grid.at(plan.cell);
        return place.layer == head.layer && (place.head < 0 || place.head == head.head);
    }

    struct BegunChunk {
        std::vector<int> chosen;
        std::function<std::vector<float>()> values;
    };

    // The next chunk is on its way before what the last one comes to is waited for.
    void go_on(const CancelToken &cancel)
    {
        std::optional<BegunChunk> next;
        while (!next && !m_open.empty()) {
            std::vector<int> chosen = take_while(m_chunk);
            std::erase_if(chosen, [this](int i) { return m_known[size_t(i)]; });
            if (chosen.empty())
                continue;
            cancel.check();
            std::function<std::vector<float>()> values = m_schedule.begin(chosen, cancel);
            next = BegunChunk{std::move(chosen), std::move(values)};
        }
        finish_begun();
        m_begun = std::move(next);
    }

    void finish_begun()
    {
        const std::optional<BegunChunk> begun = std::exchange(m_begun, std::nullopt);
        if (begun)
            deliver(begun->chosen, begun->values(), true);
    }

    /// Whether anything was left to compute.
    bool compute(std::vector<int> chosen, const CancelToken &cancel)
    {
        std::erase_if(chosen, [this](int i) {
            return m_known[size_t(i)] || m_ranges[size_t(i)].stop <= m_ranges[size_t(i)].first;
        });
        if (chosen.empty())
            return false;
        while (!chosen.empty()) { // once, but for a share that has some cells on some prompts
            const PromptRange range = m_ranges[size_t(chosen.front())];
            const auto others = std::stable_partition(chosen.begin(), chosen.end(),
                                                      [&](int i) { return m_ranges[size_t(i)] == range; });
            const std::vector<int> together(chosen.begin(), others);
            chosen.erase(chosen.begin(), others);
            cancel.check();
            deliver(together, m_schedule.compute(together, range, cancel), true);
        }
        return true;
    }

    void rank(const std::vector<float> &estimates)
    {
        std::vector<Cells> by_grid(m_result.grids.size());
        for (size_t g = 0; g < by_grid.size(); ++g) {
            by_grid[g].grid = int(g);
            by_grid[g].state = CellState::Estimated;
        }
        for (size_t i = 0; i < m_sweep->plans.size(); ++i) {
            if (std::isnan(estimates[i]))
                continue;
            Cells &event = by_grid[size_t(m_sweep->plans[i].grid)];
            event.cells.push_back(m_sweep->plans[i].cell);
            event.estimates.push_back(estimates[i]);
        }
        for (const Cells &event : by_grid)
            tell(event);
        const auto weight = [&](int i) {
            return std::isnan(estimates[size_t(i)]) ? 0.f : std::abs(estimates[size_t(i)]);
        };
        std::stable_sort(m_open.begin(), m_open.end(), [&](int a, int b) { return weight(a) > weight(b); });
    }

    void deliver(const std::vector<int> &chosen, const std::vector<float> &values, bool computed)
    {
        std::map<std::pair<int, CellState>, Cells> by_grid;
        for (size_t n = 0; n < chosen.size(); ++n) {
            const CellPlan &plan = m_sweep->plans[size_t(chosen[n])];
            const size_t P = size_t(m_prompts);
            const PromptRange range = m_ranges[size_t(chosen[n])];
            const CellState state = whole(chosen[n]) ? CellState::Exact : CellState::Missing;
            Cells &event = by_grid[{plan.grid, state}];
            event.grid = plan.grid;
            event.state = state;
            event.cells.push_back(plan.cell);
            const size_t at = event.per_prompt.size();
            event.per_prompt.resize(at + P, std::numeric_limits<float>::quiet_NaN());
            std::copy(values.begin() + std::ptrdiff_t(n * P) + range.first,
                      values.begin() + std::ptrdiff_t(n * P) + range.stop,
                      event.per_prompt.begin() + std::ptrdiff_t(at) + range.first);
            // Of a cell on some prompts, whoever has the first of them counts all of it: the sum is that of one run.
            if ((computed || m_known[size_t(chosen[n])]) && range.first == 0)
                event.flops += m_schedule.flops(chosen[n]);
        }
        for (auto &[key, event] : by_grid) {
            if (computed)
                event.seconds = elapsed();
            tell(event);
        }
        m_done += int(chosen.size());
        tell(Progress{m_done, m_total, {}});
    }

    const std::shared_ptr<const SweepPlan> m_sweep;
    Schedule m_schedule;
    const std::vector<float> &m_base;
    RunResult m_result;
    const RunObserver m_observer;
    const int m_prompts;
    ArrayMap m_arrays;                       ///< beside the grids
    const std::vector<PromptRange> m_ranges; ///< [plans] on which prompts it is computed
    Part m_next = Part::Derived;
    size_t m_derived = 0;                                       ///< passes that have been read
    std::map<int, std::pair<int, std::vector<float>>> m_partly; ///< by plan: passes, and values so far [prompts]
    double m_chunk = 0;                                         ///< arithmetic of a chunk
    double m_seconds = 0;                                       ///< of the steps before this one
    std::chrono::steady_clock::time_point m_step_start;
    std::optional<BegunChunk> m_begun; ///< that a device is at work on
    std::vector<int> m_open;           ///< in the order in which they are computed
    std::vector<bool> m_known;         ///< [plans] from an earlier run
    int m_done = 0;
    const int m_total;
};

} // namespace

std::unique_ptr<RunSteps> begin_schedule(std::shared_ptr<const SweepPlan> sweep, Schedule schedule,
                                         const std::vector<float> &base_values, RunResult empty,
                                         const RunObserver &observer)
{
    return std::make_unique<ScheduledRun>(std::move(sweep), std::move(schedule), base_values, std::move(empty),
                                          observer);
}

} // namespace patchbay::detail
