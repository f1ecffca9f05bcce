#include "task/role_marks.h"

#include "task/ioi_roles.h"

#include <algorithm>

namespace patchbay {

namespace {

struct Mark {
    std::string role;
    int offset = 0; ///< behind it
    std::string title() const { return role_title(role) + (offset ? "+" + std::to_string(offset) : ""); }
};

bool next_too(const std::string &role)
{
    return std::any_of(ioi::roles.begin(), ioi::roles.end(),
                       [&](const ioi::RoleInfo &one) { return one.next_too && role == one.role; });
}

} // namespace

std::vector<std::string> role_marks(const PromptPair &pair)
{
    std::vector<std::string> marks(pair.clean_ids.size());
    for (const auto &[role, position] : pair.roles)
        marks.at(size_t(position)) = role_title(role);
    if (!marks.empty())
        marks.back() = role_title(end_role);
    return marks;
}

std::vector<std::string> role_marks(const PromptBatch &batch, int prompt)
{
    const size_t p = size_t(prompt);
    std::vector<std::string> marks(size_t(batch.end[p]) + 1);
    for (const auto &[role, positions] : batch.roles)
        marks.at(size_t(positions[p])) = role_title(role);
    marks.back() = role_title(end_role);
    return marks;
}

RoleAlignment align_roles(const PromptBatch &batch)
{
    std::vector<Mark> marks;
    for (const auto &[role, positions] : batch.roles) {
        marks.push_back({role});
        if (next_too(role))
            marks.push_back({role, 1});
    }
    marks.push_back({end_role});
    RoleAlignment out;
    out.titles.emplace_back("BOS");
    for (const Mark &mark : marks)
        out.titles.push_back(mark.title());
    out.titles.emplace_back("rest");
    // A role is more than what stands behind another, and END more than any.
    std::vector<size_t> order(marks.size());
    for (size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_partition(order.begin(), order.end(), [&](size_t i) { return marks[i].offset > 0; });
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        const size_t p = size_t(prompt);
        std::vector<int> &places = out.places.emplace_back(size_t(batch.end[p]) + 1, int(out.titles.size()) - 1);
        places[0] = 0;
        for (const size_t i : order)
            if (const size_t at = size_t(batch.role(marks[i].role)[p] + marks[i].offset); at < places.size())
                places[at] = int(i) + 1;
    }
    return out;
}

} // namespace patchbay
