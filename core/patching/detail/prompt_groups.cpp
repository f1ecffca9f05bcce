#include "patching/detail/prompt_groups.h"

#include <algorithm>
#include <numeric>

namespace patchbay::detail {

size_t bytes_per_row(const EngineModel &model)
{
    const ModelConfig &c = model.config();
    const BlockTraits &t = model.traits();
    const auto L = size_t(c.n_layers), D = size_t(c.d_model), HD = size_t(t.q_width()), S = size_t(t.qkv_width());
    // A block at work: two MLP buffers, normed and summed rows.
    const size_t block = 2 * size_t(c.d_mlp) + 3 * D + HD;
    // Attribution patching: effects of every site, the gradient of the stream before and after a layer, those of
    // queries, keys and values, and what they were projected from.
    const size_t backward = L * (5 * size_t(c.n_heads) + 4) + 6 * D + 5 * HD + 3 * S;
    // Path patching: the heads' results that are held, and the gradients after attention and MLP.
    const size_t frozen = 3 * L * D + 4 * D + HD;
    return BatchRuns::bytes_per_row(c) + sizeof(float) * (block + std::max(backward, frozen));
}

PromptGroups::PromptGroups(std::shared_ptr<const EngineModel> model, const PromptBatch &batch, size_t allowed,
                           RunExtent extent)
    : m_layout(batch), m_model(std::move(model)), m_per_row(bytes_per_row(*m_model))
{
    const auto rows = int64_t(allowed / m_per_row);
    for (int first = 0; first < batch.prompts;) {
        int stop = first;
        int64_t taken = 0;
        while (stop < batch.prompts && (stop == first || taken + batch.end[size_t(stop)] + 1 <= rows))
            taken += batch.end[size_t(stop++)] + 1;
        std::vector<int> prompts(size_t(stop - first));
        std::iota(prompts.begin(), prompts.end(), first);
        m_groups.emplace_back(first, m_model, with_prompts(batch, prompts), extent);
        first = stop;
    }
}

int PromptGroups::of_prompt(int prompt) const
{
    int group = count() - 1;
    while (group > 0 && m_groups[size_t(group)].first > prompt)
        --group;
    return group;
}

PromptGroup &PromptGroups::hold(int group, const CancelToken &cancel)
{
    if (m_held != group && m_held >= 0)
        m_groups[size_t(m_held)].runs.drop();
    m_held = group;
    m_groups[size_t(group)].runs.compute(cancel);
    return m_groups[size_t(group)];
}

PromptRange PromptGroups::within(int group, PromptRange prompts) const
{
    const PromptGroup &own = m_groups[size_t(group)];
    return {std::clamp(prompts.first - own.first, 0, own.prompts()),
            std::clamp(prompts.stop - own.first, 0, own.prompts())};
}

void PromptGroups::each(PromptRange prompts, const CancelToken &cancel, const std::function<void(int)> &work)
{
    const int held = std::max(m_held, 0);
    const auto through = [&](int group) {
        if (const PromptRange own = within(group, prompts); own.stop <= own.first)
            return;
        hold(group, cancel);
        work(group);
    };
    through(held);
    for (int group = 0; group < count(); ++group)
        if (group != held)
            through(group);
}

std::vector<float> through_groups(PromptGroups &groups, size_t chosen, const CancelToken &cancel,
                                  const std::function<std::vector<float>(int)> &work)
{
    return through_groups(groups, groups.all(), chosen, cancel, work);
}

std::vector<float> through_groups(PromptGroups &groups, PromptRange prompts, size_t chosen, const CancelToken &cancel,
                                  const std::function<std::vector<float>(int)> &work)
{
    const auto P = size_t(groups.layout().prompts);
    std::vector<float> values(chosen * P);
    groups.each(prompts, cancel, [&](int g) {
        const std::vector<float> part = work(g);
        const auto own = size_t(groups[g].prompts());
        for (size_t i = 0; i < chosen; ++i)
            std::copy_n(part.begin() + std::ptrdiff_t(i * own), own,
                        values.begin() + std::ptrdiff_t(i * P + size_t(groups[g].first)));
    });
    return values;
}

std::vector<float> in_pieces(const std::vector<int> &chosen, int64_t rows_at_once,
                             const std::function<int64_t(int)> &rows,
                             const std::function<std::vector<float>(const std::vector<int> &)> &compute)
{
    std::vector<float> values;
    for (size_t begin = 0; begin < chosen.size();) {
        std::vector<int> piece;
        int64_t taken = 0;
        for (; begin < chosen.size(); ++begin) {
            taken += rows(chosen[begin]);
            if (!piece.empty() && taken > rows_at_once)
                break;
            piece.push_back(chosen[begin]);
        }
        const std::vector<float> part = compute(piece);
        values.insert(values.end(), part.begin(), part.end());
    }
    return values;
}

double PromptGroups::flops_again() const
{
    const double share = double(count() - 1) / count(); // one group is there from before
    return 2.0 * share * double(m_layout.rows) * m_model->config().n_layers * m_model->traits().row_flops();
}

size_t PromptGroups::largest_bytes() const
{
    int64_t rows = 0;
    for (const PromptGroup &group : m_groups)
        rows = std::max(rows, group.runs.layout().rows);
    return m_per_row * size_t(rows);
}

int PromptGroups::largest_prompts() const
{
    int prompts = 0;
    for (const PromptGroup &group : m_groups)
        prompts = std::max(prompts, group.prompts());
    return prompts;
}

std::shared_ptr<const RowMap> rows_of_group(const RowMap &rows, const PromptGroup &group)
{
    std::vector<std::vector<int>> own;
    for (int p = 0; p < group.prompts(); ++p)
        own.push_back(rows.rows(group.first + p));
    return std::make_shared<const RowMap>(std::move(own));
}

std::shared_ptr<const RowMap> rows_of_prompts(const RowMap &rows, int prompts, PromptRange wanted)
{
    std::vector<std::vector<int>> own(static_cast<size_t>(prompts));
    for (int p = wanted.first; p < wanted.stop; ++p)
        own[size_t(p)] = rows.rows(p);
    return std::make_shared<const RowMap>(std::move(own));
}

CellPlan GroupedPlans::operator()(const CellPlan &plan)
{
    CellPlan own = plan;
    const auto first = plan.start.begin() + m_group.first;
    own.start.assign(first, first + m_group.prompts());
    for (Edit &edit : own.edits) {
        std::shared_ptr<const RowMap> &rows = m_rows[edit.rows.get()];
        if (!rows)
            rows = rows_of_group(*edit.rows, m_group);
        edit.rows = rows;
    }
    return own;
}

} // namespace patchbay::detail
