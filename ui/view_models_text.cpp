// Titles and captions of figures from results.
#include "view_models.h"

#include <QRegularExpression>

#include <map>

namespace patchbay {

QString resultTitle(const RunResult &result)
{
    if (result.spec.method == Method::Analysis) {
        static const std::map<std::string, const char *> titles{{"dla", "Direct logit attribution"}, {"copy-scores", "Copy scores"}, {"ablate", "Ablation"},
                                                                {"s2i", "S-inhibition test"}, {"attention", "Attention from END"}, {"detectors", "Head detectors"},
                                                                {"logit-lens", "Logit lens"}, {"attention-vs-contribution", "Attention against contribution"},
                                                                {"roles", "Head roles"}};
        if (const auto found = titles.find(result.spec.analysis); found != titles.end()) {
            QStringList heads;
            for (const Head head : result.spec.heads)
                heads << QString::fromStdString(label(head));
            return QString::fromUtf8(found->second) + (heads.isEmpty() ? QString() : QStringLiteral(" of ") + heads.join(QStringLiteral(", ")));
        }
    }
    return QString::fromStdString(title(result.spec));
}

namespace {

QString modelAndTask(const RunResult &result)
{
    const RunSpec &spec = result.spec;
    const QString model = QString::fromStdString(spec.model.path).section(QLatin1Char('/'), -1, -1, QString::SectionSkipEmpty);
    const size_t prompts = result.baseline.clean.empty() ? size_t(spec.task.prompts) : result.baseline.clean.size();
    QString text = QStringLiteral("Model %1; task %2, n = %3 prompt pairs").arg(model, QString::fromStdString(spec.task.kind).toUpper()).arg(prompts);
    if (spec.task.kind == "ioi")
        text += QStringLiteral(", seed %1").arg(spec.task.seed);
    return text;
}

} // namespace

QString resultCaption(const RunResult &result)
{
    QString text = QString::fromStdString(describe(result.spec)).trimmed();
    if (!text.isEmpty() && !text.endsWith(QLatin1Char('.')))
        text += QLatin1Char('.');
    text += QLatin1Char(' ') + modelAndTask(result);
    if (!result.baseline.clean.empty())
        text += QStringLiteral("; mean logit difference %1 clean, %2 flipped").arg(result.baseline.clean_mean, 0, 'f', 2).arg(result.baseline.flipped_mean, 0, 'f', 2);
    static const QRegularExpression minus(QStringLiteral("(?<![\\w])-(?=\\d)"));
    return text.replace(minus, QString(QChar(0x2212))) + QLatin1Char('.');
}

QString attentionCaption(const RunResult &result, Head head, int prompt, bool flippedRun)
{
    return QStringLiteral("Attention of %1 on %2 prompt %3; rows are destinations, columns sources. %4.")
        .arg(QString::fromStdString(label(head)), flippedRun ? QStringLiteral("flipped") : QStringLiteral("clean")).arg(prompt).arg(modelAndTask(result));
}

} // namespace patchbay
