// A project for a reader who has no Patchbay: one page that needs nothing beside it.
#include "report/project_report.h"

#include "controllers/run_views.h"
#include "export/figure_subject.h"
#include "io/array_files.h"
#include "model/model_folder.h"
#include "patching/session.h"
#include "report/report_blocks.h"
#include "script/command_line.h"
#include "view_models.h"

#include <algorithm>

namespace patchbay {

using Kind = ReportBlock::Kind;

namespace {

class ProjectPages {
public:
    ProjectPages(const ProjectContents &contents, Report &report, const PageAttention &behind)
        : m_contents(contents), m_report(report), m_behind(behind)
    {
    }

    void write(const QVector<widgets::AttentionView> &attention)
    {
        addNotes("project", {});
        ReportBlock list = heading(QStringLiteral("Contents"), 1, QStringLiteral("contents"));
        list.kind = Kind::Contents;
        m_report.blocks << list;
        for (const ProjectRun &run : chosenRuns(m_contents))
            addRun(run);
        if (!attention.isEmpty()) {
            m_report.blocks << heading(QStringLiteral("Attention"), 1, QStringLiteral("attention"));
            for (const widgets::AttentionView &view : attention)
                addFigure({view}, attentionCaption(view, nullptr));
        }
        addOtherNotes();
        addHistory();
    }

private:
    QString noteOn(const std::string &kind, const std::string &subject) const
    {
        for (const ProjectNote &note : m_contents.notes)
            if (note.kind == kind && note.subject == subject)
                return QString::fromStdString(note.text);
        return {};
    }

    // An empty line ends a paragraph.
    void addNotes(const std::string &kind, const std::string &subject, const QString &lead = {})
    {
        bool first = true;
        for (const QString &part : noteOn(kind, subject).split(QStringLiteral("\n\n"), Qt::SkipEmptyParts)) {
            m_report.blocks << paragraph(part.simplified(), first ? lead : QString());
            first = false;
        }
    }

    void addRun(const ProjectRun &run)
    {
        const RunResultPtr &result = m_contents.results.at(run.id);
        m_report.blocks << heading(QString::fromStdString(run.name), 1, QStringLiteral("run-%1").arg(run.id));
        addNotes("run", std::to_string(run.id));
        FigureSubject subject;
        try {
            subject = figureSubject(result, bestView(*result));
        } catch (const Error &error) { // words alone, or a view that needs the model
            m_report.blocks << paragraph(QString::fromStdString(error.cause()));
        }
        if (subject.result)
            addFigure({subject.content}, subject.captionText(), attentionBehind(run.spec));
        m_report.blocks << paragraph(QString::fromStdString(command_line(run.spec)), {}, Kind::Spec);
    }

    /// Its place in the report; −1: there is none.
    qsizetype attentionBehind(const RunSpec &spec)
    {
        if (!m_behind)
            return -1;
        for (const auto &[known, place] : m_places)
            if (known.model == spec.model && known.task == spec.task)
                return place;
        ReaderAttention attention = m_behind(spec);
        const qsizetype place = attention.isEmpty() ? -1 : m_report.attention.size();
        if (place >= 0)
            m_report.attention << std::move(attention);
        m_places.emplace_back(spec, place);
        return place;
    }

    void addFigure(const QVector<widgets::FigureContent> &panels, const QString &caption, qsizetype attention = -1)
    {
        const bool table = std::holds_alternative<widgets::TableView>(panels.front());
        if (table && std::get<widgets::TableView>(panels.front()).rows.isEmpty())
            return;
        ReportBlock figure;
        figure.kind = table ? Kind::Table : Kind::Figure;
        const bool narrow = std::holds_alternative<widgets::AttentionView>(panels.front());
        figure.figure.spec.width = narrow ? 110 : reportSheetWidth;
        figure.figure.spec.showTitle = false;
        figure.figure.panels = panels;
        figure.attention = attention;
        const ReportBlock words = paragraph(typographic(caption),
                                            table ? QStringLiteral("Table %1.").arg(++m_tables)
                                                  : QStringLiteral("Figure %1.").arg(++m_figures),
                                            Kind::Caption);
        figure.text = words.lead + QLatin1Char(' ') + words.text;
        if (table)
            m_report.blocks << words << figure;
        else
            m_report.blocks << figure << words;
    }

    static FigureChoices bestView(const RunResult &result)
    {
        FigureChoices choices;
        for (const ViewChoice &choice : viewChoices(result)) {
            choices.view = choice.key == QStringLiteral("heatmap") ? FigureView::Heatmap
                : choice.key == QStringLiteral("edge-graph")       ? FigureView::Graph
                : choice.key == QStringLiteral("edge-curve")       ? FigureView::Lines
                : choice.key == QStringLiteral("scatter")          ? FigureView::Scatter
                : choice.key == QStringLiteral("bars")             ? FigureView::Bars
                                                                   : FigureView::Table;
            break;
        }
        return choices;
    }

    void addOtherNotes()
    {
        bool any = false;
        for (const ProjectNote &note : m_contents.notes) {
            if (note.kind == "project" || note.kind == "run")
                continue;
            if (!std::exchange(any, true))
                m_report.blocks << heading(QStringLiteral("Notes"), 1, QStringLiteral("notes"));
            addNotes(note.kind, note.subject,
                     subjectWords(QString::fromStdString(note.kind), QString::fromStdString(note.subject))
                         + QLatin1Char('.'));
        }
    }

    // What a reader can type: the runs and what they were of, without the steps between them.
    void addHistory()
    {
        m_report.blocks << heading(QStringLiteral("What was run"), 1, QStringLiteral("history"));
        for (const HistoryEntry &entry : m_contents.history)
            if (!entry.command.empty())
                m_report.blocks << paragraph(QString::fromStdString(entry.command),
                                             QString::fromStdString(entry.sentence) + QLatin1Char('.'), Kind::Spec);
        QStringList models;
        for (const ModelRef &model : m_contents.models)
            models << QStringLiteral("%1, SHA-256 %2")
                          .arg(QString::fromStdString(model_name(model.path)), QString::fromStdString(model.sha256));
        m_report.blocks << paragraph(models.join(QStringLiteral("; ")) + QLatin1Char('.'), QStringLiteral("Models."));
    }

    const ProjectContents &m_contents;
    Report &m_report;
    const PageAttention &m_behind;
    std::vector<std::pair<RunSpec, qsizetype>> m_places; ///< of attention, by model and task
    int m_figures = 0, m_tables = 0;
};

} // namespace

std::vector<ProjectRun> chosenRuns(const ProjectContents &contents)
{
    std::vector<ProjectRun> runs, pinned;
    for (auto run = contents.runs.rbegin(); run != contents.runs.rend();
         ++run) { // in the order in which they were made
        if (run->state != "done" || !contents.results.contains(run->id))
            continue;
        runs.push_back(*run);
        if (run->pinned)
            pinned.push_back(*run);
    }
    return pinned.empty() ? runs : pinned;
}

Report composeProjectReport(const ProjectContents &contents, const QString &title,
                            const QVector<widgets::AttentionView> &attention, const PageAttention &behind)
{
    const std::vector<ProjectRun> runs = chosenRuns(contents);
    if (runs.empty() && contents.notes.empty())
        throw Error(title.toStdString(), "has neither a finished run nor a note: there is nothing to read");
    Report report;
    report.title = title;
    QStringList models, tasks;
    nlohmann::ordered_json specs = nlohmann::ordered_json::array();
    for (const ProjectRun &run : runs) {
        models << QString::fromStdString(model_name(run.spec.model.path));
        tasks << taskName(run.spec.task);
        specs.push_back(to_json(run.spec));
    }
    models.removeDuplicates();
    tasks.removeDuplicates();
    report.description =
        QStringLiteral("%1; %2.").arg(models.join(QStringLiteral(", ")), tasks.join(QStringLiteral("; ")));
    report.byline = QStringLiteral("%1 %2 \u00b7 Patchbay %3")
                        .arg(runs.size())
                        .arg(runs.size() == 1 ? QStringLiteral("run") : QStringLiteral("runs"))
                        .arg(QString::fromStdString(program_version()));
    report.metadata.title = title;
    report.metadata.caption = report.description;
    report.metadata.runSpec = QByteArray::fromStdString(specs.dump());
    report.metadata.version = QStringLiteral("Patchbay %1").arg(QString::fromStdString(program_version()));
    ProjectPages(contents, report, behind).write(attention);
    return report;
}

void writeForReader(const QString &file, const ProjectContents &contents, const QString &title,
                    const QVector<widgets::AttentionView> &attention)
{
    const auto behind = [&contents](const RunSpec &of) { return attentionForReader(contents, of); };
    write_file(file.toStdString(), reportHtml(composeProjectReport(contents, title, attention, behind)).toStdString());
}

} // namespace patchbay
