#include "patching/detail/site_means.h"

#include "base/error.h"

namespace patchbay::detail {

SiteMeans::SiteMeans(PromptGroups &groups, const std::set<std::pair<Site, int>> &sites, const CancelToken &cancel)
    : m_model(groups[0].runs.model())
{
    for (const auto &[site, layer] : sites)
        if (!info(site).has_mean)
            throw Error("ablate",
                        "a mean of " + name(site)
                            + " is not defined: patterns of prompts of different lengths have no mean");
    const Array reached = groups.layout().reached();
    const int64_t positions = reached.shape[0];
    std::map<std::pair<Site, int>, std::vector<double>> sums;
    // In the prompts' order, so that a sum does not depend on which group was there before.
    for (int g = 0; g < groups.count(); ++g) {
        const BatchRuns &runs = groups.hold(g, cancel).runs;
        const BatchLayout &layout = runs.layout();
        for (const auto &key : sites) {
            cancel.check();
            const auto [first, width] = columns(key.first, -1);
            const at::Tensor rows = values(runs, key.first, key.second);
            std::vector<double> &sum = sums[key];
            sum.resize(size_t(positions * width));
            for (int p = 0; p < layout.prompts; ++p)
                for (int pos = 0; pos <= layout.end[size_t(p)]; ++pos) {
                    const float *row = rows.data_ptr<float>() + layout.row(p, pos) * rows.size(1) + first;
                    for (int64_t i = 0; i < width; ++i)
                        sum[size_t(pos * width + i)] += double(row[i]);
                }
        }
    }
    for (const auto &[key, sum] : sums) {
        const int64_t width = columns(key.first, -1).width;
        at::Tensor mean = at::empty({positions, width}, at::kFloat);
        for (int64_t pos = 0; pos < positions; ++pos)
            for (int64_t i = 0; i < width; ++i)
                mean.data_ptr<float>()[pos * width + i] =
                    float(sum[size_t(pos * width + i)] / double(reached.ints()[size_t(pos)]));
        m_means[key] = mean;
    }
}

at::Tensor SiteMeans::of(Site site, int layer, int head) const
{
    const Columns all = columns(site, -1), own = columns(site, head);
    return m_means.at({site, layer}).narrow(1, own.first - all.first, own.width);
}

SiteMeans::Columns SiteMeans::columns(Site site, int head) const
{
    const BlockTraits &t = m_model.traits();
    const int64_t d = t.d_head;
    switch (site) {
    case Site::Q:
        return head < 0 ? Columns{0, t.q_width()} : Columns{t.q_column(head), d};
    case Site::K:
        return head < 0 ? Columns{t.k_column(0), t.kv_width()} : Columns{t.k_column(head), d};
    case Site::V:
        return head < 0 ? Columns{t.v_column(0), t.kv_width()} : Columns{t.v_column(head), d};
    case Site::Z:
        return head < 0 ? Columns{0, t.q_width()} : Columns{t.q_column(head), d};
    default:
        return {0, m_model.config().d_model};
    }
}

at::Tensor SiteMeans::values(const BatchRuns &runs, Site site, int layer) const
{
    const Run &clean = runs.run(false);
    std::vector<std::pair<int, int>> all;
    for (int p = 0; p < runs.layout().prompts; ++p)
        for (int pos = 0; pos <= runs.layout().end[size_t(p)]; ++pos)
            all.emplace_back(p, pos);
    switch (site) {
    case Site::Q:
    case Site::K:
        // A norm of a mean is not the mean of what is normed.
        return m_model.traits().norms_queries() ? runs.projected_rows(clean, layer, all) : clean.qkv[size_t(layer)];
    case Site::V:
        return clean.qkv[size_t(layer)];
    case Site::Z:
        return runs.z_rows(clean, layer, all);
    case Site::ResidPre:
        return clean.resid[size_t(layer)];
    case Site::ResidMid:
        return clean.mid[size_t(layer)];
    case Site::AttnOut:
        return runs.attn_out_rows(clean, layer, all);
    default:
        return runs.mlp_out_rows(clean, layer, all);
    }
}

void HookMeans::add(const Array &values, const std::vector<int> &end)
{
    const int64_t positions = values.shape[1],
                  width = int64_t(values.floats().size()) / (values.shape[0] * values.shape[1]);
    m_shape = values.shape;
    m_sum.resize(size_t(positions * width));
    m_reached.resize(size_t(positions));
    for (size_t p = 0; p < end.size(); ++p)
        for (int64_t pos = 0; pos <= end[p]; ++pos) {
            ++m_reached[size_t(pos)];
            const float *row = values.floats().data() + (int64_t(p) * positions + pos) * width;
            for (int64_t i = 0; i < width; ++i)
                m_sum[size_t(pos * width + i)] += double(row[i]);
        }
}

Array HookMeans::spread(int prompts) const
{
    const size_t width = m_sum.size() / m_reached.size();
    std::vector<float> mean(m_sum.size());
    for (size_t i = 0; i < mean.size(); ++i)
        if (const int reached = m_reached[i / width])
            mean[i] = float(m_sum[i] / reached);
    Array out;
    out.shape = m_shape;
    out.shape[0] = prompts;
    std::vector<float> all;
    for (int p = 0; p < prompts; ++p)
        all.insert(all.end(), mean.begin(), mean.end());
    out.values = std::move(all);
    return out;
}

} // namespace patchbay::detail
