#include "patching/detail/passes.h"

#include "patching/detail/device_frozen.h"
#include "patching/detail/device_wave.h"
#include "patching/detail/frozen_pass.h"
#include "patching/detail/wave.h"

#include <algorithm>

namespace patchbay::detail {

std::unique_ptr<CellPass> cell_pass(const BatchRuns &runs, bool base_flipped, Metric metric, Workspace &work,
                                    HeadEntry *entry, bool own)
{
    if (runs.model().device())
        return std::make_unique<DeviceWave>(runs, base_flipped, metric, work, own);
    return std::make_unique<Wave>(runs, base_flipped, metric, work, entry, own);
}

std::unique_ptr<SenderPass> sender_pass(const BatchRuns &runs, bool base_flipped, bool zero,
                                        std::shared_ptr<const RowMap> rows, Workspace &work, HeadEntry *entry, bool own,
                                        int64_t rows_of_all)
{
    if (runs.model().device())
        return std::make_unique<DeviceFrozen>(runs, base_flipped, zero, std::move(rows), own);
    return std::make_unique<FrozenPass>(runs, base_flipped, zero, std::move(rows), work, entry, own, rows_of_all);
}

std::vector<CellPlan> with_fault(const Workspace &work, std::span<const CellPlan> plans, const BatchRuns &runs,
                                 const Run &source)
{
    std::vector<CellPlan> faulty(plans.begin(), plans.end());
    for (CellPlan &plan : faulty)
        work.fault(plan, runs, source);
    return faulty;
}

std::vector<float> metric_values(const BatchRuns &runs, bool base_flipped, Metric metric, size_t plans,
                                 const EndRows &rows)
{
    const auto P = size_t(runs.layout().prompts);
    const std::vector<float> &base = runs.values(metric, base_flipped);
    std::vector<float> values(plans * P), own(rows.prompts.size());
    for (size_t i = 0; i < plans; ++i)
        std::copy(base.begin(), base.end(), values.begin() + std::ptrdiff_t(i * P));
    runs.readout(metric).values(rows.normed.data_ptr<float>(), rows.prompts, own.data());
    for (size_t i = 0; i < own.size(); ++i)
        values[size_t(rows.plans[i]) * P + size_t(rows.prompts[i])] = own[i];
    return values;
}

} // namespace patchbay::detail
