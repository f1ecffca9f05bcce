#include "patching/detail/device_wave.h"

#include "base/error.h"
#include "patching/detail/wave.h"

#include <algorithm>

namespace patchbay::detail {

DeviceWave::DeviceWave(const BatchRuns &runs, bool base_flipped, Metric metric, Workspace &work, bool own)
    : m_runs(runs), m_model(*runs.model().device()), m_base_flipped(base_flipped),
      m_source_flipped(base_flipped == own), m_metric(metric), m_work(work), m_layers(runs.model().config().n_layers),
      m_D(runs.model().config().d_model)
{
}

void DeviceWave::place(std::span<const CellPlan> plans)
{
    std::vector<const CellPlan *> order;
    for (const CellPlan &plan : plans)
        order.push_back(&plan);
    std::stable_sort(order.begin(), order.end(),
                     [](const CellPlan *a, const CellPlan *b) { return Wave::joins(*a) < Wave::joins(*b); });
    m_segments.clear();
    std::vector<int64_t> positions;
    for (const CellPlan *plan : order) {
        const bool end_only = Wave::end_row_only(*plan, m_layers);
        for (int p = 0; p < m_runs.layout().prompts; ++p) {
            const int end = m_runs.layout().end[size_t(p)];
            if (plan->start[size_t(p)] > end)
                continue;
            const int first = end_only ? end : plan->start[size_t(p)];
            m_segments.push_back({plan, p, first, end - first + 1, int64_t(positions.size())});
            for (int pos = first; pos <= end; ++pos)
                positions.push_back(pos);
        }
    }
    const auto rows = int64_t(positions.size());
    m_model.need_rows(rows);
    m_x = at::empty({rows, m_D}, m_model.on());
    m_positions = m_model.indices(positions);
}

const std::vector<Edit> &DeviceWave::edits(const CellPlan *plan) const
{
    return m_layer_edits.of(plan);
}

void DeviceWave::collect_edits(int layer, Segments active, Segments joining)
{
    m_layer_edits.clear();
    const auto collect = [&](Segments segments, bool from_stream) {
        m_layer_edits.collect(layer, segments, from_stream, size_t(m_runs.layout().prompts),
                              m_model.traits().norms_queries(),
                              [this](const auto &...what) { return this->materialised(what...); });
    };
    collect(active, true);
    collect(joining, false);
}

at::Tensor DeviceWave::packed_rows(Segments segments) const
{
    std::vector<int64_t> rows;
    for (const Segment &s : segments)
        for (int pos = s.first; pos <= s.last(); ++pos)
            rows.push_back(packed(s, pos));
    return m_model.indices(rows);
}

DeviceEdits DeviceWave::edits_of(Segments segments, Site site, bool end_only, bool only_added) const
{
    DeviceEdits changes(m_model);
    int64_t row = 0;
    for (const Segment &s : segments)
        for (int pos = end_only ? s.last() : s.first; pos <= s.last(); ++pos, ++row)
            for (const Edit &edit : edits(s.plan))
                if (edit.site == site && (site != Site::MlpPre || edit.add == only_added))
                    if (const int64_t from = edit.rows->find(s.prompt, pos); from >= 0)
                        changes.add(edit, from, row, packed(s, pos));
    return changes;
}

void DeviceWave::change_stream(int layer, Site site, Segments segments, at::Tensor x, bool end_only) const
{
    DeviceEdits changes(m_model);
    int64_t row = 0;
    for (const Segment &s : segments) {
        const int first = end_only ? s.last() : s.first;
        for (const Edit &edit : s.plan->edits)
            if (edit.layer == layer && edit.site == site)
                for (int pos = first; pos <= s.last(); ++pos)
                    if (const int64_t from = edit.rows->find(s.prompt, pos); from >= 0)
                        changes.add(edit, from, row + pos - first, packed(s, pos));
        row += s.last() - first + 1;
    }
    if (!changes.empty())
        changes.apply(x,
                      changes.copies()
                          ? (site == Site::ResidMid ? m_source->mid[size_t(layer)] : m_source->resid[size_t(layer)])
                          : at::Tensor());
}

std::vector<float> DeviceWave::run(std::span<const CellPlan> plans, const CancelToken &cancel, EndRows *ends)
{
    return begin({plans.begin(), plans.end()}, cancel)(ends);
}

Begun DeviceWave::begin(std::vector<CellPlan> plans, const CancelToken &cancel)
{
    m_base = &m_runs.on_device(m_base_flipped);
    m_source = &m_runs.on_device(m_source_flipped);
    const size_t count = plans.size();
    EndRows there = in_parts(
        m_work.fault ? with_fault(m_work, plans, m_runs, m_runs.run(m_source_flipped)) : std::move(plans), cancel);
    return [this, count, there = std::move(there)](EndRows *ends) {
        EndRows rows{there.normed.to(at::kCPU).contiguous(), there.plans, there.prompts};
        std::vector<float> values = metric_values(m_runs, m_base_flipped, m_metric, count, rows);
        if (ends)
            *ends = std::move(rows);
        return values;
    };
}

namespace {

EndRows joined(EndRows a, const EndRows &b, size_t first_plan)
{
    a.normed = at::cat({a.normed, b.normed});
    for (const int plan : b.plans)
        a.plans.push_back(plan + int(first_plan));
    a.prompts.insert(a.prompts.end(), b.prompts.begin(), b.prompts.end());
    return a;
}

} // namespace

EndRows DeviceWave::in_parts(std::vector<CellPlan> plans, const CancelToken &cancel)
{
    const BatchLayout &layout = m_runs.layout();
    int64_t rows = 0;
    int first = layout.prompts, stop = 0; // prompts that change
    for (const CellPlan &plan : plans) {
        rows += Wave::rows(plan, layout);
        for (int p = 0; p < layout.prompts; ++p)
            if (plan.start[size_t(p)] <= layout.end[size_t(p)]) {
                first = std::min(first, p);
                stop = std::max(stop, p + 1);
            }
    }
    const bool divides = plans.size() > 1 || stop - first > 1;
    if (rows <= m_model.room() || !divides) {
        try {
            return run_plans(plans, cancel);
        } catch (const std::exception &error) {
            if (!DeviceModel::out_of_memory(error))
                throw;
            m_x = m_positions = at::Tensor();
            if (!divides)
                throw Error("device " + m_model.name(),
                            "has no room for one cell on one prompt; use --device cpu, or shorter prompts");
        }
        m_model.set_room(rows / 2);
    }
    if (plans.size() > 1) {
        const size_t half = plans.size() / 2;
        const auto middle = plans.begin() + std::ptrdiff_t(half);
        EndRows before = in_parts({plans.begin(), middle}, cancel);
        return joined(std::move(before), in_parts({middle, plans.end()}, cancel), half);
    }
    const int middle = (first + stop) / 2;
    std::vector<CellPlan> others = plans;
    on_prompts(plans.front(), {first, middle}, layout);
    on_prompts(others.front(), {middle, stop}, layout);
    EndRows before = in_parts(std::move(plans), cancel);
    return joined(std::move(before), in_parts(std::move(others), cancel), 0);
}

EndRows DeviceWave::run_plans(std::span<const CellPlan> plans, const CancelToken &cancel)
{
    place(plans);
    size_t active = 0;
    const auto joining_end = [&](int layer, bool input) {
        size_t end = active;
        while (end < m_segments.size()) {
            const auto [l, at] = Wave::joins(*m_segments[end].plan);
            if (l > layer || (input && at != Stage::Input))
                break;
            ++end;
        }
        return end;
    };
    const Segments all(m_segments);
    for (int l = 0; l <= m_layers; ++l) {
        const size_t inputs = joining_end(l, true);
        if (const Segments joining = all.subspan(active, inputs - active); !joining.empty()) {
            const at::Tensor rows = packed_rows(joining);
            m_x.narrow(0, joining.front().row, rows.size(0)).copy_(m_base->resid[size_t(l)].index_select(0, rows));
        }
        active = inputs;
        change_stream(l, Site::ResidPre, all.first(active), m_x, false);
        if (l == m_layers)
            break;
        const size_t joined = joining_end(l, false);
        if (joined == 0)
            continue;
        collect_edits(l, all.first(active), all.subspan(active, joined - active));
        if (active > 0)
            full_layer(l, all.first(active), cancel);
        if (joined > active) {
            cancel.check();
            join_layer(l, all.subspan(active, joined - active));
        }
        active = joined;
    }
    m_layer_edits.clear();
    EndRows rows;
    std::vector<int64_t> ends;
    for (const Segment &s : m_segments) {
        ends.push_back(s.row + s.count - 1);
        rows.plans.push_back(int(s.plan - plans.data()));
        rows.prompts.push_back(s.prompt);
    }
    rows.normed = m_model.final_norm()(m_x.index_select(0, m_model.indices(ends)));
    m_x = m_positions = at::Tensor();
    return rows;
}

} // namespace patchbay::detail
