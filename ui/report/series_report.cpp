// The report of a series over training: the same blocks, pages and files as that of a recipe.
#include "report/report.h"

#include "base/plain_text.h"
#include "report/report_blocks.h"
#include "series_views.h"
#include "view_models.h"

#include <algorithm>

namespace patchbay {

using Kind = ReportBlock::Kind;

namespace {

class SeriesPages {
public:
    SeriesPages(const SeriesResults &series, const SeriesMeasures &measures, Report &report)
        : m_series(series), m_measures(measures), m_report(report),
          m_log(series.numbered && series.steps.back().number >= 100 * std::max(1.0, smallest(series)))
    {
    }

    void write()
    {
        m_report.blocks << heading(QStringLiteral("What was found"), 1, QStringLiteral("findings"));
        for (const QString &finding : findings())
            m_report.blocks << paragraph(finding);
        section(QStringLiteral("The task"), QStringLiteral("baseline"), {baselineLines(m_series, m_measures, m_log)},
                QStringLiteral("The metric in the clean and the flipped run, mean over prompts with 95 % bootstrap "
                               "intervals."),
                QStringLiteral("steps.csv"));
        if (m_series.side_by_side)
            sideBySide();
        else
            overTraining();
        table();
    }

private:
    void heatmaps()
    {
        section(QStringLiteral("All heads at every step"), QStringLiteral("heatmaps"),
                {smallHeatmaps(m_series, m_measures)},
                QStringLiteral("Every step on one scale. ")
                    + QString::fromStdString(blank_note(m_series, m_measures.heads)),
                QStringLiteral("table.csv"));
    }

    void alike(const QString &words)
    {
        section(QStringLiteral("How alike the steps are"), QStringLiteral("alike"),
                {likenessLines(m_series, m_measures, m_log)}, words, QStringLiteral("steps.csv"));
    }

    // The tasks are no way from one to the next: no lines, no first steps.
    void sideBySide()
    {
        heatmaps();
        const size_t other = comparedStep(m_measures);
        section(
            QStringLiteral("Two of them"), QStringLiteral("two"),
            {twoSteps(m_series, m_measures, other), twoStepsScatter(m_series, m_measures, other)},
            QStringLiteral("The reference step and the first other one, and what that has more. How alike they are: "
                           "%1 (Jaccard index of the strongest heads).")
                .arg(QString::fromStdString(fixed_text(m_measures.alike.top[other], 2))),
            QStringLiteral("table.csv"));
    }

    void overTraining()
    {
        section(QStringLiteral("The heads"), QStringLiteral("heads"), {headLines(m_series, m_measures, {}, m_log)},
                QStringLiteral("The heads that are strongest at any step; bands are 95 % bootstrap intervals over "
                               "prompts."),
                QStringLiteral("heads.csv"));
        heatmaps();
        section(QStringLiteral("When heads appear"), QStringLiteral("first"), {firstStepMap(m_series, m_measures)},
                QStringLiteral("The first step at which a head\u2019s value is at least the threshold, whatever its "
                               "sign; crossed: it never is."),
                QStringLiteral("first-steps.csv"));
        alike(QStringLiteral("Jaccard index of the strongest heads, and over all heads weighted by their values "
                             "(\u03a3 min |score| / \u03a3 max |score|), with the reference step and with the step "
                             "before."));
        if (widgets::LinesView bands = roleBands(m_series, m_measures, m_log); !bands.lines.isEmpty())
            section(QStringLiteral("Roles"), QStringLiteral("roles"), {std::move(bands)},
                    QStringLiteral("How many heads have which role, each by several marks at once."),
                    QStringLiteral("roles.csv"));
    }

    static double smallest(const SeriesResults &series)
    {
        for (const SeriesStepResult &step : series.steps)
            if (step.number > 0)
                return step.number;
        return 1;
    }

    QString stepAt(size_t step) const { return QString::fromStdString(m_series.steps[step].name); }

    QStringList findings() const
    {
        QStringList out;
        size_t done = 0;
        QStringList gaps;
        for (const SeriesStepResult &step : m_series.steps) {
            done += step.state == SeriesState::Done;
            if (step.state == SeriesState::Gap)
                gaps << QString::fromStdString(step.name + " (" + step.reason + ")");
        }
        out << QStringLiteral("%1 of %2 steps have a result, %3 to %4.")
                   .arg(done)
                   .arg(m_series.steps.size())
                   .arg(stepAt(0), stepAt(m_series.steps.size() - 1));
        if (!gaps.isEmpty())
            out << QStringLiteral("Nothing is known of %1.").arg(gaps.join(QStringLiteral("; ")));
        QStringList firsts;
        for (size_t step = 0; step < m_series.steps.size(); ++step) {
            QStringList heads;
            for (size_t cell = 0; cell < m_measures.first.size(); ++cell)
                if (m_measures.first[cell] == step)
                    heads << QString::fromStdString(label(m_measures.heads.head(cell)));
            if (!heads.isEmpty())
                firsts << QStringLiteral("%1: %2").arg(stepAt(step), heads.join(QStringLiteral(", ")));
        }
        const QString threshold = typographic(QString::fromStdString(short_text(m_measures.options.threshold, 3) + " "
                                                                     + m_measures.heads.unit))
                                      .trimmed();
        if (!m_series.side_by_side)
            out << (firsts.isEmpty() ? QStringLiteral("No head ever reaches %1.").arg(threshold)
                                     : QStringLiteral("Heads first reach %1 at these steps. %2.")
                                           .arg(threshold, firsts.join(QStringLiteral("; "))));
        if (const std::string note = blank_note(m_series, m_measures.heads); !note.empty())
            out << QString::fromStdString(note);
        return out;
    }

    void section(const QString &title, const QString &anchor, QVector<widgets::FigureContent> panels,
                 const QString &caption, const QString &file)
    {
        m_report.blocks << heading(title, 1, anchor);
        ReportBlock figure;
        figure.kind = Kind::Figure;
        const bool heatmap = std::holds_alternative<widgets::HeatmapView>(panels.front());
        const bool many = heatmap && std::get<widgets::HeatmapView>(panels.front()).facets.size() > 1;
        figure.figure.spec.width = heatmap && !many ? 110 : reportSheetWidth;
        figure.figure.spec.showTitle = false;
        figure.figure.panels = std::move(panels);
        m_report.blocks << figure;
        ReportBlock words = paragraph(caption, QStringLiteral("Figure %1.").arg(++m_figures), Kind::Caption);
        words.file = file;
        m_report.blocks << words;
    }

    void table()
    {
        m_report.blocks << heading(QStringLiteral("The steps"), 1, QStringLiteral("steps"));
        widgets::TableView view;
        view.columns = QStringList{QStringLiteral("Step"), QStringLiteral("Clean"), QStringLiteral("Flipped"),
                                   QStringLiteral("Right (%)"), QStringLiteral("Strongest heads")};
        for (size_t i = 0; i < m_series.steps.size(); ++i) {
            const auto &base = m_measures.baselines[i];
            const auto number = [&](double value, int digits) {
                return base ? typographic(QString::number(value, 'f', digits)) : QStringLiteral("\u2013");
            };
            HeadsOverSteps one = m_measures.heads;
            one.steps = {m_measures.heads.steps[i]};
            QStringList heads;
            for (const Head &head : strongest_heads(one, 5))
                heads << QString::fromStdString(label(head));
            view.rows << QStringList{stepAt(i), number(base ? base->clean : 0, 2), number(base ? base->flipped : 0, 2),
                                     number(base ? 100 * base->accuracy : 0, 0),
                                     m_series.steps[i].state == SeriesState::Gap
                                         ? QString::fromStdString(m_series.steps[i].reason)
                                         : heads.join(QStringLiteral(", "))};
        }
        ReportBlock words = paragraph(QStringLiteral("Every step: the metric\u2019s means, and how often "
                                                     "the right name has the larger logit."),
                                      QStringLiteral("Table 1."), Kind::Caption);
        words.file = QStringLiteral("steps.csv");
        m_report.blocks << words;
        ReportBlock block;
        block.kind = Kind::Table;
        block.figure.spec.width = reportSheetWidth;
        block.figure.spec.showTitle = false;
        block.figure.panels << view;
        m_report.blocks << block;
    }

    const SeriesResults &m_series;
    const SeriesMeasures &m_measures;
    Report &m_report;
    const bool m_log;
    int m_figures = 0;
};

} // namespace

Report composeSeriesReport(const SeriesResults &series, const SeriesMeasures &measures)
{
    Report report;
    report.title = (series.side_by_side ? QStringLiteral("Side by side: %1") : QStringLiteral("Over training: %1"))
                       .arg(QString::fromStdString(series.title));
    report.description = seriesCaption(series, measures);
    report.metadata.title = report.title;
    report.metadata.caption = report.description;
    for (size_t i = series.steps.size(); i-- > 0;)
        if (const RunResultPtr result = series.result(i, measures.options.part)) {
            report.byline = QStringLiteral("Patchbay %1").arg(QString::fromStdString(result->version)).trimmed();
            report.metadata.version = report.byline;
            report.metadata.modelSha256 = QString::fromStdString(result->model_sha256);
            report.metadata.runSpec = QByteArray::fromStdString(to_json(result->spec).dump());
            break;
        }
    SeriesPages(series, measures, report).write();
    return report;
}

} // namespace patchbay
