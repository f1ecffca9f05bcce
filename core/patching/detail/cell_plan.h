// What one cell of a sweep changes in the base run, said so that the wave can compute it.
#pragma once

#include "block/detail/block.h"
#include "spec/run_spec.h"

#include <ATen/ATen.h>

#include <memory>
#include <vector>

namespace patchbay::detail {

/// Rows (prompt, position) that a change covers, and where each is in a tensor that holds just those rows.
class RowMap {
public:
    /// rows: per prompt, ascending positions.
    explicit RowMap(std::vector<std::vector<int>> rows);
    /// Row of the tensor, or -1 when (prompt, pos) is not covered.
    int64_t find(int prompt, int pos) const
    {
        const std::vector<int> &list = m_rows[size_t(prompt)];
        if (list.empty() || pos < list.front() || pos > list.back())
            return -1;
        if (list.back() - list.front() + 1 == int(list.size()))
            return m_offset[size_t(prompt)] + pos - list.front();
        for (size_t i = 0; i < list.size(); ++i)
            if (list[i] == pos)
                return m_offset[size_t(prompt)] + int64_t(i);
        return -1;
    }
    const std::vector<int> &rows(int prompt) const { return m_rows[size_t(prompt)]; }
    /// First covered position, or end + 1 when there is none.
    int first(int prompt, int end) const
    {
        return m_rows[size_t(prompt)].empty() ? end + 1 : m_rows[size_t(prompt)].front();
    }
    int64_t count() const { return m_count; }
    /// All covered (prompt, position) pairs, in the tensor's order.
    std::vector<std::pair<int, int>> list() const;

private:
    std::vector<std::vector<int>> m_rows;
    std::vector<int64_t> m_offset;
    int64_t m_count = 0;
};

/// One activation that is changed.
struct Edit {
    enum class Value {
        Source, ///< the other run's
        Zero,
        Tensor ///< recorded or averaged rows, [rows.count(), width]; queries and keys after rotary, but as hook_q holds
               ///< them where a QK-norm follows
    };
    Site site = Site::Z; ///< Z, Q, K, V, Pattern, AttnOut, MlpOut, MlpPre, ResidPre, ResidMid; resid_post of l is
                         ///< resid_pre of l + 1
    int layer = 0;       ///< resid_pre of layer n_layers: the final residual stream
    int head = -1;       ///< query head (K and V too: that query head's copy)
    Value value = Value::Source;
    bool add = false; ///< Tensor holds a change of the residual stream that is added to what the site reads (Q, K, V,
                      ///< MlpPre) or is (Resid…)
    at::Tensor tensor;
    at::Tensor by_position;             ///< [positions, width]: what tensor will hold at each position, see spread()
    std::shared_ptr<const RowMap> rows; ///< what is changed; never null
};

struct CellPlan {
    int grid = 0, cell = 0;
    std::vector<int> start; ///< [prompts] first row that changes; END + 1: this prompt stays as in the base run
    std::vector<Edit> edits;
    /// Rows that change on all prompts, where the plan is of some of them; negative: it is of all. What is decided by
    /// their number is decided alike for both, so that they round alike.
    int64_t rows_of_all = -1;
};

/// Gives edits that know a value for each position the tensor of their rows. Just before they are computed: a row for
/// each prompt of each cell of a sweep would take as much as the cached runs.
void spread(CellPlan &plan);

Stage stage(const Edit &edit);

/// What a query, key or value, or its input, is of a qkv row (other sites: a query's).
Part part_of(Site site);
/// The positions of (prompt, position) rows.
std::vector<int> positions_of(const std::vector<std::pair<int, int>> &rows);

} // namespace patchbay::detail
