// What the writers of the graph write, and what takes its place, for some rows of a group of prompts.
#pragma once

#include "edges/graph.h"
#include "edges/replacement.h"
#include "patching/detail/prompt_groups.h"
#include "patching/detail/site_means.h"

#include <map>
#include <memory>

namespace patchbay::detail {

/// (prompt, position) rows.
using RowList = std::vector<std::pair<int, int>>;

/// The rows that patching edges can change: from where clean and flipped first differ, or from the start, to END.
std::shared_ptr<const RowMap> edge_rows(const BatchLayout &layout, EdgeReplacement replacement);

/// What is put in the place of the base run's outputs.
class Replacements {
public:
    /// Means are over the clean runs of all groups. Throws Cancelled.
    Replacements(EdgeReplacement kind, bool base_flipped, PromptGroups &groups, const CancelToken &cancel);

    EdgeReplacement kind() const { return m_kind; }
    bool base_flipped() const { return m_base_flipped; }
    /// The token embedding [n, D], z of all heads [n, H d], mlp_out [n, D] of those rows.
    at::Tensor input(const BatchRuns &runs, const RowList &rows) const;
    at::Tensor z(const BatchRuns &runs, int layer, const RowList &rows) const;
    at::Tensor mlp(const BatchRuns &runs, int layer, const RowList &rows) const;
    /// Whether the rows of a run before the first difference are changed too.
    bool from_start() const { return m_kind != EdgeReplacement::Patching; }

private:
    at::Tensor of_positions(const at::Tensor &mean, const RowList &rows) const;

    EdgeReplacement m_kind;
    bool m_base_flipped;
    std::unique_ptr<SiteMeans> m_means;
    at::Tensor m_embedding; ///< [positions, D]
    std::vector<int64_t> m_reached;
};

/// The token embedding of those rows in a run [n, D], without that of their positions.
at::Tensor token_rows(const BatchRuns &runs, bool flipped, const RowList &rows);

/// out [n, D] of each head: its z [n, H d] through W_O, before any post norm.
void head_results(const Block &block, const at::Tensor &z, int head, float *out);

/// What a post norm makes of small changes: out [n, D] = its derivative at sum, along change. All [n, D]; out may be
/// change.
void along(const RowNorm &norm, const at::Tensor &sum, const float *change, float *out);

/// Changes of what writers write when their output is replaced, on the base run.
class WriterChanges {
public:
    WriterChanges(const BatchRuns &runs, const EdgeGraph &graph, const Replacements &by,
                  std::shared_ptr<const RowMap> rows);

    const RowList &list() const { return m_list; }
    const std::shared_ptr<const RowMap> &rows() const { return m_rows; }
    /// How the stream changes, [rows, D]: where heads pass a post norm, by the normed sum with and without the change.
    at::Tensor of(int writer);
    /// The same to first order, of all writers, [writers, rows, D]. Throws Cancelled.
    at::Tensor all_to_first_order(const CancelToken &cancel);
    /// Gives back what it has kept, and how much that is.
    void forget();
    size_t bytes() const;

private:
    at::Tensor z_change(int layer) const;
    at::Tensor plain(const EdgeWriter &writer) const;

    const BatchRuns &m_runs;
    const EdgeGraph m_graph;
    const Replacements &m_by;
    const Run &m_base;
    std::shared_ptr<const RowMap> m_rows;
    RowList m_list;
    std::map<int, at::Tensor> m_kept;   ///< by writer
    std::map<int, at::Tensor> m_kept_z; ///< by layer
};

} // namespace patchbay::detail
