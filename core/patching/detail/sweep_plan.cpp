#include "patching/detail/sweep_plan.h"

#include "base/check_index.h"
#include "base/error.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace patchbay::detail {

std::vector<int> first_rows(bool from_source, const BatchLayout &layout)
{
    return from_source ? layout.first_difference : std::vector<int>(size_t(layout.prompts), 0);
}

namespace {

// A position that only the longer prompts reach is patched there; one that no prompt has would change nothing, without
// a word.
void check_positions(const Positions &positions, const BatchLayout &layout)
{
    if (positions.kind != Positions::Kind::List)
        return;
    if (positions.list.empty())
        throw Error("positions", "the list is empty: name at least one");
    for (const int position : positions.list)
        check_index(position, *std::max_element(layout.end.begin(), layout.end.end()) + 1, "positions", "positions");
}

} // namespace

std::shared_ptr<const RowMap> chosen_rows(const Positions &positions, const PromptBatch &batch,
                                          const BatchLayout &layout, const std::vector<int> &first, int one_position)
{
    check_positions(positions, layout);
    const std::vector<int> &role = positions.kind == Positions::Kind::Role ? batch.role(positions.role) : layout.end;
    std::vector<std::vector<int>> rows(static_cast<size_t>(layout.prompts));
    for (int p = 0; p < layout.prompts; ++p) {
        std::vector<int> wanted;
        const int end = layout.end[size_t(p)];
        switch (positions.kind) {
        case Positions::Kind::Each:
            wanted = {one_position};
            break;
        case Positions::Kind::Role:
            wanted = {role[size_t(p)]};
            break;
        case Positions::Kind::List:
            wanted = positions.list;
            break;
        case Positions::Kind::All:
            for (int pos = 0; pos <= end; ++pos)
                wanted.push_back(pos);
            break;
        }
        const std::set<int> ordered(wanted.begin(), wanted.end());
        for (const int pos : ordered)
            if (pos >= first[size_t(p)] && pos <= end)
                rows[size_t(p)].push_back(pos);
    }
    return std::make_shared<const RowMap>(std::move(rows));
}

void set_starts(CellPlan &plan, const BatchLayout &layout)
{
    plan.start.clear();
    for (int p = 0; p < layout.prompts; ++p) {
        int start = layout.end[size_t(p)] + 1;
        for (const Edit &edit : plan.edits)
            start = std::min(start, edit.rows->first(p, layout.end[size_t(p)]));
        plan.start.push_back(start);
    }
}

Grid make_grid(const RunSpec &spec, std::string name, std::vector<std::string> axes, std::vector<int> shape,
               int prompts)
{
    Grid grid;
    grid.name = std::move(name);
    grid.axes = std::move(axes);
    grid.shape = std::move(shape);
    grid.prompts = prompts;
    grid.direction = base_is_flipped(spec) ? Direction::Denoise : Direction::Noise;
    size_t cells = 1;
    for (const int size : grid.shape)
        cells *= size_t(size);
    grid.state.assign(cells, CellState::Missing);
    grid.per_prompt.assign(cells * size_t(prompts), std::numeric_limits<float>::quiet_NaN());
    return grid;
}

} // namespace patchbay::detail
