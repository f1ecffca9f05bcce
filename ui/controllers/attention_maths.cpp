#include "controllers/attention_maths.h"

#include "base/error.h"
#include "view_models.h"

#include <array>

namespace patchbay {

namespace {

constexpr int kRoles = 6; // BOS, IO, S1, S1+1, S2, END; index kRoles is the rest

/// The role index of each position up to END; -1 where roles are unknown for this prompt.
std::vector<int> roleIndices(const PromptBatch &batch, int prompt)
{
    const size_t p = size_t(prompt);
    std::vector<int> roles(size_t(batch.end[p]) + 1, kRoles);
    const auto mark = [&](int position, int role) {
        if (position >= 0 && position < static_cast<int>(roles.size()))
            roles[size_t(position)] = role;
    };
    mark(0, 0);
    if (!batch.io_pos.empty())
        mark(batch.io_pos[p], 1);
    if (!batch.s1_pos.empty() && batch.s1_pos[p] >= 0) {
        mark(batch.s1_pos[p] + 1, 3);
        mark(batch.s1_pos[p], 2);
    }
    if (!batch.io_pos.empty())
        mark(batch.io_pos[p], 1);
    if (!batch.s2_pos.empty())
        mark(batch.s2_pos[p], 4);
    mark(batch.end[p], 5);
    return roles;
}

const std::array<QString, kRoles + 1> &roleNames()
{
    static const std::array<QString, kRoles + 1> names{
        QStringLiteral("BOS"), QStringLiteral("IO"),  QStringLiteral("S1"),  QStringLiteral("S1+1"),
        QStringLiteral("S2"),  QStringLiteral("END"), QStringLiteral("rest")};
    return names;
}

} // namespace

QStringList rolesOf(const PromptBatch &batch, int prompt)
{
    QStringList names;
    for (const int role : roleIndices(batch, prompt))
        names << (role == kRoles ? QString() : roleNames()[size_t(role)]);
    return names;
}

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
    constexpr int n = kRoles + 1;
    widgets::AttentionView view;
    view.head = toHeadId(pattern.head);
    std::vector<double> sums(size_t(n * n)),
        rows(static_cast<size_t>(n)); // [row role, column role], and how many rows of each role
    if (batch.io_pos.empty() || batch.s1_pos.empty() || batch.s2_pos.empty())
        return view;
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        const size_t p = size_t(prompt);
        if (batch.io_pos[p] < 0 || batch.s1_pos[p] < 0 || batch.s2_pos[p] < 0)
            continue;
        const std::vector<int> roles = roleIndices(batch, prompt);
        const int size = pattern.sizes[p];
        for (int row = 0; row < size; ++row) {
            const int rowRole = roles[size_t(row)];
            rows[size_t(rowRole)] += 1;
            for (int column = 0; column <= row; ++column)
                sums[size_t(rowRole * n + roles[size_t(column)])] += pattern.weights[p][size_t(row * size + column)];
        }
    }
    view.size = n;
    for (const QString &name : roleNames()) {
        view.tokens << name;
        view.roles << (name == QStringLiteral("rest") || name == QStringLiteral("BOS") ? QString() : name);
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
