// Activation patching and ablation: every cell replaces one site (or one set of heads) of the base run.
#include "base/error.h"
#include "model/check_head.h"
#include "patching/detail/site_means.h"
#include "patching/detail/sweep_plan.h"

#include <optional>
#include <tuple>

namespace patchbay::detail {

namespace {

// The site and layer that an edit of a site of the spec names: result = z W_O, so replacing one replaces the other;
// resid_post is the next layer's resid_pre.
std::pair<Site, int> edited(Site site, int layer)
{
    return {site == Site::Result ? Site::Z : site == Site::ResidPost ? Site::ResidPre : site, layer + info(site).reads};
}

// means: null unless the ablation is by the mean.
Edit make_edit(Site site, int layer, int head, Ablation ablation, const std::shared_ptr<const RowMap> &rows,
               const SiteMeans *means)
{
    Edit edit;
    std::tie(edit.site, edit.layer) = edited(site, layer);
    edit.head = head;
    edit.rows = rows;
    if (ablation == Ablation::Zero)
        edit.value = Edit::Value::Zero;
    if (means) {
        edit.value = Edit::Value::Tensor;
        edit.by_position = means->of(edit.site, edit.layer, head);
    }
    return edit;
}

void check_site(Site site, const ModelConfig &config)
{
    if (!info(site).swept)
        throw Error("sites",
                    name(site) + " is a receiver of path patching, not a site of activation patching; sites are "
                        + site_names(&SiteInfo::swept));
    if (const std::string why = why_absent(site, config); !why.empty())
        throw Error("sites", name(site) + ": " + why);
}

} // namespace

SweepPlan plan_activation_patching(const RunSpec &spec, const PromptBatch &batch, PromptGroups &groups,
                                   const CancelToken &cancel)
{
    const ModelConfig &c = groups[0].runs.model().config();
    const BatchLayout &layout = groups.layout();
    const SiteSweep &cells = *spec.sweep();
    check_heads(cells.heads, c);
    const bool each = cells.positions.kind == Positions::Kind::Each;
    const bool from_source = cells.ablation == Ablation::None || cells.ablation == Ablation::Resample;
    SweepPlan sweep;
    sweep.base_flipped = base_is_flipped(spec);
    RunSpec exact = spec; // estimates stand in the grids of what they estimate
    exact.method = ActPatch{cells};
    const std::vector<int> first = first_rows(from_source, layout);
    std::vector<std::shared_ptr<const RowMap>> rows;
    for (int pos = 0; pos < (each ? batch.width : 1); ++pos)
        rows.push_back(chosen_rows(cells.positions, batch, layout, first, pos));

    std::set<std::pair<Site, int>> averaged;
    for (const Site site : cells.sites) {
        check_site(site, c);
        for (int l = 0; l < c.n_layers; ++l)
            if (cells.heads.empty() || !per_head(site)
                || std::any_of(cells.heads.begin(), cells.heads.end(), [l](Head head) { return head.layer == l; }))
                averaged.insert(edited(site, l));
    }
    std::optional<SiteMeans> means;
    if (cells.ablation == Ablation::Mean)
        means.emplace(groups, averaged, cancel);
    for (const Site site : cells.sites) {
        const bool shared = cells.shared_kv && info(site).grouped;
        const int heads = !per_head(site) ? 1 : shared ? c.n_kv_heads : c.n_heads;
        std::vector<std::string> axes{"layer"};
        std::vector<int> shape{c.n_layers};
        if (each) {
            axes.push_back("pos");
            shape.push_back(batch.width);
        }
        if (per_head(site)) {
            axes.push_back("head");
            shape.push_back(heads);
        }
        const int index = int(sweep.grids.size());
        sweep.grids.push_back(make_grid(spec, grid_name(exact, site), axes, shape, batch.prompts));
        int cell = 0;
        for (int l = 0; l < c.n_layers; ++l)
            for (size_t pos = 0; pos < rows.size(); ++pos)
                for (int h = 0; h < heads; ++h, ++cell) {
                    const Head head{l, h};
                    if (!cells.heads.empty() && per_head(site)
                        && std::find(cells.heads.begin(), cells.heads.end(), head) == cells.heads.end())
                        continue;
                    const auto edit = [&, l, pos](int query_head) {
                        return make_edit(site, l, query_head, cells.ablation, rows[pos], means ? &*means : nullptr);
                    };
                    CellPlan plan;
                    plan.grid = index;
                    plan.cell = cell;
                    if (shared)
                        for (int q = h * c.kv_group(); q < (h + 1) * c.kv_group(); ++q)
                            plan.edits.push_back(edit(q));
                    else
                        plan.edits.push_back(edit(per_head(site) ? h : -1));
                    set_starts(plan, layout);
                    sweep.plans.push_back(std::move(plan));
                }
    }
    return sweep;
}

} // namespace patchbay::detail
