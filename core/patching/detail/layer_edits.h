// The edits of one layer, as the passes over changed rows carry them out, whatever computes them.
#pragma once

#include "block/detail/traits.h"
#include "patching/detail/cell_plan.h"

#include <functional>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace patchbay::detail {

class LayerEdits {
public:
    /// None where there are none.
    const std::vector<Edit> &of(const CellPlan *plan) const
    {
        static const std::vector<Edit> none;
        const auto found = m_edits.find(plan);
        return found == m_edits.end() ? none : found->second;
    }
    void clear() { m_edits.clear(); }

    /// Adds those of the segments' plans, with changes of what a query, key or value reads already carried through
    /// norms and projection: materialised(edit, by_prompt) of one, and materialised(part, edits, by_prompt) of queries
    /// or keys that a QK-norm has yet to norm with their row. from_stream: the segments' rows are changed already.
    /// Segment: plan and prompt, those of a plan side by side.
    template <class Segment, class Materialised>
    void collect(int layer, std::span<const Segment> segments, bool from_stream, size_t prompts, bool norms_queries,
                 const Materialised &materialised)
    {
        for (size_t i = 0; i < segments.size();) {
            const CellPlan *plan = segments[i].plan;
            std::vector<const Segment *> by_prompt(prompts, nullptr);
            for (; i < segments.size() && segments[i].plan == plan; ++i)
                by_prompt[size_t(segments[i].prompt)] = from_stream ? &segments[i] : nullptr;
            std::vector<Edit> queries, keys, &here = m_edits[plan];
            for (const Edit &edit : plan->edits) {
                if (edit.layer != layer || stage(edit) == Stage::Input)
                    continue;
                const bool projected = edit.site == Site::Q || edit.site == Site::K || edit.site == Site::V;
                if (norms_queries && projected && edit.site != Site::V)
                    (edit.site == Site::Q ? queries : keys).push_back(edit);
                else
                    here.push_back(edit.add && projected ? materialised(edit, by_prompt) : edit);
            }
            for (const auto &[part, edits] : {std::pair{Part::Query, &queries}, std::pair{Part::Key, &keys}})
                for (Edit &edit : materialised(part, *edits, by_prompt))
                    here.push_back(std::move(edit));
        }
    }

private:
    std::map<const CellPlan *, std::vector<Edit>> m_edits;
};

/// The rows of edits that are normed together. Throws Error where they are not the same for all.
std::vector<std::pair<int, int>> rows_normed_together(const std::vector<Edit> &edits);

/// What those edits come to: of each head that is changed (of all, where the norm spans them), like `like`, the rows
/// value(head) [rows, d].
std::vector<Edit> edits_of_heads(const Edit &like, std::set<int> heads, const BlockTraits &traits,
                                 const std::function<at::Tensor(int head)> &value);

} // namespace patchbay::detail
