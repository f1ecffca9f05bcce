#include "controllers/attention_maths.h"

#include "base/error.h"
#include "task/role_marks.h"
#include "view_models.h"

namespace patchbay {

AttentionPattern difference(const AttentionPattern &a, const AttentionPattern &b)
{
    if (a.sizes != b.sizes)
        throw Error(label(a.head), "the two patterns are of prompts of different lengths");
    AttentionPattern d = a;
    for (size_t p = 0; p < d.weights.size(); ++p)
        for (size_t i = 0; i < d.weights[p].size(); ++i)
            d.weights[p][i] -= b.weights[p][i];
    return d;
}

widgets::AttentionView meanByRole(const AttentionPattern &pattern, const PromptBatch &batch)
{
    widgets::AttentionView view;
    view.head = toHeadId(pattern.head);
    if (batch.roles.empty())
        return view;
    const RoleAlignment roles = align_roles(batch);
    const int n = int(roles.titles.size());
    std::vector<double> sums(size_t(n) * size_t(n)), // [row's title, column's title]
        rows(static_cast<size_t>(n));                // how many rows of each title
    for (size_t p = 0; p < size_t(batch.prompts); ++p) {
        const std::vector<int> &places = roles.places[p];
        const int size = pattern.sizes[p];
        for (int row = 0; row < size; ++row) {
            const int place = places[size_t(row)];
            rows[size_t(place)] += 1;
            for (int column = 0; column <= row; ++column)
                sums[size_t(place * n + places[size_t(column)])] += pattern.weights[p][size_t(row * size + column)];
        }
    }
    view.size = n;
    for (int i = 0; i < n; ++i) {
        view.tokens << QString::fromStdString(roles.titles[size_t(i)]);
        view.roles << (i == 0 || i == n - 1 ? QString() : view.tokens.last()); // the first token and the rest are none
    }
    view.weights.resize(n * n);
    for (int row = 0; row < n; ++row)
        for (int column = 0; column < n; ++column) {
            const double count = rows[size_t(row)];
            view.weights[row * n + column] = count > 0 ? float(sums[size_t(row * n + column)] / count) : 0.0F;
        }
    return view;
}

} // namespace patchbay
