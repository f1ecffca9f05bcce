// Attribution patching as a run of its own, and as the estimate that orders a sweep.
#include "patching/detail/attribution.h"
#include "patching/detail/session_impl.h"

namespace patchbay {

using namespace detail;

namespace {

// Sum of a site's row effects over the covered rows of one prompt.
float summed(const RowEffects &effects, const Edit &edit, int prompt, int heads)
{
    const at::Tensor &rows = effects.by_site.at(edit.site);
    const int64_t R = effects.rows->count();
    const float *e = rows.data_ptr<float>() + (rows.dim() == 3 ? int64_t(edit.layer) * heads + edit.head : int64_t(edit.layer)) * R;
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

std::vector<float> Session::Impl::estimate_activation(const RunSpec &spec, const SweepPlan &sweep, const CancelToken &cancel)
{
    std::vector<float> estimates(sweep.plans.size(), std::numeric_limits<float>::quiet_NaN());
    if (ablation_of(spec) == Ablation::Mean)
        return estimates;
    const RowEffects effects = attribution(runs, sweep.base_flipped, ablation_of(spec) == Ablation::Zero, wants_mlp_out(sweep), cancel);
    const double scale = 1.0 / (double(batch.prompts) * cached_baseline->scale());
    for (size_t i = 0; i < sweep.plans.size(); ++i) {
        double sum = 0;
        for (const Edit &edit : sweep.plans[i].edits)
            for (int p = 0; p < batch.prompts; ++p)
                sum += summed(effects, edit, p, model->config().n_heads);
        estimates[i] = float(sum * scale);
    }
    return estimates;
}

RunResult Session::Impl::run_attribution(const RunSpec &spec, const RunObserver &observer, const CancelToken &cancel)
{
    const auto start = std::chrono::steady_clock::now();
    const SweepPlan sweep = plan_activation_patching(spec, batch, runs);
    RunResult result = begin(spec, sweep);
    if (observer.started)
        observer.started(result);
    if (ablation_of(spec) == Ablation::Mean)
        throw Error("ablate", "attribution patching estimates replacement by the other run's value or by zero");
    try {
        const RowEffects effects = attribution(runs, sweep.base_flipped, ablation_of(spec) == Ablation::Zero, wants_mlp_out(sweep), cancel);
        const std::vector<float> &base = runs.run(sweep.base_flipped).logit_diff;
        const int P = batch.prompts, H = model->config().n_heads;
        for (Grid &grid : result.grids)
            grid.estimate.assign(grid.state.size(), std::numeric_limits<float>::quiet_NaN());
        std::vector<std::vector<float>> raw(result.grids.size());
        for (size_t g = 0; g < raw.size(); ++g)
            raw[g].assign(result.grids[g].per_prompt.size(), std::numeric_limits<float>::quiet_NaN());
        for (const CellPlan &plan : sweep.plans) {
            Grid &grid = result.grids[size_t(plan.grid)];
            double total = 0;
            for (int p = 0; p < P; ++p) {
                float sum = 0;
                for (const Edit &edit : plan.edits)
                    sum += summed(effects, edit, p, H);
                const size_t at = size_t(plan.cell) * size_t(P) + size_t(p);
                raw[size_t(plan.grid)][at] = sum;
                grid.per_prompt[at] = base[size_t(p)] + sum;
                total += sum;
            }
            grid.estimate[size_t(plan.cell)] = float(total / (double(P) * result.baseline.scale()));
            grid.state[size_t(plan.cell)] = CellState::Estimated;
        }
        for (size_t g = 0; g < raw.size(); ++g) {
            const Grid &grid = result.grids[g];
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
                    sum += raw[g][c * size_t(P) + size_t(p)];
                means.push_back(float(sum / P));
            }
            mean.values = means;
            per_prompt.values = raw[g];
            result.arrays[site] = mean;
            result.arrays[site + ".per_prompt"] = per_prompt;
        }
        result.complete = true;
    } catch (const Cancelled &) {
        result.complete = false;
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

} // namespace patchbay
