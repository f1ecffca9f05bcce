// Activation patching and ablation: every cell replaces one site (or one set of heads) of the base run.
#include "base/error.h"
#include "model/check_head.h"
#include "patching/detail/sweep_plan.h"

namespace patchbay::detail {

namespace {

// Rows of one site averaged over the clean prompts (mean ablation).
class MeanValues {
public:
    MeanValues(const BatchRuns &runs) : m_runs(runs) { }

    at::Tensor rows(Site site, int layer, int head, const RowMap &rows)
    {
        const EngineModel &model = m_runs.model();
        const BatchLayout &layout = m_runs.layout();
        const int64_t d = model.config().d_head, D = model.config().d_model;
        const auto from = [&](const at::Tensor &tensor, int64_t column, int64_t width) {
            return mean_rows(rows, layout, width, [&](int p, int pos) {
                return tensor.data_ptr<float>() + layout.row(p, pos) * tensor.size(1) + column;
            });
        };
        const Run &clean = m_runs.run(false);
        switch (site) {
        case Site::Q:
            return from(queries_keys(site, layer), model.traits().q_column(head), d);
        case Site::K:
            return from(queries_keys(site, layer), model.traits().k_column(head), d);
        case Site::V:
            return from(clean.qkv[size_t(layer)], model.traits().v_column(head), d);
        case Site::Z:
            return from(whole(site, layer), int64_t(head) * d, d);
        case Site::ResidPre:
            return from(clean.resid[size_t(layer)], 0, D);
        case Site::ResidMid:
            return from(clean.mid[size_t(layer)], 0, D);
        case Site::AttnOut:
        case Site::MlpOut:
            return from(whole(site, layer), 0, D);
        default:
            break;
        }
        throw Error("ablate",
                    "a mean of " + name(site)
                        + " is not defined: patterns of prompts of different lengths have no mean");
    }

private:
    // A norm of a mean is not the mean of what is normed.
    const at::Tensor &queries_keys(Site site, int layer)
    {
        return m_runs.model().traits().norms_queries() ? whole(site, layer) : m_runs.run(false).qkv[size_t(layer)];
    }

    const at::Tensor &whole(Site site, int layer)
    {
        if (m_site != site || m_layer != layer) {
            std::vector<std::pair<int, int>> all;
            for (int p = 0; p < m_runs.layout().prompts; ++p)
                for (int pos = 0; pos <= m_runs.layout().end[size_t(p)]; ++pos)
                    all.emplace_back(p, pos);
            const Run &clean = m_runs.run(false);
            m_values = site == Site::Q || site == Site::K ? m_runs.projected_rows(clean, layer, all)
                : site == Site::Z                         ? m_runs.z_rows(clean, layer, all)
                : site == Site::AttnOut                   ? m_runs.attn_out_rows(clean, layer, all)
                                                          : m_runs.mlp_out_rows(clean, layer, all);
            m_site = site;
            m_layer = layer;
        }
        return m_values;
    }

    const BatchRuns &m_runs;
    Site m_site = Site::Q;
    int m_layer = -1;
    at::Tensor m_values;
};

Edit make_edit(Site site, int layer, int head, Ablation ablation, const std::shared_ptr<const RowMap> &rows,
               MeanValues &means)
{
    Edit edit;
    // result = z W_O, so replacing one replaces the other; resid_post is the next layer's resid_pre.
    edit.site = site == Site::Result ? Site::Z : site == Site::ResidPost ? Site::ResidPre : site;
    edit.layer = layer + info(site).reads;
    edit.head = head;
    edit.rows = rows;
    if (ablation == Ablation::Zero)
        edit.value = Edit::Value::Zero;
    if (ablation == Ablation::Mean) {
        edit.value = Edit::Value::Tensor;
        edit.tensor = means.rows(edit.site, edit.layer, head, *rows);
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

SweepPlan plan_activation_patching(const RunSpec &spec, const PromptBatch &batch, const BatchRuns &runs)
{
    const ModelConfig &c = runs.model().config();
    const BatchLayout &layout = runs.layout();
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

    MeanValues means(runs);
    for (const Site site : cells.sites) {
        check_site(site, c);
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
                    CellPlan plan;
                    plan.grid = index;
                    plan.cell = cell;
                    if (shared)
                        for (int q = h * c.kv_group(); q < (h + 1) * c.kv_group(); ++q)
                            plan.edits.push_back(make_edit(site, l, q, cells.ablation, rows[pos], means));
                    else
                        plan.edits.push_back(
                            make_edit(site, l, per_head(site) ? h : -1, cells.ablation, rows[pos], means));
                    set_starts(plan, layout);
                    sweep.plans.push_back(std::move(plan));
                }
    }
    return sweep;
}

} // namespace patchbay::detail
