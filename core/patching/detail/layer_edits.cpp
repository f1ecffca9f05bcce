#include "patching/detail/layer_edits.h"

#include "base/error.h"

namespace patchbay::detail {

std::vector<std::pair<int, int>> rows_normed_together(const std::vector<Edit> &edits)
{
    std::vector<std::pair<int, int>> rows = edits.front().rows->list();
    for (const Edit &edit : edits)
        if (edit.rows->list() != rows)
            throw Error(name(edit.site),
                        "changes of one layer's queries or keys at different positions cannot be normed together");
    return rows;
}

std::vector<Edit> edits_of_heads(const Edit &like, std::set<int> heads, const BlockTraits &traits,
                                 const std::function<at::Tensor(int)> &value)
{
    if (traits.qk_norm == QkNorm::WholeWidth)
        for (int h = 0; h < traits.n_heads; ++h)
            heads.insert(h);
    std::vector<Edit> out;
    for (const int h : heads) {
        Edit edit = like;
        edit.head = h;
        edit.value = Edit::Value::Tensor;
        edit.add = false;
        edit.tensor = value(h).contiguous();
        out.push_back(std::move(edit));
    }
    return out;
}

} // namespace patchbay::detail
