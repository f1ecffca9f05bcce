// The report's sentences: what was asked, what was found, and what each figure shows.
#include "amounts_text.h"
#include "report/report.h"

#include "report/report_blocks.h"

#include "analysis/selection.h"
#include "base/head.h"
#include "base/json_field.h"
#include "colour_map.h"
#include "task/task_list.h"
#include "view_models.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <map>

namespace patchbay {

using nlohmann::json;
using Kind = ReportBlock::Kind;

namespace {

QString sentence(QString text)
{
    text = text.trimmed();
    if (!text.isEmpty() && !QStringLiteral(".?!:").contains(text.back()))
        text += QLatin1Char('.');
    return text;
}

QString joined(const QStringList &words)
{
    if (words.size() < 2)
        return words.join(QString());
    return words.mid(0, words.size() - 1).join(QStringLiteral(", ")) + QStringLiteral(" and ") + words.back();
}

/// The three strongest heads of every facet of a sweep or an analysis.
QString strongest(const RunResult &result)
{
    if (result.summary.is_object() && result.summary.contains("roles"))
        return result.summary.at("roles").empty() ? QStringLiteral("No head met every mark of a role.") : QString();
    const widgets::HeatmapView view = heatmapView(result);
    if (!view.columnsAreHeads)
        return {};
    QStringList parts;
    for (int i = 0; i < view.facets.size(); ++i) {
        widgets::HeatmapView one = view;
        one.facets = {view.facets[i]};
        QStringList heads;
        for (const widgets::HeadId &head : strongestHeads(one, 3)) {
            const qsizetype cell = head.layer * view.facets[i].columns + head.head;
            const double value = view.facets[i].values[cell];
            const bool effect = view.unit == QLatin1String("%") && !result.grids.empty();
            heads << typographic(
                QStringLiteral("%1 (%2%3%4%5)")
                    .arg(widgets::label(head), effect && value > 0 ? QStringLiteral("+") : QString(),
                         QString::number(value, 'f', view.unit == QLatin1String("%") ? 1 : 2),
                         view.unit == QLatin1String("%") ? QStringLiteral(" %") : QString(),
                         view.facets[i].withinNoise(cell) ? QStringLiteral(", within noise") : QString()));
        }
        if (!heads.isEmpty())
            parts << (view.facets.size() > 1 ? view.facets[i].title + QStringLiteral(": ") : QString()) + joined(heads);
    }
    return parts.isEmpty() ? QString()
                           : QStringLiteral("Strongest: ") + parts.join(QStringLiteral("; ")) + QLatin1Char('.');
}

/// Where the numbers of a choice come from: "Path effect: step 4, path patching … ."
QString sourcesOf(const ReportSource &source, const ReportStep &step)
{
    QString text;
    QStringList told;
    for (const json &criterion : step.body.value("criteria", json::array())) {
        const std::string id = criterion.value("from", std::string());
        const ReportStep *from = source.step(id);
        if (!from || told.contains(from->title))
            continue;
        told << from->title;
        const auto number = from - source.steps.data() + 1;
        const bool sweep = from->result && !from->result->spec.is<Analysis>();
        text += QStringLiteral(" From step %1 (%2)").arg(number).arg(from->title)
            + (sweep ? QStringLiteral(": ") + sentence(from->message) + QLatin1Char(' ') + from->caption
                     : QStringLiteral("."));
    }
    return text;
}

/// Names steps by number and title instead of by id.
QString withStepTitles(const ReportSource &source, QString text)
{
    for (size_t i = 0; i < source.steps.size(); ++i)
        text.replace(QStringLiteral("step \"%1\"").arg(QString::fromStdString(source.steps[i].id)),
                     QStringLiteral("step %1 (%2)").arg(i + 1).arg(source.steps[i].title));
    return text;
}

QString modelText(const ReportSource &source)
{
    QString text = QStringLiteral("%1").arg(source.model == QLatin1String("demo")
                                                ? QStringLiteral("The demo model that comes with the program")
                                                : source.model);
    for (const ReportStep &step : source.steps) {
        if (!step.result)
            continue;
        const auto grid = std::find_if(step.result->grids.begin(), step.result->grids.end(), [](const Grid &one) {
            return one.axes == std::vector<std::string>{"layer", "head"};
        });
        if (grid == step.result->grids.end())
            continue;
        text +=
            QStringLiteral(", %1 of %2").arg(countedText(grid->shape[0], "layer"), countedText(grid->shape[1], "head"));
        const Processing &p = step.result->spec.model.processing;
        QStringList done;
        for (const auto &[on, words] :
             {std::pair{p.fold_ln, "norm weights folded"}, std::pair{p.center_writing, "writing weights centred"},
              std::pair{p.center_unembed, "unembedding centred"},
              std::pair{p.fold_value_biases, "value biases folded"}})
            if (on)
                done << QString::fromLatin1(words);
        text += done.isEmpty() ? QStringLiteral(", weights as they are") : QStringLiteral("; ") + joined(done);
        break;
    }
    return sentence(text);
}

QString taskText(const ReportSource &source)
{
    const json &task = source.task;
    TaskRef ref;
    ref.kind = task.value("kind", std::string());
    ref.file = text_or_empty(task, "file");
    QString text = find_task_kind(ref.kind) && info(ref).generated ? QString::fromStdString(task_title(ref))
                                                                   : QStringLiteral("Prompt pairs");
    text += QStringLiteral(", %1 of a clean and a flipped prompt").arg(countedText(source.prompts, "pair"));
    if (task.contains("seed"))
        text += QStringLiteral(" (seed %1").arg(task.at("seed").dump().c_str());
    if (task.contains("type"))
        text += QStringLiteral(", type %1").arg(QString::fromStdString(task.at("type").get<std::string>()));
    if (task.contains("flip"))
        text += QStringLiteral(", flip %1")
                    .arg(QString::fromStdString(task.at("flip").get<std::string>())
                             .replace(QStringLiteral("->"), QStringLiteral(" \u2192 ")));
    if (task.contains("seed"))
        text += QLatin1Char(')');
    if (task.contains("bos") && task.at("bos") == "yes")
        text += QStringLiteral(", each after the tokenizer's BOS token");
    if (task.contains("file") && task.at("file").is_string() && !task.at("file").get<std::string>().empty())
        text += QStringLiteral(", from %1").arg(QString::fromStdString(task.at("file").get<std::string>()));
    return sentence(text);
}

QString metricText(const ReportSource &source)
{
    QString text = QStringLiteral("Logit difference: the logit of the right name (IO) minus that of the wrong one (S) "
                                  "at the last position (END).");
    for (const ReportStep &step : source.steps)
        if (step.result && !step.result->baseline.clean.empty()) {
            const Baseline &b = step.result->baseline;
            text +=
                typographic(QStringLiteral(" Its mean is %1 over the clean and %2 over the flipped prompts. %3 "
                                           "Intervals are 95 % bootstrap intervals over prompts.")
                                .arg(b.clean_mean, 0, 'f', 2)
                                .arg(b.flipped_mean, 0, 'f', 2)
                                .arg(b.shares_make_sense()
                                         ? QStringLiteral("Unless said otherwise, effects are in % of this gap of %1.")
                                               .arg(b.gap(), 0, 'f', 2)
                                         : QString()))
                    .replace(QLatin1String("  "), QLatin1String(" "));
            if (const std::string note = gap_note(b); !note.empty())
                text += QLatin1Char(' ') + typographic(QString::fromStdString(note));
            break;
        }
    return text;
}

/// JSON on lines that can be broken.
QString spaced(const std::string &dump)
{
    QString out;
    bool quoted = false;
    for (const QChar c : QString::fromStdString(dump)) {
        if (c == QLatin1Char('"'))
            quoted = !quoted;
        out += c;
        if (!quoted && (c == QLatin1Char(',') || c == QLatin1Char(':')))
            out += QLatin1Char(' ');
    }
    return out;
}

QString specText(const ReportStep &step)
{
    nlohmann::ordered_json spec;
    if (step.kind == "run" && step.result) {
        spec = to_json(step.result->spec);
        spec.erase("model");
        spec.erase("task");
        spec.erase("version");
    } else {
        for (const auto &item : step.body.items())
            if (item.key() != "id" && item.key() != "title" && item.key() != "note" && item.key() != "view")
                spec[item.key()] = item.value();
    }
    return spaced(spec.dump());
}

void addAppendix(Report &report, const ReportSource &source)
{
    report.blocks << heading(QStringLiteral("Appendix A. What was run"), 1, QStringLiteral("specs"));
    const auto any = std::find_if(source.steps.begin(), source.steps.end(),
                                  [](const ReportStep &step) { return step.result != nullptr; });
    if (any != source.steps.end()) {
        const nlohmann::ordered_json spec = to_json((*any).result->spec);
        report.blocks << paragraph(
            spaced(nlohmann::ordered_json{{"model", spec.at("model")}, {"task", spec.at("task")}}.dump()),
            QStringLiteral("All steps."), Kind::Spec);
    }
    for (size_t i = 0; i < source.steps.size(); ++i)
        report.blocks << paragraph(specText(source.steps[i]),
                                   QStringLiteral("%1 %2 (%3).")
                                       .arg(i + 1)
                                       .arg(source.steps[i].title, QString::fromStdString(source.steps[i].state)),
                                   Kind::Spec);
    report.blocks << heading(QStringLiteral("Appendix B. Versions and files"), 1, QStringLiteral("versions"));
    double seconds = 0;
    QStringList files;
    for (const ReportStep &step : source.steps) {
        seconds += step.seconds;
        if (!step.file.isEmpty())
            files << step.file;
    }
    report.blocks << paragraph(
        QStringLiteral("Patchbay %1; computed in %2 s.").arg(source.version).arg(seconds, 0, 'f', 1),
        QStringLiteral("Program."));
    QString model = QStringLiteral("SHA-256 %1.").arg(source.sha256);
    if (!source.commit.isEmpty())
        model = QStringLiteral("%1, commit %2; ").arg(source.model, source.commit) + model;
    report.blocks << paragraph(model, QStringLiteral("Model."));
    report.blocks << paragraph(
        QStringLiteral("The per-prompt results lie beside this report, one file a step: recipe.json, %1.")
            .arg(files.join(QStringLiteral(", "))),
        QStringLiteral("Results."));
}

} // namespace

QString stepCaption(const ReportSource &source, const ReportStep &step, bool graph)
{
    QString words = step.caption;
    if (step.kind == "run" && !step.result->spec.is<Analysis>())
        words = sentence(step.message) + QLatin1Char(' ') + words;
    if (step.kind == "select") {
        if (step.view.is_object())
            words = QStringLiteral("Heads in colour: ")
                + words.replace(QRegularExpression(QStringLiteral("^Heads with ")), QString())
                + QStringLiteral(" All others are hatched in grey.");
        words += sourcesOf(source, step);
    }
    if (const QString thresholds = thresholdsText(*step.result); !thresholds.isEmpty())
        words += QLatin1Char(' ') + thresholds;
    if (step.kind == "circuit" && graph)
        words += QStringLiteral(" Arrows are as thick as their effects are strong.");
    if (step.view.is_object() && step.view.value("kind", std::string()) == "table" && step.result
        && step.result->summary.is_object() && step.result->summary.contains("rows"))
        if (const qsizetype all = qsizetype(step.result->summary.at("rows").size()), shown = shownRows(step);
            shown < all)
            words += QStringLiteral(" The first %1 of %2 rows; the others are in the file.").arg(shown).arg(all);
    return sentence(typographic(words));
}

namespace {

/// What the drawing itself decides: whether bars have intervals, and some of them reach over zero.
QString intervalWords(const widgets::FigureSheet &sheet)
{
    const auto *bars = std::get_if<widgets::BarsView>(&sheet.panels.front());
    if (!bars)
        return {};
    const auto any = [&](auto is) { return std::any_of(bars->bars.cbegin(), bars->bars.cend(), is); };
    if (!any([](const widgets::Bar &bar) { return bar.halfWidth > 0; }))
        return QStringLiteral(" No intervals are given: there is one number a head.");
    return QStringLiteral(" Lines are 95 % bootstrap intervals over prompts.")
        + (any([](const widgets::Bar &bar) { return bar.withinNoise(); })
               ? QStringLiteral(" Grey bars are within theirs of zero.")
               : QString());
}

/// How far a figure's colours reach, 0 where it has no such scale.
double scaleOf(const widgets::FigureSheet &sheet)
{
    const auto *heatmap = std::get_if<widgets::HeatmapView>(&sheet.panels.front());
    if (!heatmap || heatmap->unit != QLatin1String("%"))
        return 0;
    return sheet.spec.limit > 0 ? sheet.spec.limit : widgets::colourLimit(*heatmap);
}

/// Said where somebody who leafs through would take pale for weak.
QString scaleWords(double scale, double before, int figureBefore)
{
    constexpr double much = 10;
    if (scale <= 0 || before <= 0 || (scale < before * much && before < scale * much))
        return {};
    const bool wider = scale > before;
    return QStringLiteral(" Mind the scale: its colours reach \u00b1%1 %, %2 times %3 those of Figure %4.")
        .arg(QString::number(scale, 'g', 2))
        .arg(qRound(wider ? scale / before : before / scale))
        .arg(wider ? QStringLiteral("as far as") : QStringLiteral("less far than"))
        .arg(figureBefore);
}

} // namespace

QString stepFinding(const ReportStep &step)
{
    if (!step.done())
        return sentence(step.message.isEmpty() ? QStringLiteral("This step was not run") : step.message);
    const json summary = step.result ? step.result->summary : json();
    if (summary.is_object() && summary.contains("logit_diff_after")) {
        const auto value = [&](const char *key) { return summary.value(key, 0.0); };
        return typographic(QStringLiteral("The mean logit difference goes from %1 to %2 (%3%4 %).")
                               .arg(value("logit_diff_before"), 0, 'f', 2)
                               .arg(value("logit_diff_after"), 0, 'f', 2)
                               .arg(value("change_percent") > 0 ? QStringLiteral("+") : QString())
                               .arg(value("change_percent"), 0, 'f', 1));
    }
    if (summary.is_object() && summary.contains("conclusion"))
        return sentence(typographic(QString::fromStdString(summary.value("conclusion", std::string()))));
    if (step.kind == "run")
        return step.result ? strongest(*step.result) : QString();
    return sentence(step.message);
}

Report composeReport(const ReportSource &source)
{
    Report report;
    report.title = source.title;
    report.description = source.description;
    report.byline = QStringLiteral("%1 prompt pairs \u00b7 model %2 \u00b7 Patchbay %3")
                        .arg(source.prompts)
                        .arg(source.model, source.version);
    report.blocks << heading(QStringLiteral("Findings"), 1, QStringLiteral("findings"));
    report.blocks << findingBlocks(source);
    ReportBlock contents = heading(QStringLiteral("Contents"), 1, QStringLiteral("contents"));
    contents.kind = Kind::Contents;
    report.blocks << contents;
    report.blocks << heading(QStringLiteral("Model, task and metric"), 1, QStringLiteral("setup"));
    report.blocks << paragraph(modelText(source), QStringLiteral("Model."))
                  << paragraph(taskText(source), QStringLiteral("Task."))
                  << paragraph(metricText(source), QStringLiteral("Metric."));
    report.blocks << heading(QStringLiteral("Steps and their results"), 1, QStringLiteral("steps"));
    int figures = 0, tables = 0, scaled = 0;
    double scale = 0; // of the last figure that has one
    nlohmann::ordered_json specs = nlohmann::ordered_json::array();
    for (size_t i = 0; i < source.steps.size(); ++i) {
        const ReportStep &step = source.steps[i];
        report.blocks << heading(QStringLiteral("%1  %2").arg(i + 1).arg(step.title), 2,
                                 QString::fromStdString(step.id));
        QStringList text{sentence(step.note), withStepTitles(source, stepFinding(step))};
        text.removeAll(QString());
        if (!text.isEmpty())
            report.blocks << paragraph(text.join(QLatin1Char(' ')));
        if (step.result && step.kind == "run")
            specs.push_back(to_json(step.result->spec));
        for (const widgets::FigureSheet &sheet : stepFigures(source, step)) {
            const bool table = std::holds_alternative<widgets::TableView>(sheet.panels.front());
            if (table && std::get<widgets::TableView>(sheet.panels.front()).rows.isEmpty())
                continue;
            ReportBlock caption = paragraph(stepCaption(source, step, !table),
                                            table ? QStringLiteral("Table %1.").arg(++tables)
                                                  : QStringLiteral("Figure %1.").arg(++figures),
                                            Kind::Caption);
            caption.text += typographic(intervalWords(sheet));
            if (const double own = scaleOf(sheet); own > 0) {
                caption.text += typographic(scaleWords(own, scale, scaled));
                scale = own;
                scaled = figures;
            }
            caption.file = step.file;
            ReportBlock drawn;
            drawn.kind = table ? Kind::Table : Kind::Figure;
            drawn.figure = sheet;
            drawn.text = caption.lead + QLatin1Char(' ') + caption.text;
            if (table)
                report.blocks << caption << drawn;
            else
                report.blocks << drawn << caption;
        }
    }
    if (!source.notes.empty())
        report.blocks << heading(QStringLiteral("Notes"), 1, QStringLiteral("notes"));
    for (const ReportNote &note : source.notes)
        report.blocks << paragraph(note.text.simplified(), note.about + QLatin1Char('.'));
    addAppendix(report, source);
    report.metadata.title = source.title;
    report.metadata.caption = source.description;
    report.metadata.runSpec = QByteArray::fromStdString(specs.dump());
    report.metadata.version = QStringLiteral("Patchbay %1").arg(source.version);
    report.metadata.modelSha256 = source.sha256;
    return report;
}

} // namespace patchbay
