// Attention patterns as views: of a running session, and out of a saved analysis.
#include "view_models.h"

#include "analysis/registry.h"
#include "base/error.h"
#include "task/role_marks.h"

namespace patchbay {

namespace {

/// Token text as a person reads it in a view; the views make spaces visible themselves.
QString tokenText(const std::vector<std::string> *tokens, int position)
{
    return tokens && size_t(position) < tokens->size() ? QString::fromStdString((*tokens)[size_t(position)])
                                                       : QString::number(position);
}

} // namespace

widgets::AttentionView attentionView(const AttentionPattern &pattern, int prompt, const PromptBatch &batch,
                                     bool flippedRun)
{
    const auto p = size_t(prompt);
    widgets::AttentionView view;
    view.head = toHeadId(pattern.head);
    view.title = attentionTitle(view.head, flippedRun ? QStringLiteral("flipped") : QStringLiteral("clean"),
                                QStringLiteral("prompt %1").arg(prompt + 1));
    view.size = pattern.sizes.at(p);
    view.weights = QVector<float>(pattern.weights[p].begin(), pattern.weights[p].end());
    const auto &all = flippedRun ? batch.flipped_tokens : batch.tokens;
    const std::vector<std::string> *tokens = p < all.size() ? &all[p] : nullptr;
    for (int position = 0; position < view.size; ++position)
        view.tokens << tokenText(tokens, position);
    for (const std::string &role : role_marks(batch, prompt))
        view.roles << QString::fromStdString(role);
    return view;
}

QVector<widgets::AttentionView> attentionViews(const RunResult &result)
{
    using nlohmann::json;
    const json empty = json::array();
    const Analysis analysis = result.spec.is<Analysis>() ? *result.spec.as<Analysis>() : Analysis();
    const json &summary = result.summary;
    const auto list = [&](const char *key) {
        return summary.is_object() && summary.contains(key) ? summary.at(key) : empty;
    };
    const auto texts = [&](const char *key) {
        QStringList all;
        for (const json &one : list(key))
            all << QString::fromStdString(one.get<std::string>());
        return all;
    };
    const bool weighted = flag_set(analysis, "value_weighted");
    const QString run = flag_set(analysis, "flipped") ? QStringLiteral("flipped") : QStringLiteral("clean");
    QVector<widgets::AttentionView> views;
    for (const json &name : list("attention_heads")) {
        const Head head = parse_head(name.get<std::string>());
        const auto found = result.arrays.find("pattern." + name.get<std::string>());
        if (found == result.arrays.end() || found->second.shape.size() != 2 || !found->second.is_float())
            throw Error("result", "it has no attention of " + label(head));
        widgets::AttentionView view;
        view.head = toHeadId(head);
        view.title =
            attentionTitle(view.head, run, QStringLiteral("prompt %1").arg(summary.value("prompt", 0) + 1), weighted);
        view.tokens = texts("tokens");
        view.roles = texts("roles_of_tokens");
        view.size = int(found->second.shape[0]);
        const std::vector<float> &weights = found->second.floats();
        view.weights = QVector<float>(weights.begin(), weights.end());
        views << view;
    }
    if (views.isEmpty())
        throw Error("result", "it has no attention");
    return views;
}

} // namespace patchbay
