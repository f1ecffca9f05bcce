#include "patching/detail/control_cells.h"

#include "patching/controls.h"
#include "patching/detail/wave.h"
#include "task/python_random.h"

#include <algorithm>
#include <limits>
#include <set>

namespace patchbay::detail {

namespace {

constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

/// What is patched so that END holds all that comes from the source run, at as few rows as will do.
struct Whole {
    std::vector<Site> sites;   ///< in every layer
    std::optional<Site> first; ///< in the first layer, instead
    bool end_only = false;     ///< at END; otherwise wherever the runs differ
    bool heads = true;         ///< rests on END's token being the same in both runs
    bool last_only = false;    ///< in the last layer alone: what is replaced there was of no use before
};

// With every head's output at END from the source run, END's stream is the source run's. q, k and v of all rows
// together give every head's output, as do pattern and v. Attention's output is patched in the first layer, where it is
// all that changes.
Whole whole(Site site)
{
    switch (site) {
    case Site::Q:
    case Site::K:
    case Site::V:
        return {{Site::Q, Site::K, Site::V}, {}, false, true, false};
    case Site::Pattern:
        return {{Site::Pattern, Site::V}, {}, false, true, false};
    case Site::AttnOut:
        return {{Site::Z}, Site::AttnOut, true, true, false};
    case Site::MlpOut:
        return {{Site::Z, Site::MlpOut}, {}, true, true, false};
    case Site::ResidPre:
    case Site::ResidMid:
    case Site::ResidPost:
        return {{site}, {}, false, false, true};
    default:
        return {{Site::Z}, {}, true, true, false};
    }
}

std::vector<Whole> wholes(const SiteSweep &sweep)
{
    std::vector<Whole> all;
    for (const Site site : sweep.sites) {
        const Whole one = whole(site);
        if (std::none_of(all.begin(), all.end(),
                         [&](const Whole &other) { return other.sites == one.sites && other.first == one.first; }))
            all.push_back(one);
    }
    return all;
}

CellPlan plan_of(const Whole &whole, const ModelConfig &c, const std::shared_ptr<const RowMap> &rows,
                 const BatchLayout &layout)
{
    CellPlan plan;
    const auto edit = [&](Site site, int layer, int head) {
        Edit one;
        one.site = site == Site::ResidPost ? Site::ResidPre : site;
        one.layer = layer + info(site).reads;
        one.head = head;
        one.rows = rows;
        plan.edits.push_back(one);
    };
    for (int l = whole.last_only ? c.n_layers - 1 : 0; l < c.n_layers; ++l) {
        if (l == 0 && whole.first) {
            edit(*whole.first, l, -1);
            continue;
        }
        for (const Site site : whole.sites)
            for (int h = 0; h < (per_head(site) ? c.n_heads : 1); ++h)
                edit(site, l, per_head(site) ? h : -1);
    }
    set_starts(plan, layout);
    return plan;
}

/// Whether END's token is the same in both runs, as what is known of heads rests on.
bool same_end(const PromptBatch &batch, int prompt)
{
    const int end = batch.end[size_t(prompt)];
    return batch.at(false, prompt, end) == batch.at(true, prompt, end);
}

void forget_unknown(std::vector<float> &values, size_t first, const PromptBatch &batch)
{
    for (int p = 0; p < batch.prompts; ++p)
        if (!same_end(batch, p))
            values[first + size_t(p)] = unknown;
}

std::shared_ptr<const RowMap> end_rows(const BatchLayout &layout)
{
    std::vector<std::vector<int>> rows;
    for (int p = 0; p < layout.prompts; ++p)
        rows.push_back({layout.end[size_t(p)]});
    return std::make_shared<const RowMap>(std::move(rows));
}

/// For each prompt another one, at random but always the same.
std::vector<int64_t> donors(int prompts)
{
    std::vector<int64_t> order(static_cast<size_t>(prompts)), donor(order.size());
    for (size_t p = 0; p < order.size(); ++p)
        order[p] = int64_t(p);
    PythonRandom(0).shuffle(order);
    for (size_t i = 0; i < order.size(); ++i)
        donor[size_t(order[i])] = order[(i + 1) % order.size()];
    return donor;
}

void add_donor(ArrayMap &arrays, bool base_flipped, Metric metric, const PromptBatch &batch, PromptRange prompts,
               PromptGroups &groups, Workspace &work, const CancelToken &cancel)
{
    if (batch.prompts < 2)
        return;
    const ModelConfig &c = groups[0].runs.model().config();
    const int64_t d = c.d_head;
    std::vector<at::Tensor> z; // [layers] of [prompts, H d]: every head's output at END in the source run
    for (int l = 0; l < c.n_layers; ++l)
        z.push_back(at::empty({batch.prompts, c.n_heads * d}, at::kFloat));
    groups.each(cancel, [&](int g) {
        const PromptGroup &group = groups[g];
        const std::vector<std::pair<int, int>> rows = end_rows(group.runs.layout())->list();
        for (int l = 0; l < c.n_layers; ++l)
            z[size_t(l)]
                .narrow(0, group.first, group.prompts())
                .copy_(group.runs.z_rows(group.runs.run(!base_flipped), l, rows));
    });
    const at::Tensor donor = at::tensor(donors(batch.prompts), at::kLong);
    std::vector<float> values = through_groups(groups, prompts, 1, cancel, [&](int g) {
        const PromptGroup &group = groups[g];
        const std::shared_ptr<const RowMap> rows = end_rows(group.runs.layout());
        CellPlan plan;
        for (int l = 0; l < c.n_layers; ++l) {
            const at::Tensor of = z[size_t(l)].index_select(0, donor.narrow(0, group.first, group.prompts()));
            for (int h = 0; h < c.n_heads; ++h) {
                Edit edit;
                edit.layer = l;
                edit.head = h;
                edit.value = Edit::Value::Tensor;
                edit.tensor = of.narrow(1, h * d, d).contiguous();
                edit.rows = rows;
                plan.edits.push_back(edit);
            }
        }
        set_starts(plan, group.runs.layout());
        on_prompts(plan, groups.within(g, prompts), group.runs.layout());
        return cell_pass(group.runs, base_flipped, metric, work)->run({&plan, 1}, cancel);
    });
    arrays[control_donor] = {{batch.prompts}, std::move(values)};
}

} // namespace

ArrayMap activation_controls(const RunSpec &spec, const PromptBatch &batch, PromptRange prompts, PromptGroups &groups,
                             Workspace &work, const CancelToken &cancel)
{
    const SiteSweep &sweep = *spec.sweep();
    const bool base_flipped = base_is_flipped(spec);
    const Metric metric = metric_of(spec);
    const BatchLayout &layout = groups.layout();
    const ModelConfig &c = groups[0].runs.model().config();
    const std::vector<Whole> parts = wholes(sweep);
    const std::vector<int> first = first_rows(true, layout);
    const auto everywhere = chosen_rows({}, batch, layout, first),
               at_end = chosen_rows(Positions::at(end_role), batch, layout, first);
    std::vector<CellPlan> plans;
    for (const Whole &part : parts)
        plans.push_back(plan_of(part, c, part.end_only ? at_end : everywhere, layout));
    const auto run = [&](bool own) {
        return through_groups(groups, prompts, plans.size(), cancel, [&](int g) {
            const auto wave = cell_pass(groups[g].runs, base_flipped, metric, work, nullptr, own);
            GroupedPlans grouped(groups[g]);
            std::vector<float> values; // one at a time: each is as large as the largest cell
            for (const CellPlan &plan : plans) {
                CellPlan here = grouped(plan);
                on_prompts(here, groups.within(g, prompts), groups[g].runs.layout());
                const std::vector<float> of = wave->run({&here, 1}, cancel);
                values.insert(values.end(), of.begin(), of.end());
            }
            return values;
        });
    };
    ArrayMap arrays;
    const std::vector<int64_t> shape{int64_t(plans.size()), batch.prompts};
    arrays[control_own] = {shape, run(true)};
    if (sweep.ablation == Ablation::None || sweep.ablation == Ablation::Resample) {
        std::vector<float> everything = run(false);
        for (size_t i = 0; i < parts.size(); ++i)
            if (parts[i].heads)
                forget_unknown(everything, i * size_t(batch.prompts), batch);
        arrays[control_everything] = {shape, std::move(everything)};
    }
    add_donor(arrays, base_flipped, metric, batch, prompts, groups, work, cancel);
    return arrays;
}

ArrayMap path_controls(const RunSpec &spec, const PromptBatch &batch, PromptRange prompts, const RowMap &rows,
                       PromptGroups &groups, Workspace &work, const CancelToken &cancel)
{
    const PathPatch &path = *spec.as<PathPatch>();
    const bool base_flipped = base_is_flipped(spec), mlps = path.direct_includes_mlps;
    const Metric metric = metric_of(spec);
    const ModelConfig &c = groups[0].runs.model().config();
    // All senders and all receivers of the sweep at once.
    SenderSet senders, heads;
    for (const SenderSet &set : sender_sets(path.senders, c))
        senders.insert(senders.end(), set.begin(), set.end());
    std::vector<Node> receivers;
    for (const std::vector<Node> &group : receiver_groups(path.receivers, c))
        receivers.insert(receivers.end(), group.begin(), group.end());
    for (int l = 0; l < c.n_layers; ++l)
        for (int h = 0; h < c.n_heads; ++h)
            heads.push_back({Site::Z, l, h});
    const std::vector<Node> final{{Site::ResidPost, c.n_layers - 1, -1}};

    const auto along = [&](bool own, const SenderSet &from, const std::vector<Node> &to, bool through_mlps,
                           const RowMap &where) {
        return through_groups(groups, prompts, 1, cancel, [&](int g) {
            const BatchRuns &runs = groups[g].runs;
            const std::shared_ptr<const RowMap> here =
                rows_of_prompts(*rows_of_group(where, groups[g]), groups[g].prompts(), groups.within(g, prompts));
            CellPlan plan;
            if (here->count() > 0) {
                const auto pass = sender_pass(runs, base_flipped, false, here, work, nullptr, own);
                const Records records =
                    through_mlps ? pass->run({&from, 1}, to, cancel) : pass->changes({&from, 1}, to);
                for (size_t r = 0; r < to.size(); ++r)
                    if (records.values[0][r].defined())
                        plan.edits.push_back(receiver_edit(to[r], records.values[0][r], !through_mlps, here));
            }
            set_starts(plan, runs.layout());
            return cell_pass(runs, base_flipped, metric, work, nullptr, own)->run({&plan, 1}, cancel);
        });
    };
    ArrayMap arrays;
    const std::vector<int64_t> shape{1, batch.prompts};
    arrays[control_own] = {shape, along(true, senders, receivers, mlps, rows)};
    std::vector<float> everything = along(false, heads, final, true, *end_rows(groups.layout()));
    forget_unknown(everything, 0, batch);
    arrays[control_everything] = {shape, std::move(everything)};
    add_donor(arrays, base_flipped, metric, batch, prompts, groups, work, cancel);
    return arrays;
}

} // namespace patchbay::detail
