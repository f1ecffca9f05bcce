#include "controllers/tried_attention.h"

#include "controllers/attention_maths.h"
#include "view_models.h"

#include <QCoreApplication>

#include <algorithm>

namespace patchbay {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("TriedAttention", text);
}

const AttentionPattern *patternOf(const TriedText &text, widgets::HeadId head)
{
    const auto it = std::find_if(text.attention.begin(), text.attention.end(),
                                 [&](const auto &pattern) { return toHeadId(pattern->head) == head; });
    return it == text.attention.end() ? nullptr : it->get();
}

} // namespace

QString triedHint(const Trial &trial, AttentionSource source)
{
    if (source == AttentionSource::Patched || source == AttentionSource::PatchedMinusBase)
        return tr("A tried prompt belongs to no run: choose “Clean” or “Flipped”");
    if (source != AttentionSource::Clean && !trial.flipped)
        return tr("The tried prompt has no counterpart yet: type one, or choose “Clean”");
    if (source == AttentionSource::CleanMinusFlipped && trial.clean.ids.size() != trial.flipped->ids.size())
        return tr("The two prompts have different numbers of tokens: choose “Clean” or “Flipped”");
    const TriedText &text = source == AttentionSource::Flipped ? *trial.flipped : trial.clean;
    return text.problem.empty() ? QString() : tr("The prompt %1").arg(QString::fromStdString(text.problem));
}

QVector<widgets::AttentionView> triedViews(const Trial &trial, const QVector<widgets::HeadId> &heads,
                                           AttentionSource source)
{
    QVector<widgets::AttentionView> views;
    if (!triedHint(trial, source).isEmpty())
        return views;
    const bool flipped = source == AttentionSource::Flipped, both = source == AttentionSource::CleanMinusFlipped;
    const TriedText &text = flipped ? *trial.flipped : trial.clean;
    for (const widgets::HeadId &head : heads) {
        const AttentionPattern *pattern = patternOf(text, head);
        const AttentionPattern *other = both ? patternOf(*trial.flipped, head) : pattern;
        if (!pattern || !other)
            continue;
        const AttentionPattern shown = both ? difference(*pattern, *other) : *pattern;
        widgets::AttentionView view;
        view.head = head;
        view.difference = both;
        view.title = attentionTitle(head,
                                    both          ? tr("clean − flipped")
                                        : flipped ? tr("flipped")
                                                  : tr("clean"),
                                    tr("tried prompt"));
        view.size = shown.sizes.front();
        view.weights = QVector<float>(shown.weights.front().begin(), shown.weights.front().end());
        for (const std::string &token : text.tokens)
            view.tokens << QString::fromStdString(token);
        views << view;
    }
    return views;
}

} // namespace patchbay
