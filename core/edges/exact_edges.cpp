#include "edges/detail/exact_edges.h"

#include "patching/detail/wave.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

namespace patchbay::detail {

Edit edge_edit(const EdgeGraph &graph, int reader, at::Tensor change, std::shared_ptr<const RowMap> rows)
{
    const EdgeReader at = graph.reader(reader);
    Edit edit;
    edit.value = Edit::Value::Tensor;
    edit.add = true;
    edit.tensor = std::move(change);
    edit.rows = std::move(rows);
    edit.layer = at.layer;
    edit.head = at.head;
    switch (at.kind) {
    case EdgeReader::Kind::Query:
        edit.site = Site::Q;
        break;
    case EdgeReader::Kind::Key:
        edit.site = Site::K;
        break;
    case EdgeReader::Kind::Value:
        edit.site = Site::V;
        break;
    case EdgeReader::Kind::Mlp:
        edit.site = Site::MlpPre;
        break;
    case EdgeReader::Kind::Logits:
        edit.site = Site::ResidPre;
        edit.layer = graph.layers();
        break;
    }
    return edit;
}

namespace {

/// What the schedule reads while it goes on.
struct ExactEdges {
    struct Part { ///< of one group of prompts
        std::shared_ptr<const RowMap> rows;
        std::vector<int> first; ///< [prompts]
        std::unique_ptr<HeadEntry> entry;
        std::optional<Wave> wave;
        std::unique_ptr<WriterChanges> changes; ///< while the group's runs are there
        int64_t rows_of_all = -1;               ///< CellPlan::rows_of_all
    };
    EdgeGraph graph;
    std::vector<Edge> edges;
    std::unique_ptr<Replacements> by;
    SweepPlan plan; ///< of the whole batch
    std::vector<Part> parts;
    std::vector<double> flops;                      ///< [readers]
    int64_t rows = 0;                               ///< of any cell
    size_t most_kept = 0;                           ///< bytes of changes
    std::map<std::tuple<int, int, int>, Part> some; ///< by group and prompts: on these of them alone
};

// whole: that of all the group's prompts, where rows are of some of them; null: it is this one.
ExactEdges::Part part_of(Session::Impl &in, const BatchRuns &runs, std::shared_ptr<const RowMap> rows, bool flipped,
                         Metric metric, const ExactEdges::Part *whole)
{
    ExactEdges::Part part;
    part.rows = std::move(rows);
    for (int p = 0; p < runs.layout().prompts; ++p)
        part.first.push_back(part.rows->first(p, runs.layout().end[size_t(p)]));
    if (whole)
        for (int p = 0; p < runs.layout().prompts; ++p)
            part.rows_of_all =
                std::max<int64_t>(part.rows_of_all, 0) + runs.layout().end[size_t(p)] + 1 - whole->first[size_t(p)];
    if (!whole || whole->entry)
        part.entry = in.head_entry(runs, flipped, part.first);
    part.wave.emplace(runs, flipped, metric, in.work, part.entry.get());
    return part;
}

CellPlan plan_of(const ExactEdges &sweep, const ExactEdges::Part &part, int reader, at::Tensor change = {})
{
    CellPlan plan;
    plan.start = part.first;
    plan.rows_of_all = part.rows_of_all;
    plan.edits.push_back(edge_edit(sweep.graph, reader, std::move(change), part.rows));
    return plan;
}

std::vector<float> compute(ExactEdges &sweep, ExactEdges::Part &part, const std::vector<int> &chosen,
                           const CancelToken &cancel)
{
    std::vector<CellPlan> plans;
    for (const int i : chosen) {
        const Edge edge = sweep.edges[size_t(i)];
        plans.push_back(plan_of(sweep, part, edge.reader, part.changes->of(edge.writer)));
    }
    if (part.changes->bytes() > sweep.most_kept) // the plans hold what they need
        part.changes->forget();
    return part.wave->run(plans, cancel);
}

} // namespace

std::unique_ptr<RunSteps> begin_exact_edges(Session::Impl &in, const std::vector<Edge> &edges,
                                            const std::vector<float> &estimates, const EdgeEstimate &what,
                                            RunResult empty, const RunObserver &observer, const CancelToken &cancel)
{
    const auto sweep = std::make_shared<ExactEdges>();
    const bool flipped = what.direction == Direction::Denoise;
    sweep->graph = EdgeGraph(in.model->config());
    sweep->edges = edges;
    sweep->by = std::make_unique<Replacements>(what.replacement, flipped, in.groups, cancel);
    sweep->most_kept = in.resources.memory_budget / 8;
    sweep->flops.resize(size_t(sweep->graph.readers()));
    for (int g = 0; g < in.groups.count(); ++g) {
        const BatchRuns &runs = in.groups[g].runs;
        ExactEdges::Part part =
            part_of(in, runs, edge_rows(runs.layout(), what.replacement), flipped, what.metric, nullptr);
        for (int reader = 0; reader < sweep->graph.readers(); ++reader)
            sweep->flops[size_t(reader)] += part.wave->flops(plan_of(*sweep, part, reader));
        sweep->rows += part.rows->count();
        sweep->parts.push_back(std::move(part));
    }
    Grid grid = make_grid(empty.spec, edge_grid, {"edge"}, {int(edges.size())}, in.batch.prompts);
    grid.direction = what.direction;
    for (int i = 0; i < int(edges.size()); ++i) {
        CellPlan plan;
        plan.cell = i;
        sweep->plan.plans.push_back(std::move(plan));
    }
    sweep->plan.base_flipped = flipped;
    sweep->plan.grids = {grid};
    empty.grids = {std::move(grid)};

    Schedule schedule;
    schedule.arrays = empty.arrays;
    schedule.flops = [sweep](int i) { return sweep->flops[size_t(sweep->edges[size_t(i)].reader)]; };
    schedule.rows = [sweep](int) { return sweep->rows; };
    schedule.rows_at_once = in.rows_at_once();
    schedule.least_chunk_flops = in.least_chunk_flops();
    schedule.compute = [&in, sweep, flipped, metric = what.metric](const std::vector<int> &chosen, PromptRange prompts,
                                                                   const CancelToken &token) {
        const SignalsHeldOff held = in.enter();
        return through_groups(in.groups, prompts, chosen.size(), token, [&](int g) {
            const PromptRange own = in.groups.within(g, prompts);
            ExactEdges::Part &whole = sweep->parts[size_t(g)];
            const int all = in.groups[g].prompts();
            const bool some = own != PromptRange{0, all};
            if (const auto key = std::tuple(g, own.first, own.stop); some && !sweep->some.contains(key))
                sweep->some.emplace(
                    key,
                    part_of(in, in.groups[g].runs, rows_of_prompts(*whole.rows, all, own), flipped, metric, &whole));
            ExactEdges::Part &part = some ? sweep->some.at({g, own.first, own.stop}) : whole;
            const Forgetting<HeadEntry> kept(in.groups.split() ? part.entry.get() : nullptr);
            // Also where other work has had the runs dropped and made again since the last chunk: the same numbers.
            if (in.groups.split() || !part.changes)
                part.changes = std::make_unique<WriterChanges>(in.groups[g].runs, sweep->graph, *sweep->by, part.rows);
            std::vector<float> values = in_pieces(
                chosen, in.rows_at_once(), [&](int) { return part.rows->count(); },
                [&](const std::vector<int> &piece) { return compute(*sweep, part, piece, token); });
            if (in.groups.split())
                part.changes.reset();
            return values;
        });
    };
    schedule.estimate = [estimates, scale = empty.baseline.scale()](const CancelToken &) {
        std::vector<float> normalised;
        for (const float estimate : estimates)
            normalised.push_back(float(double(estimate) / scale));
        return normalised;
    };
    const std::vector<float> &base = in.base_values(what.metric, flipped);
    return begin_schedule({sweep, &sweep->plan}, std::move(schedule), base, std::move(empty), observer);
}

} // namespace patchbay::detail
