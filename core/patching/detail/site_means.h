// What mean ablation puts in place of an activation: per position, the mean over the clean prompts that reach it.
#pragma once

#include "patching/detail/prompt_groups.h"

#include <map>
#include <set>

namespace patchbay::detail {

class SiteMeans {
public:
    /// sites: of edits, with their layers. Over the whole batch, whatever its groups. Throws Error for a site whose
    /// mean is not defined, and Cancelled.
    SiteMeans(PromptGroups &groups, const std::set<std::pair<Site, int>> &sites, const CancelToken &cancel);

    /// [positions, width] of a head, or of the whole site with head −1.
    at::Tensor of(Site site, int layer, int head) const;

private:
    /// The columns of rows [n, S] or [n, D] that belong to a site.
    struct Columns {
        int64_t first, width;
    };
    Columns columns(Site site, int head) const;
    /// Every row of a group at a site, as the site's hook holds it.
    at::Tensor values(const BatchRuns &runs, Site site, int layer) const;

    const EngineModel &m_model;
    std::map<std::pair<Site, int>, at::Tensor> m_means; ///< [positions, columns(site, −1).width]
};

/// The same of values that a pass with hooks kept, [prompts, positions, …], added up group by group.
class HookMeans {
public:
    /// values [prompts, positions, …] of prompts that reach position end[prompt] each.
    void add(const Array &values, const std::vector<int> &end);
    /// For that many prompts [prompts, positions, …]; 0 at positions that no prompt reaches.
    Array spread(int prompts) const;

private:
    std::vector<int64_t> m_shape;
    std::vector<double> m_sum;
    std::vector<int> m_reached;
};

} // namespace patchbay::detail
