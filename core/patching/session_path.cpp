// Path patching: a frozen pass for what arrives at the receivers, then the base run with the receivers replaced.
#include "patching/detail/control_cells.h"
#include "patching/detail/frozen_pass.h"
#include "patching/detail/path_ends.h"
#include "patching/detail/path_estimate.h"
#include "patching/detail/session_impl.h"
#include "patching/detail/wave.h"

#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <tuple>

namespace patchbay {

using namespace detail;

namespace {

/// What is patched along which paths, whatever the prompts: sender sets × receiver groups, one of which is a single
/// one.
struct Paths {
    Paths(const PathPatch &path, const ModelConfig &c, const Terms &what)
        : config(c), terms(what), mlps(path.direct_includes_mlps), sets(sender_sets(path.senders, c)),
          groups(receiver_groups(path.receivers, c))
    {
    }
    const ModelConfig config;
    const Terms terms;
    const bool mlps;
    const std::vector<SenderSet> sets;
    const std::vector<std::vector<Node>> groups;

    size_t cells() const { return sets.size() * groups.size(); }
    const SenderSet &set_of(size_t cell) const { return sets[sets.size() > 1 ? cell : 0]; }
    const std::vector<Node> &group_of(size_t cell) const { return groups[groups.size() > 1 ? cell : 0]; }
    /// Floats of a row that the receivers of one cell are recorded in.
    size_t recorded() const
    {
        size_t floats = 0;
        for (const Node &receiver : groups.front())
            floats += size_t(!mlps                               ? config.d_model
                                 : per_head(receiver.site)       ? config.d_head
                                 : receiver.site == Site::MlpPre ? config.d_mlp
                                                                 : config.d_model);
        return floats;
    }
};

/// The paths on one group of prompts.
class PathPart {
public:
    /// whole: that of all the group's prompts, where rows are of some of them; null: it is this one.
    PathPart(std::shared_ptr<const Paths> paths, const Session::Impl &session, const BatchRuns &runs,
             std::shared_ptr<const RowMap> rows, Workspace &work, const PathPart *whole = nullptr)
        : m_paths(std::move(paths)), m_runs(runs), m_rows(std::move(rows)), m_first(first_of(*m_rows)),
          m_rows_of_all(whole ? whole->changed_rows() : -1),
          m_entry(whole && !whole->m_entry ? nullptr
                                           : session.head_entry(m_runs, m_paths->terms.base_flipped, m_first)),
          m_wave(m_runs, m_paths->terms.base_flipped, m_paths->terms.metric, work, m_entry.get()),
          m_pass(m_runs, m_paths->terms.base_flipped, m_paths->terms.zero, m_rows, work, m_entry.get(), false,
                 whole ? whole->m_rows->count() : -1),
          m_cells(cell_pass(m_runs, m_paths->terms.base_flipped, m_paths->terms.metric, work, m_entry.get())),
          m_senders(sender_pass(m_runs, m_paths->terms.base_flipped, m_paths->terms.zero, m_rows, work, m_entry.get(),
                                false, whole ? whole->m_rows->count() : -1))
    {
        for (size_t cell = 0; cell < m_paths->cells(); ++cell) {
            const CellPlan plan = skeleton(cell);
            // Whole numbers, so that their sum does not depend on the order.
            m_flops.push_back((m_paths->mlps ? std::round(m_pass.flops(m_paths->set_of(cell), m_paths->group_of(cell))
                                                          / double(m_paths->groups.size()))
                                             : 0)
                              + (plan.edits.empty() ? 0 : m_wave.flops(plan)));
            m_cell_rows.push_back(
                plan.edits.empty() ? 0 : std::max<int64_t>(m_rows->count(), Wave::rows(plan, m_runs.layout())));
        }
    }
    PathPart(const PathPart &) = delete; // wave and pass refer to its entry
    PathPart &operator=(const PathPart &) = delete;

    double flops(int cell) const { return m_flops[size_t(cell)]; }
    int64_t rows(int cell) const { return m_cell_rows[size_t(cell)]; }
    /// Gives back what is kept of the runs.
    void forget()
    {
        m_pass.forget();
        m_senders->forget();
        if (m_entry)
            m_entry->forget();
    }

    std::vector<float> compute(const std::vector<int> &chosen, const CancelToken &cancel, EndRows *ends)
    {
        return m_cells->run(plans_of(chosen, cancel), cancel, ends);
    }

    Begun begin(const std::vector<int> &chosen, const CancelToken &cancel)
    {
        return m_cells->begin(plans_of(chosen, cancel), cancel);
    }

    std::vector<CellPlan> plans_of(const std::vector<int> &chosen, const CancelToken &cancel)
    {
        std::vector<CellPlan> plans;
        if (m_rows->count() == 0) { // other groups' prompts have rows that change
            for (const int i : chosen)
                plans.push_back(skeleton(size_t(i)));
        } else if (m_paths->sets.size() > 1) {
            std::vector<SenderSet> sets;
            for (const int i : chosen)
                sets.push_back(m_paths->sets[size_t(i)]);
            const Records records = record(sets, m_paths->groups.front(), cancel);
            for (size_t n = 0; n < chosen.size(); ++n)
                plans.push_back(plan(m_paths->groups.front(), records.values[n]));
        } else {
            std::vector<Node> receivers;
            for (const int i : chosen)
                receivers.insert(receivers.end(), m_paths->group_of(size_t(i)).begin(),
                                 m_paths->group_of(size_t(i)).end());
            const Records records = record({m_paths->sets.front()}, receivers, cancel);
            size_t at = 0;
            for (const int i : chosen) {
                const size_t count = m_paths->group_of(size_t(i)).size();
                plans.push_back(plan(m_paths->group_of(size_t(i)),
                                     {records.values[0].begin() + std::ptrdiff_t(at),
                                      records.values[0].begin() + std::ptrdiff_t(at + count)}));
                at += count;
            }
        }
        return plans;
    }

    /// add(set, first-order effect of the set, summed over the prompts); sweeps of senders only.
    void estimate(const std::function<void(size_t, double)> &add, const CancelToken &cancel)
    {
        if (m_rows->count() == 0)
            return;
        const PathGradients gradients =
            path_gradients(m_runs, m_paths->terms, m_paths->mlps, m_paths->groups.front(), m_rows, cancel);
        for (size_t i = 0; i < m_paths->sets.size(); ++i) {
            cancel.check();
            for (const FrozenPass::Change &change : m_pass.changes(m_paths->sets[i])) {
                const std::vector<at::Tensor> &g =
                    change.site == Site::MlpOut ? gradients.after_mlp : gradients.after_attention;
                add(i, double((change.rows * g[size_t(change.layer)]).sum().item<float>()));
            }
        }
    }

    /// The cell's plan without values: which layers it touches and how many rows, for ordering and arithmetic.
    CellPlan skeleton(size_t cell) const
    {
        CellPlan plan;
        for (const Node &receiver : m_paths->group_of(cell)) {
            bool reached = false;
            for (const Node &sender : m_paths->set_of(cell))
                reached = reached || reaches(sender, receiver, m_paths->config.parallel);
            if (reached)
                plan.edits.push_back(receiver_edit(receiver, {}, false, m_rows));
        }
        set_starts(plan, m_runs.layout());
        plan.rows_of_all = m_rows_of_all;
        return plan;
    }
    const RowMap &row_map() const { return *m_rows; }

private:
    /// That a cell changes which changes any.
    int64_t changed_rows() const
    {
        int64_t rows = 0;
        for (size_t p = 0; p < m_first.size(); ++p)
            rows += m_runs.layout().end[p] + 1 - m_first[p];
        return rows;
    }

    std::vector<int> first_of(const RowMap &rows) const
    {
        std::vector<int> first;
        for (int p = 0; p < m_runs.layout().prompts; ++p)
            first.push_back(rows.first(p, m_runs.layout().end[size_t(p)]));
        return first;
    }

    Records record(const std::vector<SenderSet> &sets, const std::vector<Node> &receivers, const CancelToken &cancel)
    {
        return m_paths->mlps ? m_senders->run(sets, receivers, cancel) : m_senders->changes(sets, receivers);
    }

    CellPlan plan(const std::vector<Node> &receivers, const std::vector<at::Tensor> &values)
    {
        CellPlan plan;
        for (size_t r = 0; r < receivers.size(); ++r)
            // A receiver that no sender reaches lies before all that are reached: it holds what it holds in the base
            // run anyway.
            if (values[r].defined())
                plan.edits.push_back(receiver_edit(receivers[r], values[r], !m_paths->mlps, m_rows));
        set_starts(plan, m_runs.layout());
        plan.rows_of_all = m_rows_of_all;
        return plan;
    }

    const std::shared_ptr<const Paths> m_paths;
    const BatchRuns &m_runs;
    const std::shared_ptr<const RowMap> m_rows;
    const std::vector<int> m_first; ///< [prompts] first row that anything changes
    const int64_t m_rows_of_all;    ///< CellPlan::rows_of_all
    const std::unique_ptr<HeadEntry> m_entry;
    Wave m_wave;       ///< of which this counts the arithmetic
    FrozenPass m_pass; ///< the same, and for estimates
    const std::unique_ptr<CellPass> m_cells;
    const std::unique_ptr<SenderPass> m_senders;
    std::vector<double> m_flops;
    std::vector<int64_t> m_cell_rows;
};

/// A path patching run: its cells, and what computes them on each group of prompts.
struct PathSweep {
    PathSweep(const RunSpec &spec, const PathPatch &path, Session::Impl &session)
        : paths(std::make_shared<const Paths>(path, session.engine->config(), terms_of(spec)))
    {
        if (path.senders.sweep && path.receivers.sweep)
            throw Error("receivers",
                        "either senders or receivers can be swept, not both: name a fixed sender list for a sweep of "
                        "receivers");
        if (path.positions.kind == Positions::Kind::Each)
            throw Error(
                "positions",
                "each is for activation patching; path patching takes all, a role such as end or io, or a list");
        if (path.ablation == Ablation::Mean)
            throw Error("ablate", "the senders' new value can be the other run's or zero");
        plan.base_flipped = paths->terms.base_flipped;
        std::vector<std::string> axes;
        std::vector<int> shape;
        if (const std::optional<Site> site = path.senders.sweep ? path.senders.sweep : path.receivers.sweep) {
            axes.push_back("layer");
            shape.push_back(paths->config.n_layers);
            if (per_head(*site)) {
                axes.push_back("head");
                shape.push_back(paths->config.n_heads);
            }
        }
        plan.grids.push_back(make_grid(spec, "path", axes, shape, session.batch.prompts));
        rows = rows_of(path, session);
        for (int g = 0; g < session.groups.count(); ++g)
            parts.emplace_back(paths, session, session.groups[g].runs, rows_of_group(*rows, session.groups[g]),
                               session.work);
        for (size_t cell = 0; cell < paths->cells(); ++cell) {
            plan.plans.push_back(parts.front().skeleton(cell)); // only its edits' nodes are looked at
            plan.plans.back().cell = int(cell);
        }
    }

    std::shared_ptr<const RowMap> rows_of(const PathPatch &path, const Session::Impl &session) const
    {
        const BatchLayout &layout = session.groups.layout();
        bool end_enough = true;
        for (const std::vector<Node> &group : paths->groups)
            for (const Node &node : group)
                end_enough = end_enough && end_is_enough(node, paths->config);
        std::vector<int> first = first_rows(path.ablation != Ablation::Zero, layout);
        if (end_enough)
            for (size_t p = 0; p < first.size(); ++p)
                first[p] = std::max(first[p], layout.end[p]);
        return chosen_rows(path.positions, session.batch, layout, first);
    }

    const std::shared_ptr<const Paths> paths;
    SweepPlan plan;
    std::shared_ptr<const RowMap> rows; ///< of the whole batch: what senders change and receivers read
    std::deque<PathPart> parts;

    /// A group's paths on some of its prompts.
    PathPart &part(int group, PromptRange prompts, Session::Impl &session)
    {
        PathPart &whole = parts[size_t(group)];
        const PromptGroup &of = session.groups[group];
        if (prompts == PromptRange{0, of.prompts()})
            return whole;
        const auto [found, made] = m_some.try_emplace({group, prompts.first, prompts.stop});
        if (made)
            found->second = std::make_unique<PathPart>(
                paths, session, of.runs, rows_of_prompts(whole.row_map(), of.prompts(), prompts), session.work, &whole);
        return *found->second;
    }

private:
    std::map<std::tuple<int, int, int>, std::unique_ptr<PathPart>> m_some; ///< by group and prompts
};

} // namespace

std::unique_ptr<RunSteps> Session::Impl::begin_path(const RunSpec &spec, const RunObserver &observer)
{
    const auto path = std::make_shared<PathSweep>(spec, *spec.as<PathPatch>(), *this);
    Schedule schedule;
    schedule.flops = [path](int i) {
        double sum = 0;
        for (const PathPart &part : path->parts)
            sum += part.flops(i);
        return sum;
    };
    schedule.rows = [path](int i) {
        int64_t sum = 0;
        for (const PathPart &part : path->parts)
            sum += part.rows(i);
        return sum;
    };
    schedule.rows_at_once = rows_at_once(path->paths->recorded());
    schedule.scale = chunk_scale();
    schedule.least_chunk_flops = least_chunk_flops();
    schedule.derived = derived(spec, path->plan.plans.size());
    schedule.groups = groups.count();
    schedule.keeps_ends = [this, spec] { return !ends.of(KeptEnds::key(spec)).empty(); };
    schedule.compute = [this, path, key = kept_key(spec, observer)](const std::vector<int> &chosen, PromptRange prompts,
                                                                    const CancelToken &token) {
        const SignalsHeldOff held = enter();
        return through_groups(groups, prompts, chosen.size(), token, [&](int g) {
            PathPart &part = path->part(g, groups.within(g, prompts), *this);
            const Forgetting<PathPart> kept(groups.split() ? &part : nullptr);
            return in_pieces(
                chosen, rows_at_once(path->paths->recorded()), [&](int i) { return part.rows(i); },
                [&](const std::vector<int> &piece) {
                    return keeping_ends(key, g, piece, [&](EndRows *rows) { return part.compute(piece, token, rows); });
                });
        });
    };
    schedule.begin = begin_chunk(
        kept_key(spec, observer), [path](int i) { return path->parts.front().rows(i); }, path->paths->recorded(),
        [path](const std::vector<int> &piece, const CancelToken &token) {
            return path->parts.front().begin(piece, token);
        });
    schedule.controls = [this, path, spec](PromptRange prompts, const CancelToken &token) {
        const SignalsHeldOff held = enter();
        return path_controls(spec, batch, prompts, *path->rows, groups, work, token);
    };
    if (estimates_first() && path->paths->sets.size() > 1
        && has_estimates(path->paths->terms.metric, path->paths->terms.base_flipped))
        schedule.estimate = [this, path, scale = baselines.at(metric_of(spec)).scale()](const CancelToken &token) {
            const SignalsHeldOff held = enter();
            GroupSums sums(groups.count(), path->paths->cells());
            groups.each(token, [&](int g) {
                PathPart &part = path->parts[size_t(g)];
                const Forgetting<PathPart> kept(groups.split() ? &part : nullptr);
                part.estimate([&](size_t set, double effect) { sums.at(g, set) += effect; }, token);
            });
            std::vector<float> out;
            for (size_t i = 0; i < path->paths->cells(); ++i)
                out.push_back(float(sums.total(i) / (double(batch.prompts) * scale)));
            return out;
        };
    return begin_schedule({path, &path->plan}, std::move(schedule),
                          base_values(metric_of(spec), path->plan.base_flipped), begin(spec, path->plan), observer);
}

} // namespace patchbay
