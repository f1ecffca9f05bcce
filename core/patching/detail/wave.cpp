#include "patching/detail/wave.h"

#include <cstring>
#include <set>

namespace patchbay::detail {

Wave::Wave(const BatchRuns &runs, bool base_flipped, Metric metric, Workspace &work, HeadEntry *entry, bool own)
    : m_runs(runs), m_model(runs.model()), m_base(runs.run(base_flipped)), m_source(runs.run(base_flipped == own)),
      m_base_flipped(base_flipped), m_metric(metric), m_work(work), m_layers(m_model.config().n_layers),
      m_D(m_model.config().d_model), m_entry(entry)
{
}

std::pair<int, Stage> Wave::joins(const CellPlan &plan)
{
    std::pair<int, Stage> first{1 << 20, Stage::Input};
    for (const Edit &edit : plan.edits)
        first = std::min(first, {edit.layer, stage(edit)});
    return first;
}

bool Wave::end_row_only(const CellPlan &plan, int layers)
{
    const auto [layer, at] = joins(plan);
    return layer >= layers || (layer == layers - 1 && at != Stage::Input);
}

int64_t Wave::rows(const CellPlan &plan, const BatchLayout &layout)
{
    int64_t rows = 0;
    for (int p = 0; p < layout.prompts; ++p)
        rows += layout.end[size_t(p)] + 1 - plan.start[size_t(p)];
    return rows;
}

double Wave::flops(const CellPlan &plan) const
{
    const ModelConfig &c = m_model.config();
    const auto [layer, at] = joins(plan);
    const double row = m_model.traits().row_flops(), n = double(rows(plan, m_runs.layout()));
    int64_t ends = 0;
    for (int p = 0; p < m_runs.layout().prompts; ++p)
        ends += plan.start[size_t(p)] <= m_runs.layout().end[size_t(p)];
    const double head = 2.0 * c.d_head * c.d_model;
    double total = 0;
    if (layer < c.n_layers && at == Stage::Heads)
        total += (end_row_only(plan, c.n_layers) ? double(ends) : n) * head
            + (c.parallel ? 0 : m_model.traits().mlp_flops() * n);
    else if (layer < c.n_layers && at != Stage::Input)
        total += m_model.traits().mlp_flops() * n;
    const int first_full = at == Stage::Input ? layer : layer + 1;
    const double kv = 2.0 * c.d_model * 2.0 * c.n_kv_heads
        * c.d_head; // the last layer needs keys and values of all rows, the rest at END
    for (int l = first_full; l < c.n_layers; ++l)
        total += l < c.n_layers - 1 ? row * n : kv * n + (row - kv) * double(ends);
    if (const size_t heads = entering_heads(plan).size(); heads > 0)
        total -= m_entry->saved_flops(int64_t(n), int64_t(heads), m_model.traits().qkv_width() + c.d_mlp);
    return total;
}

void on_prompts(CellPlan &plan, PromptRange wanted, const BatchLayout &layout)
{
    if (wanted == PromptRange{0, layout.prompts})
        return;
    plan.rows_of_all = Wave::rows(plan, layout);
    for (int p = 0; p < layout.prompts; ++p)
        if (p < wanted.first || p >= wanted.stop)
            plan.start[size_t(p)] = layout.end[size_t(p)] + 1;
}

std::vector<int> Wave::entering_heads(const CellPlan &plan) const
{
    const auto [layer, at] = joins(plan);
    if (!m_entry || at != Stage::Heads || layer + 1 >= m_layers - 1)
        return {};
    std::set<int> heads;
    for (const Edit &edit : plan.edits) {
        // Anything else that changes the stream in between is not of low rank; a change of the MLP's input needs the
        // normed rows.
        const bool streams = edit.layer == layer
            ? edit.head < 0 || stage(edit) != Stage::Heads
            : edit.layer == layer + 1 && (stage(edit) == Stage::Input || stage(edit) == Stage::Mlp);
        if (streams)
            return {};
        if (edit.layer == layer)
            heads.insert(edit.head);
    }
    const int64_t all = plan.rows_of_all < 0 ? rows(plan, m_runs.layout()) : plan.rows_of_all;
    if (!m_entry->pays(all, int64_t(heads.size())))
        return {};
    return {heads.begin(), heads.end()};
}

bool Wave::enters(const Segment &segment, int layer) const
{
    return m_entering.count(segment.plan) != 0 && joins(*segment.plan).first == layer - 1;
}

void Wave::place(std::span<const CellPlan> plans)
{
    std::vector<const CellPlan *> order;
    for (const CellPlan &plan : plans)
        order.push_back(&plan);
    std::stable_sort(order.begin(), order.end(),
                     [](const CellPlan *a, const CellPlan *b) { return joins(*a) < joins(*b); });
    m_segments.clear();
    int64_t row = 0;
    for (const CellPlan *plan : order) {
        const bool end_only = end_row_only(*plan, m_layers);
        for (int p = 0; p < m_runs.layout().prompts; ++p) {
            const int end = m_runs.layout().end[size_t(p)];
            if (plan->start[size_t(p)] > end)
                continue;
            const int first = end_only ? end : plan->start[size_t(p)];
            m_segments.push_back({plan, p, first, end - first + 1, row});
            row += end - first + 1;
        }
    }
    m_x = m_work.wave.stream.floats(row * m_D);

    m_entering.clear();
    m_rank = 0;
    for (const CellPlan &plan : plans)
        if (std::vector<int> heads = entering_heads(plan); !heads.empty()) {
            m_rank = std::max(m_rank, int64_t(heads.size()) * m_model.config().d_head);
            m_entering[&plan] = std::move(heads);
        }
    m_dz = m_work.wave.entering_dz.floats(row * m_rank);
}

const std::vector<Edit> &Wave::edits(const CellPlan *plan) const
{
    return m_layer_edits.of(plan);
}

// The edits of this layer, with changes of what a query, key or value reads already carried through norms and
// projection.
void Wave::collect_edits(int layer, std::span<const Segment> active, std::span<const Segment> joining)
{
    m_layer_edits.clear();
    const auto collect = [&](std::span<const Segment> segments, bool from_stream) {
        m_layer_edits.collect(layer, segments, from_stream, size_t(m_runs.layout().prompts),
                              m_model.traits().norms_queries(),
                              [this](const auto &...what) { return this->materialised(what...); });
    };
    collect(active, true);
    collect(joining, false);
}

// Replaces (or adds to) rows of the residual stream that is in x, whose first row is m_x's row x_row0 (END rows only
// when end_only).
void Wave::change_stream(int layer, Site site, std::span<const Segment> segments, float *x, int64_t x_row0,
                         bool end_only) const
{
    int64_t end_row = 0;
    for (const Segment &s : segments) {
        const int64_t first_row = end_only ? end_row++ : s.row - x_row0;
        const int first = end_only ? s.first + s.count - 1 : s.first, count = end_only ? 1 : s.count;
        for (const Edit &edit : s.plan->edits) {
            if (edit.layer != layer || edit.site != site)
                continue;
            for (int i = 0; i < count; ++i) {
                const int64_t from = edit.rows->find(s.prompt, first + i);
                if (from < 0)
                    continue;
                float *row = x + (first_row + i) * m_D;
                if (edit.value == Edit::Value::Zero) {
                    std::memset(row, 0, size_t(m_D) * sizeof(float));
                } else if (edit.value == Edit::Value::Tensor) {
                    const float *value = edit.tensor.data_ptr<float>() + from * m_D;
                    if (edit.add)
                        kernels().axpy(1.f, value, row, m_D);
                    else
                        std::memcpy(row, value, size_t(m_D) * sizeof(float));
                } else {
                    const at::Tensor &source =
                        site == Site::ResidMid ? m_source.mid[size_t(layer)] : m_source.resid[size_t(layer)];
                    std::memcpy(row, source.data_ptr<float>() + m_runs.layout().row(s.prompt, first + i) * m_D,
                                size_t(m_D) * sizeof(float));
                }
            }
        }
    }
}

void Wave::join_input(const Segment &s, int layer)
{
    std::memcpy(m_x + s.row * m_D,
                m_base.resid[size_t(layer)].data_ptr<float>() + m_runs.layout().row(s.prompt, s.first) * m_D,
                size_t(s.count) * size_t(m_D) * sizeof(float));
}

std::vector<float> Wave::run(std::span<const CellPlan> plans, const CancelToken &cancel, EndRows *ends)
{
    if (!m_work.fault)
        return run_plans(plans, cancel, ends);
    return run_plans(with_fault(m_work, plans, m_runs, m_source), cancel, ends);
}

std::vector<float> Wave::run_plans(std::span<const CellPlan> plans, const CancelToken &cancel, EndRows *ends)
{
    place(plans);
    size_t active = 0;
    const auto joining_end = [&](int layer, bool input) {
        size_t end = active;
        while (end < m_segments.size()) {
            const auto [l, at] = joins(*m_segments[end].plan);
            if (l > layer || (input && at != Stage::Input))
                break;
            ++end;
        }
        return end;
    };
    for (int l = 0; l <= m_layers; ++l) {
        const size_t inputs = joining_end(l, true);
        for (size_t i = active; i < inputs; ++i)
            join_input(m_segments[i], l);
        active = inputs;
        const std::span<Segment> all(m_segments);
        change_stream(l, Site::ResidPre, all.first(active), m_x, 0, false);
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
    return read_out(plans, ends);
}

std::vector<float> Wave::read_out(std::span<const CellPlan> plans, EndRows *ends) const
{
    EndRows rows{at::empty({int64_t(m_segments.size()), m_D}, at::kFloat), {}, {}};
    float *normed = rows.normed.data_ptr<float>();
    for (const Segment &s : m_segments) {
        m_model.final_norm().apply(m_x + (s.row + s.count - 1) * m_D, normed + int64_t(rows.plans.size()) * m_D, 1);
        rows.plans.push_back(int(s.plan - plans.data()));
        rows.prompts.push_back(s.prompt);
    }
    std::vector<float> values = metric_values(m_runs, m_base_flipped, m_metric, plans.size(), rows);
    if (ends)
        *ends = std::move(rows);
    return values;
}

} // namespace patchbay::detail
