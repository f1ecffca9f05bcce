// Path patching: a frozen pass for what arrives at the receivers, then the base run with the receivers replaced.
#include "model/check_head.h"
#include "patching/detail/frozen_pass.h"
#include "patching/detail/path_estimate.h"
#include "patching/detail/session_impl.h"
#include "patching/detail/wave.h"

namespace patchbay {

using namespace detail;

namespace {

void check_node(const Node &node, const ModelConfig &c, const char *field)
{
    const std::string subject = std::string(field) + " " + to_string(node);
    check_head({node.layer, node.head}, c, subject);
    if (const std::string why = why_absent(node.site, c); !why.empty())
        throw Error(subject, why);
}

std::vector<SenderSet> sender_sets(const Ends &ends, const ModelConfig &c)
{
    const auto check_site = [](Site site) {
        if (!info(site).sends)
            throw Error("senders", name(site) + " cannot send; senders are " + site_names(&SiteInfo::sends));
    };
    std::vector<SenderSet> sets;
    if (ends.sweep) {
        check_site(*ends.sweep);
        check_node({*ends.sweep, 0, -1}, c, "senders");
        for (int l = 0; l < c.n_layers; ++l)
            for (int h = 0; h < (per_head(*ends.sweep) ? c.n_heads : 1); ++h)
                sets.push_back({Node{*ends.sweep, l, per_head(*ends.sweep) ? h : -1}});
        return sets;
    }
    if (ends.nodes.empty())
        throw Error("senders", "name at least one sender, or a site such as z to try every one in turn");
    for (const Node &node : ends.nodes) {
        check_site(node.site);
        check_node(node, c, "senders");
    }
    sets.push_back(ends.nodes);
    return sets;
}

// A pattern receiver stands for the head's query and key.
std::vector<Node> expanded(const Node &node)
{
    if (node.site != Site::Pattern)
        return {node};
    return {{Site::Q, node.layer, node.head}, {Site::K, node.layer, node.head}};
}

std::vector<std::vector<Node>> receiver_groups(const Ends &ends, const ModelConfig &c)
{
    const auto check_site = [](Site site) {
        if (!info(site).receives)
            throw Error("receivers", name(site) + " cannot receive; receivers are " + site_names(&SiteInfo::receives));
    };
    std::vector<std::vector<Node>> groups;
    if (ends.sweep) {
        check_site(*ends.sweep);
        for (int l = 0; l < c.n_layers; ++l)
            for (int h = 0; h < (per_head(*ends.sweep) ? c.n_heads : 1); ++h) {
                const Node node{*ends.sweep, l, per_head(*ends.sweep) ? h : -1};
                check_node(node, c, "receivers");
                groups.push_back(expanded(node));
            }
        return groups;
    }
    if (ends.nodes.empty())
        throw Error("receivers", "name at least one receiver, such as q:9.6 or resid_post:11");
    std::vector<Node> together;
    for (const Node &node : ends.nodes) {
        check_site(node.site);
        check_node(node, c, "receivers");
        if (per_head(node.site) && node.head < 0)
            throw Error("receivers " + to_string(node), "name the head too, such as " + name(node.site) + ":9.6");
        for (const Node &one : expanded(node))
            together.push_back(one);
    }
    groups.push_back(together);
    return groups;
}

// Receivers that only END's row of the last layer can use.
bool end_is_enough(const Node &node, const ModelConfig &c)
{
    if (node.layer != c.n_layers - 1)
        return false;
    return node.site == Site::Q || node.site == Site::QInput || node.site == Site::ResidPost
        || node.site == Site::ResidMid || node.site == Site::MlpPre;
}

// How the wave patches what a receiver holds.
Edit make_edit(const Node &node, const at::Tensor &values, bool add, const std::shared_ptr<const RowMap> &rows)
{
    Edit edit;
    edit.layer = node.layer + info(node.site).reads;
    edit.head = node.head;
    edit.value = Edit::Value::Tensor;
    edit.add = add;
    edit.tensor = values;
    edit.rows = rows;
    switch (node.site) {
    case Site::QInput:
        edit.site = Site::Q;
        break;
    case Site::KInput:
        edit.site = Site::K;
        break;
    case Site::VInput:
        edit.site = Site::V;
        break;
    case Site::ResidPost:
        edit.site = Site::ResidPre;
        break;
    default:
        edit.site = node.site;
    }
    return edit;
}

/// A path patching run: sender sets × receiver groups, one of which is a single one.
class PathSweep {
public:
    PathSweep(const RunSpec &spec, const PathPatch &path, const Session::Impl &session, Workspace &work)
        : m_config(session.runs.model().config()), m_runs(session.runs), m_mlps(path.direct_includes_mlps),
          m_zero(path.ablation == Ablation::Zero), m_sets(sender_sets(path.senders, m_config)),
          m_groups(receiver_groups(path.receivers, m_config)), m_rows(rows_of(path, session.batch)),
          m_first(first_of(*m_rows)), m_entry(session.head_entry(base_is_flipped(spec), m_first)),
          m_wave(m_runs, base_is_flipped(spec), work, m_entry.get()),
          m_pass(m_runs, base_is_flipped(spec), path.ablation == Ablation::Zero, m_rows, work, m_entry.get())
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
        m_sweep.base_flipped = base_is_flipped(spec);
        std::vector<std::string> axes;
        std::vector<int> shape;
        if (const std::optional<Site> site = path.senders.sweep ? path.senders.sweep : path.receivers.sweep) {
            axes.push_back("layer");
            shape.push_back(m_config.n_layers);
            if (per_head(*site)) {
                axes.push_back("head");
                shape.push_back(m_config.n_heads);
            }
        }
        m_sweep.grids.push_back(make_grid(spec, "path", axes, shape, session.batch.prompts));
        const size_t cells = m_sets.size() * m_groups.size();
        for (size_t i = 0; i < cells; ++i) {
            CellPlan plan = skeleton(i);
            plan.cell = int(i);
            // Whole numbers, so that their sum does not depend on the order.
            m_flops.push_back((m_mlps ? std::round(m_pass.flops(set_of(i), group_of(i)) / double(m_groups.size())) : 0)
                              + (plan.edits.empty() ? 0 : m_wave.flops(plan)));
            m_sweep.plans.push_back(std::move(plan));
        }
    }

    const SweepPlan &sweep() const { return m_sweep; }
    double flops(int i) const { return m_flops[size_t(i)]; }
    int64_t rows(int i) const
    {
        return m_sweep.plans[size_t(i)].edits.empty()
            ? 0
            : std::max<int64_t>(m_rows->count(), Wave::rows(m_sweep.plans[size_t(i)], m_runs.layout()));
    }
    const std::vector<SenderSet> &sets() const { return m_sets; }
    size_t kept_bytes() const { return m_entry ? HeadEntry::bytes(m_runs, m_first) : 0; }

    std::vector<float> compute(const std::vector<int> &chosen, const CancelToken &cancel)
    {
        std::vector<CellPlan> plans;
        if (m_sets.size() > 1) {
            std::vector<SenderSet> sets;
            for (const int i : chosen)
                sets.push_back(m_sets[size_t(i)]);
            const Records records = record(sets, m_groups.front(), cancel);
            for (size_t n = 0; n < chosen.size(); ++n)
                plans.push_back(plan(m_groups.front(), records.values[n]));
        } else {
            std::vector<Node> receivers;
            for (const int i : chosen)
                receivers.insert(receivers.end(), group_of(size_t(i)).begin(), group_of(size_t(i)).end());
            const Records records = record({m_sets.front()}, receivers, cancel);
            size_t at = 0;
            for (const int i : chosen) {
                const size_t count = group_of(size_t(i)).size();
                plans.push_back(plan(group_of(size_t(i)),
                                     {records.values[0].begin() + std::ptrdiff_t(at),
                                      records.values[0].begin() + std::ptrdiff_t(at + count)}));
                at += count;
            }
        }
        return m_wave.run(plans, cancel);
    }

    /// Normalised first-order effects of the senders of each cell (sweeps of senders only).
    std::vector<float> estimates(double scale, const CancelToken &cancel)
    {
        std::vector<float> out(m_sweep.plans.size(), std::numeric_limits<float>::quiet_NaN());
        if (m_sets.size() < 2)
            return out;
        const PathGradients gradients =
            path_gradients(m_runs, m_sweep.base_flipped, m_zero, m_mlps, m_groups.front(), m_rows, cancel);
        for (size_t i = 0; i < m_sets.size(); ++i) {
            cancel.check();
            double sum = 0;
            for (const FrozenPass::Change &change : m_pass.changes(m_sets[i])) {
                const std::vector<at::Tensor> &g =
                    change.site == Site::MlpOut ? gradients.after_mlp : gradients.after_attention;
                sum += double((change.rows * g[size_t(change.layer)]).sum().item<float>());
            }
            out[i] = float(sum / (double(m_runs.layout().prompts) * scale));
        }
        return out;
    }

private:
    std::shared_ptr<const RowMap> rows_of(const PathPatch &path, const PromptBatch &batch) const
    {
        bool end_enough = true;
        for (const std::vector<Node> &group : m_groups)
            for (const Node &node : group)
                end_enough = end_enough && end_is_enough(node, m_config);
        std::vector<int> first = first_rows(path.ablation != Ablation::Zero, m_runs.layout());
        if (end_enough)
            for (size_t p = 0; p < first.size(); ++p)
                first[p] = std::max(first[p], m_runs.layout().end[p]);
        return chosen_rows(path.positions, batch, m_runs.layout(), first);
    }

    std::vector<int> first_of(const RowMap &rows) const
    {
        std::vector<int> first;
        for (int p = 0; p < m_runs.layout().prompts; ++p)
            first.push_back(rows.first(p, m_runs.layout().end[size_t(p)]));
        return first;
    }

    const SenderSet &set_of(size_t cell) const { return m_sets[m_sets.size() > 1 ? cell : 0]; }
    const std::vector<Node> &group_of(size_t cell) const { return m_groups[m_groups.size() > 1 ? cell : 0]; }

    Records record(const std::vector<SenderSet> &sets, const std::vector<Node> &receivers, const CancelToken &cancel)
    {
        return m_mlps ? m_pass.run(sets, receivers, cancel) : m_pass.changes(sets, receivers);
    }

    // The cell's plan without values: which layers it touches and how many rows, for ordering and arithmetic.
    CellPlan skeleton(size_t cell) const
    {
        CellPlan plan;
        for (const Node &receiver : group_of(cell)) {
            bool reached = false;
            for (const Node &sender : set_of(cell))
                reached = reached || reaches(sender, receiver, m_config.parallel);
            if (reached)
                plan.edits.push_back(make_edit(receiver, {}, false, m_rows));
        }
        set_starts(plan, m_runs.layout());
        return plan;
    }

    CellPlan plan(const std::vector<Node> &receivers, const std::vector<at::Tensor> &values)
    {
        CellPlan plan;
        for (size_t r = 0; r < receivers.size(); ++r)
            // A receiver that no sender reaches lies before all that are reached: it holds what it holds in the base
            // run anyway.
            if (values[r].defined())
                plan.edits.push_back(make_edit(receivers[r], values[r], !m_mlps, m_rows));
        set_starts(plan, m_runs.layout());
        return plan;
    }

    const ModelConfig m_config;
    const BatchRuns &m_runs;
    const bool m_mlps, m_zero;
    const std::vector<SenderSet> m_sets;
    const std::vector<std::vector<Node>> m_groups;
    const std::shared_ptr<const RowMap> m_rows;
    const std::vector<int> m_first; ///< [prompts] first row that anything changes
    const std::unique_ptr<HeadEntry> m_entry;
    Wave m_wave;
    FrozenPass m_pass;
    SweepPlan m_sweep;
    std::vector<double> m_flops;
};

} // namespace

std::unique_ptr<RunSteps> Session::Impl::begin_path(const RunSpec &spec, const RunObserver &observer)
{
    const auto path = std::make_shared<PathSweep>(spec, *spec.as<PathPatch>(), *this, work);
    Schedule schedule;
    schedule.flops = [path](int i) { return path->flops(i); };
    schedule.rows = [path](int i) { return path->rows(i); };
    schedule.rows_at_once = rows_at_once(path->kept_bytes());
    schedule.compute = [this, path](const std::vector<int> &chosen, const CancelToken &token) {
        const SignalsHeldOff held = enter();
        return path->compute(chosen, token);
    };
    if (path->sets().size() > 1)
        schedule.estimate = [this, path](const CancelToken &token) {
            const SignalsHeldOff held = enter();
            return path->estimates(cached_baseline->scale(), token);
        };
    return begin_schedule({path, &path->sweep()}, std::move(schedule), runs.run(path->sweep().base_flipped).logit_diff,
                          begin(spec, path->sweep()), observer);
}

} // namespace patchbay
