// A batch in groups of prompts, as many at a time as the memory budget has room for their cached runs. Whatever reads
// cached runs goes through the groups; what is defined over the whole batch is put together from them.
#pragma once

#include "patching/detail/batch_runs.h"
#include "patching/detail/cell_plan.h"
#include "patching/run_share.h"

#include <deque>
#include <functional>
#include <string>

namespace patchbay::detail {

/// Neighbouring prompts of a batch: the prompt p of its runs is the prompt first + p of the whole.
struct PromptGroup {
    PromptGroup(int first_prompt, std::shared_ptr<const EngineModel> model, const PromptBatch &batch, RunExtent extent)
        : first(first_prompt), runs(std::move(model), batch, extent)
    {
    }
    const int first;
    BatchRuns runs;
    int prompts() const { return runs.layout().prompts; }
};

class PromptGroups {
public:
    /// allowed: bytes that the cached runs of one group and what a pass keeps beside them may take. A group has one
    /// prompt at least.
    PromptGroups(std::shared_ptr<const EngineModel> model, const PromptBatch &batch, size_t allowed,
                 RunExtent extent = {});

    int count() const { return int(m_groups.size()); }
    bool split() const { return count() > 1; }
    PromptGroup &operator[](int group) { return m_groups[size_t(group)]; }
    const PromptGroup &operator[](int group) const { return m_groups[size_t(group)]; }
    /// Of the whole batch.
    const BatchLayout &layout() const { return m_layout; }
    /// The group of a prompt of the whole batch.
    int of_prompt(int prompt) const;

    /// The group with its runs there. Those of any other group are given back: one group's are there at a time. Throws
    /// Cancelled.
    PromptGroup &hold(int group, const CancelToken &cancel);
    /// Calls work(group's index) for every group while its runs are there, first for the one whose runs are there
    /// already. Throws Cancelled.
    void each(const CancelToken &cancel, const std::function<void(int)> &work) { each(all(), cancel, work); }
    /// For those alone that have some of these prompts.
    void each(PromptRange prompts, const CancelToken &cancel, const std::function<void(int)> &work);
    PromptRange all() const { return {0, m_layout.prompts}; }
    /// What a group has of some prompts of the batch, counted from its own first one; nothing where stop ≤ first.
    PromptRange within(int group, PromptRange prompts) const;

    /// Multiply-adds × 2 of computing the runs of all groups but one: what going through them costs each time.
    double flops_again() const;
    /// What all prompts would take at once, and the largest group.
    size_t bytes() const { return m_per_row * size_t(m_layout.rows); }
    size_t largest_bytes() const;
    int largest_prompts() const;

private:
    BatchLayout m_layout;
    std::shared_ptr<const EngineModel> m_model;
    size_t m_per_row;
    std::deque<PromptGroup> m_groups;
    int m_held = -1;
};

/// A chunk of cells through every group. work(group) → [chosen, the group's prompts], while its runs are there. →
/// [chosen, prompts]. Throws Cancelled.
std::vector<float> through_groups(PromptGroups &groups, size_t chosen, const CancelToken &cancel,
                                  const std::function<std::vector<float>(int)> &work);
/// The same through the groups that have some of these prompts; what it says of others is without meaning.
std::vector<float> through_groups(PromptGroups &groups, PromptRange prompts, size_t chosen, const CancelToken &cancel,
                                  const std::function<std::vector<float>(int)> &work);
/// Rows of some prompts alone.
std::shared_ptr<const RowMap> rows_of_prompts(const RowMap &rows, int prompts, PromptRange wanted);
/// The same cells in pieces of at most so many packed rows, or of one cell; what compute gives for each, one after the
/// other.
std::vector<float> in_pieces(const std::vector<int> &chosen, int64_t rows_at_once,
                             const std::function<int64_t(int)> &rows,
                             const std::function<std::vector<float>(const std::vector<int> &)> &compute);

/// Sums of many things, added up group by group: equal whichever group came first.
class GroupSums {
public:
    GroupSums(int groups, size_t count) : m_sums(size_t(groups), std::vector<double>(count)) { }
    double &at(int group, size_t index) { return m_sums[size_t(group)][index]; }
    double total(size_t index) const
    {
        double sum = 0;
        for (const std::vector<double> &group : m_sums)
            sum += group[index];
        return sum;
    }

private:
    std::vector<std::vector<double>> m_sums;
};

/// Makes something forget what it has kept of a group's runs once the group is done with; null: it keeps it.
template <typename T>
class Forgetting {
public:
    explicit Forgetting(T *what) : m_what(what) { }
    Forgetting(const Forgetting &) = delete;
    Forgetting &operator=(const Forgetting &) = delete;
    ~Forgetting()
    {
        if (m_what)
            m_what->forget();
    }

private:
    T *const m_what;
};

/// Bytes that each row of a batch takes while a pass over it is on its way: the cached runs and, of all passes, the
/// most that is kept beside them.
size_t bytes_per_row(const EngineModel &model);

/// Rows of some neighbouring prompts.
std::shared_ptr<const RowMap> rows_of_group(const RowMap &rows, const PromptGroup &group);

/// What a cell changes in a group's prompts. Edits that share their rows still do.
class GroupedPlans {
public:
    explicit GroupedPlans(const PromptGroup &group) : m_group(group) { }
    CellPlan operator()(const CellPlan &plan);

private:
    const PromptGroup &m_group;
    std::map<const RowMap *, std::shared_ptr<const RowMap>> m_rows;
};

} // namespace patchbay::detail
