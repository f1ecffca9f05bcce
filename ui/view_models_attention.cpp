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

namespace {

QStringList textsIn(const nlohmann::json &object, const char *key)
{
    QStringList all;
    if (object.is_object() && object.contains(key))
        for (const nlohmann::json &one : object.at(key))
            all << QString::fromStdString(one.get<std::string>());
    return all;
}

/// Fills in a matrix of a result. Throws Error where it is not there.
void takeWeights(widgets::AttentionView &view, const RunResult &result, const std::string &name)
{
    const auto found = result.arrays.find(name);
    if (found == result.arrays.end() || found->second.shape.size() != 2 || !found->second.is_float()
        || found->second.shape[0] != found->second.shape[1])
        throw Error("result", "it has no attention of " + label(fromHeadId(view.head)));
    view.size = int(found->second.shape[0]);
    const std::vector<float> &weights = found->second.floats();
    view.weights = QVector<float>(weights.begin(), weights.end());
}

/// Of texts: attention, or another quantity of heads over their tokens.
widgets::AttentionView textView(const RunResult &result, const nlohmann::json &entry)
{
    const std::string name = entry.at("array").get<std::string>();
    const Quantity known = quantity_named(name);
    widgets::AttentionView view;
    view.head = toHeadId(parse_head(entry.at("head").get<std::string>()));
    view.title = QStringLiteral("%1 \u00b7 text %2").arg(widgets::label(view.head)).arg(entry.at("text").get<int>());
    view.tokens = textsIn(entry, "tokens");
    view.focus = entry.value("token", -1);
    takeWeights(view, result, name);
    if (known.known() && known.colour_label != "Attention") {
        view.quantity = QString::fromStdString(known.colour_label);
        if (!known.unit.empty())
            view.quantity += QStringLiteral(" (%1)").arg(QString::fromStdString(known.unit));
        view.difference = true;
        view.title += QStringLiteral(" \u00b7 ") + QString::fromStdString(known.title).toLower();
    }
    return view;
}

} // namespace

QVector<widgets::AttentionView> attentionViews(const RunResult &result)
{
    using nlohmann::json;
    const Analysis analysis = result.spec.is<Analysis>() ? *result.spec.as<Analysis>() : Analysis();
    const json &summary = result.summary;
    const bool weighted = flag_set(analysis, "value_weighted");
    const QString run = flag_set(analysis, "flipped") ? QStringLiteral("flipped") : QStringLiteral("clean");
    QVector<widgets::AttentionView> views;
    if (summary.is_object() && summary.contains("matrices"))
        for (const json &entry : summary.at("matrices").at("views"))
            views << textView(result, entry);
    for (const QString &name : textsIn(summary, "attention_heads")) {
        widgets::AttentionView view;
        view.head = toHeadId(parse_head(name.toStdString()));
        view.title =
            attentionTitle(view.head, run, QStringLiteral("prompt %1").arg(summary.value("prompt", 0) + 1), weighted);
        view.tokens = textsIn(summary, "tokens");
        view.roles = textsIn(summary, "roles_of_tokens");
        takeWeights(view, result, "pattern." + name.toStdString());
        views << view;
    }
    if (views.isEmpty())
        throw Error("result", "it has no attention");
    return views;
}

} // namespace patchbay
