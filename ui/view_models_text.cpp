// Titles and captions of figures from results.
#include "view_models.h"

#include "analysis/roles.h"
#include "model/model_folder.h"
#include "patching/controls.h"

#include <QRegularExpression>

#include <optional>

namespace patchbay {

QString resultTitle(const RunResult &result)
{
    return QString::fromStdString(title(result.spec));
}

namespace {

/// How many texts an analysis read instead of prompts.
std::optional<int> textsOf(const RunResult &result)
{
    const nlohmann::json &summary = result.summary;
    return summary.is_object() && summary.contains("texts") && summary.at("texts").is_number_integer()
        ? std::optional(summary.at("texts").get<int>())
        : std::nullopt;
}

QString modelAndTask(const RunResult &result)
{
    const RunSpec &spec = result.spec;
    const QString model = QString::fromStdString(model_name(spec.model.path));
    if (const std::optional<int> texts = textsOf(result))
        return QStringLiteral("Model %1; n = %2 texts").arg(model).arg(*texts);
    const size_t prompts = result.baseline.clean.empty() ? size_t(spec.task.prompts) : result.baseline.clean.size();
    QString text = QStringLiteral("Model %1; task %2, n = %3 prompt pairs")
                       .arg(model, QString::fromStdString(short_name(spec.task)))
                       .arg(prompts);
    if (is_generated(spec.task))
        text += QStringLiteral(", seed %1").arg(spec.task.seed);
    if (spec.task.bos == Bos::Yes)
        text += QStringLiteral(", each after a BOS token");
    return text;
}

} // namespace

QString thresholdsText(const RunResult &result)
{
    if (!result.summary.is_object() || !result.summary.contains("thresholds"))
        return {};
    return QStringLiteral("Thresholds: %1.")
        .arg(QString::fromStdString(to_string(RoleThresholds::from_json(result.summary.at("thresholds")))));
}

QString resultCaption(const RunResult &result)
{
    QString text = QString::fromStdString(
                       describe(result.spec, result.baseline.clean.empty() || result.baseline.shares_make_sense()))
                       .trimmed();
    if (!text.isEmpty() && !text.endsWith(QLatin1Char('.')))
        text += QLatin1Char('.');
    if (const QString thresholds = thresholdsText(result); !thresholds.isEmpty())
        text += QLatin1Char(' ') + thresholds;
    if (const std::string note = mean_note(result); !note.empty())
        text += QLatin1Char(' ') + QString::fromStdString(note);
    text += QLatin1Char(' ') + modelAndTask(result);
    if (!result.baseline.clean.empty() && !textsOf(result))
        text += QStringLiteral("; mean %1 %2 clean, %3 flipped")
                    .arg(QString::fromUtf8(info(result.baseline.metric).words))
                    .arg(result.baseline.clean_mean, 0, 'f', 2)
                    .arg(result.baseline.flipped_mean, 0, 'f', 2);
    if (const std::string note = gap_note(result.baseline); !note.empty() && !result.grids.empty())
        text += QStringLiteral(". ") + QString::fromStdString(note).chopped(1);
    if (const std::string note = controls_note(result); !note.empty())
        text += QStringLiteral(". ") + QString::fromStdString(note).chopped(1);
    static const QRegularExpression minus(QStringLiteral("(?<![\\w])-(?=\\d)"));
    return text.replace(minus, QString(QChar(0x2212))) + QLatin1Char('.');
}

QString attentionTitle(widgets::HeadId head, const QString &run, const QString &prompts, bool valueWeighted)
{
    return QStringLiteral("%1 \u00b7 %2 \u00b7 %3").arg(widgets::label(head), run, prompts)
        + (valueWeighted ? QStringLiteral(" \u00b7 value-weighted") : QString());
}

QString attentionCaption(const widgets::AttentionView &view, const RunResult *result)
{
    QString text = (view.quantity.isEmpty() ? QStringLiteral("%1 (%2); rows are destinations, columns sources.")
                                            : QStringLiteral("%1: %2; rows are destinations, columns sources."))
                       .arg(!view.quantity.isEmpty() ? view.quantity
                                : view.difference    ? QStringLiteral("Difference of attention")
                                                     : QStringLiteral("Attention"),
                            view.title);
    if (view.title.contains(QLatin1String("value-weighted")))
        text += QStringLiteral(
            " Weighted by the length of what is moved, |v W_O| of each source, relative to the longest.");
    return result ? QStringLiteral("%1 %2.").arg(text, modelAndTask(*result)) : text;
}

} // namespace patchbay
