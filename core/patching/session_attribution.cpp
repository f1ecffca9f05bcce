// Attribution patching as a run of its own, and as the estimate that orders a sweep.
#include "patching/detail/attribution.h"
#include "patching/detail/session_impl.h"

#include <chrono>
#include <limits>
#include <utility>

namespace patchbay {

using namespace detail;

namespace {

// Sum of a site's row effects over the covered rows of one prompt.
float summed(const RowEffects &effects, const Edit &edit, int prompt, int heads)
{
    const at::Tensor &rows = effects.by_site.at(edit.site);
    const int64_t R = effects.rows->count();
    const float *e =
        rows.data_ptr<float>() + (rows.dim() == 3 ? int64_t(edit.layer) * heads + edit.head : int64_t(edit.layer)) * R;
    float sum = 0;
    for (const int pos : edit.rows->rows(prompt))
        if (const int64_t r = effects.rows->find(prompt, pos); r >= 0)
            sum += e[r];
    return sum;
}

bool wants_mlp_out(const SweepPlan &sweep)
{
    for (const CellPlan &plan : sweep.plans)
        for (const Edit &edit : plan.edits)
            if (edit.site == Site::MlpOut)
                return true;
    return false;
}

} // namespace

std::vector<float> Session::Impl::estimate_activation(const RunSpec &spec, const SweepPlan &sweep,
                                                      const CancelToken &cancel)
{
    std::vector<float> estimates(sweep.plans.size(), std::numeric_limits<float>::quiet_NaN());
    if (ablation_of(spec) == Ablation::Mean)
        return estimates;
    GroupSums sums(groups.count(), sweep.plans.size());
    groups.each(cancel, [&](int g) {
        const RowEffects effects = attribution(groups[g].runs, terms_of(spec), wants_mlp_out(sweep), cancel);
        GroupedPlans grouped(groups[g]);
        for (size_t i = 0; i < sweep.plans.size(); ++i)
            for (const Edit &edit : grouped(sweep.plans[i]).edits)
                for (int p = 0; p < groups[g].prompts(); ++p)
                    sums.at(g, i) += summed(effects, edit, p, model->config().n_heads);
    });
    const double scale = 1.0 / (double(batch.prompts) * baselines.at(metric_of(spec)).scale());
    for (size_t i = 0; i < sweep.plans.size(); ++i)
        estimates[i] = float(sums.total(i) * scale);
    return estimates;
}

namespace {

/// Attribution patching as a run: one backward pass for all cells (and each group of prompts), so it has one step.
class AttributionRun : public RunSteps {
public:
    AttributionRun(Session::Impl &in, SweepPlan sweep, RunResult empty, Tell tell)
        : m_in(in), m_sweep(std::move(sweep)), m_result(std::move(empty)), m_tell(std::move(tell))
    {
    }

    bool step(const CancelToken &cancel) override
    {
        if (std::exchange(m_ended, true))
            return false;
        const SignalsHeldOff held = m_in.enter();
        const auto start = std::chrono::steady_clock::now();
        if (m_tell)
            m_tell(Started{m_result});
        RunEnd end;
        try {
            for (const Grid &grid : m_result.grids)
                m_raw.emplace_back(grid.per_prompt.size(), std::numeric_limits<float>::quiet_NaN());
            m_in.groups.each(cancel, [&](int g) {
                const PromptGroup &group = m_in.groups[g];
                const RowEffects effects =
                    attribution(group.runs, terms_of(m_result.spec), wants_mlp_out(m_sweep), cancel);
                GroupedPlans grouped(group);
                for (const CellPlan &plan : m_sweep.plans)
                    take(group, grouped(plan), effects);
            });
            std::vector<Cells> by_grid(m_result.grids.size());
            for (const CellPlan &plan : m_sweep.plans)
                add(by_grid[size_t(plan.grid)], plan);
            for (size_t g = 0; g < by_grid.size(); ++g) {
                by_grid[g].grid = int(g);
                tell(by_grid[g]);
                add_arrays(end.arrays, g);
            }
            end.complete = true;
        } catch (const Cancelled &) {
        }
        end.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        tell(Done{std::move(end)});
        return false;
    }

    RunResult &result() override { return m_result; }

private:
    void tell(const Event &event)
    {
        apply(m_result, event);
        if (m_tell)
            m_tell(event);
    }

    // What a cell changes in the prompts of a group.
    void take(const PromptGroup &group, const CellPlan &plan, const RowEffects &effects)
    {
        const auto P = size_t(m_in.batch.prompts);
        for (int p = 0; p < group.prompts(); ++p) {
            float sum = 0;
            for (const Edit &edit : plan.edits)
                sum += summed(effects, edit, p, m_in.model->config().n_heads);
            m_raw[size_t(plan.grid)][size_t(plan.cell) * P + size_t(group.first + p)] = sum;
        }
    }

    void add(Cells &event, const CellPlan &plan) const
    {
        const auto P = size_t(m_in.batch.prompts);
        const std::vector<float> &base = m_in.base_values(metric_of(m_result.spec), m_sweep.base_flipped);
        double total = 0;
        for (size_t p = 0; p < P; ++p) {
            const float sum = m_raw[size_t(plan.grid)][size_t(plan.cell) * P + p];
            event.per_prompt.push_back(base[p] + sum);
            total += double(sum);
        }
        event.state = CellState::Estimated;
        event.cells.push_back(plan.cell);
        event.estimates.push_back(float(total / (double(P) * m_result.baseline.scale())));
    }

    // The same in the metric's own unit: per prompt, and the mean.
    void add_arrays(ArrayMap &arrays, size_t index) const
    {
        const int P = m_in.batch.prompts;
        const Grid &grid = m_result.grids[index];
        const std::vector<float> &raw = m_raw[index];
        const std::string site = "attribution" + grid.name.substr(grid.name.find('.'));
        Array mean, per_prompt;
        for (const int size : grid.shape)
            mean.shape.push_back(size);
        per_prompt.shape = mean.shape;
        per_prompt.shape.push_back(P);
        std::vector<float> means;
        for (size_t c = 0; c < grid.state.size(); ++c) {
            double sum = 0;
            for (int p = 0; p < P; ++p)
                sum += raw[c * size_t(P) + size_t(p)];
            means.push_back(float(sum / P));
        }
        mean.values = std::move(means);
        per_prompt.values = raw;
        arrays[site] = std::move(mean);
        arrays[site + ".per_prompt"] = std::move(per_prompt);
    }

    Session::Impl &m_in;
    const SweepPlan m_sweep;
    RunResult m_result;
    const Tell m_tell;
    std::vector<std::vector<float>> m_raw; ///< by grid: [cells, prompts] change of the metric
    bool m_ended = false;
};

} // namespace

std::unique_ptr<RunSteps> Session::Impl::begin_attribution(const RunSpec &spec, const RunObserver &observer,
                                                           const CancelToken &cancel)
{
    if (ablation_of(spec) == Ablation::Mean)
        throw Error("ablate", "attribution patching estimates replacement by the other run's value or by zero");
    const MetricInfo &metric = info(metric_of(spec));
    if (!metric.slope)
        throw Error("metric", std::string("the ") + metric.words + " has no gradient, and so no first-order estimate");
    if (!has_estimates(metric.metric, base_is_flipped(spec)))
        throw Error("metric",
                    std::string("the ") + metric.words
                        + " is least in the clean run: its gradient there is 0. Estimate denoising, or another metric");
    SweepPlan sweep = plan_activation_patching(spec, batch, groups, cancel);
    RunResult empty = begin(spec, sweep);
    return std::make_unique<AttributionRun>(*this, std::move(sweep), std::move(empty), observer.tell);
}

} // namespace patchbay
