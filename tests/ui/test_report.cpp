// The report of the shipped recipe on the demo model: every step, every caption, well-formed page, vector pages with
// embedded fonts.
#include "analysis/recipe.h"
#include "base/error.h"
#include "export/export_files.h"
#include "io/array_files.h"
#include "model/model.h"
#include "report/fill_pages.h"
#include "report/report.h"
#include "report/report_sheet.h"
#include "task/task_source.h"
#include "view_text.h"

#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

#include <random>

using namespace patchbay;

namespace {

QByteArray readAll(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QString errorOf(const std::filesystem::path &folder)
{
    try {
        writeReport(folder);
    } catch (const std::exception &error) {
        return QString::fromUtf8(error.what());
    }
    return QStringLiteral("no error");
}

/// What a page says, without its tags: entities resolved.
struct Page {
    QString text;
    QStringList ids, captions, links;
    int drawings = 0, tables = 0;
    QString error;
};

Page parsed(const QByteArray &html)
{
    Page page;
    QXmlStreamReader xml(html);
    int caption = 0;
    while (!xml.atEnd()) {
        xml.readNext();
        if (xml.isStartElement()) {
            if (xml.name() == QLatin1String("figcaption")) {
                page.captions << QString();
                caption = 1;
            }
            page.drawings += xml.name() == QLatin1String("svg");
            page.tables += xml.name() == QLatin1String("table");
            for (const QXmlStreamAttribute &attribute : xml.attributes()) {
                if (attribute.name() == QLatin1String("id"))
                    page.ids << attribute.value().toString();
                if (attribute.name() == QLatin1String("href") || attribute.name() == QLatin1String("src"))
                    page.links << attribute.value().toString();
            }
        } else if (xml.isEndElement() && xml.name() == QLatin1String("figcaption")) {
            caption = 0;
        } else if (xml.isCharacters()) {
            page.text += xml.text();
            if (caption)
                page.captions.back() += xml.text();
        }
    }
    page.error =
        xml.hasError() ? QStringLiteral("line %1: %2").arg(xml.lineNumber()).arg(xml.errorString()) : QString();
    return page;
}

class TestReport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        TaskRef task;
        task.prompts = 70;
        const auto model = Model::load({demo_model_path(), {}, false});
        Session session(model, load_batch(task, model->tokenizer()));
        ModelRef ref;
        ref.path = "demo";
        RecipeRun run(session, load_recipe("ioi-circuit"), ref, task);
        run.run_all();
        run.save(folder());
        const QStringList files = writeReport(folder());
        QCOMPARE(files,
                 (QStringList{m_folder.filePath(QStringLiteral("report.html")),
                              m_folder.filePath(QStringLiteral("report.pdf"))}));
        m_source = readReportSource(folder());
        m_report = composeReport(m_source);
        m_html = readAll(files[0]);
        m_pdf = files[1];
        m_page = parsed(m_html);
    }

    void pageIsWellFormedAndNeedsNothing()
    {
        QVERIFY2(m_page.error.isEmpty(), qPrintable(m_page.error));
        QVERIFY(m_html.contains("@font-face"));
        // One script, written into the page; nothing in it or beside it asks anybody for anything.
        QCOMPARE(m_html.count("<script"), 1);
        for (const char *asks : {"<img", "<link", "<iframe", "fetch(", "XMLHttpRequest", "import(", "import ", "eval(",
                                 "src=\"", "WebSocket", "sendBeacon"})
            QVERIFY2(!m_html.contains(asks), asks);
        for (const QString &link : m_page.links)
            if (link.startsWith(QLatin1Char('#')))
                QVERIFY2(m_page.ids.contains(link.mid(1)), qPrintable(link));
            else
                QVERIFY2(QFile::exists(m_folder.filePath(QUrl::fromPercentEncoding(link.toUtf8()))), qPrintable(link));
    }

    void itBeginsWithWhatWasFound()
    {
        QStringList order;
        for (const ReportBlock &block : m_report.blocks)
            if (block.kind == ReportBlock::Kind::Heading || block.kind == ReportBlock::Kind::Contents)
                order << block.anchor;
        QCOMPARE(order.mid(0, 4),
                 (QStringList{QStringLiteral("findings"), QStringLiteral("contents"), QStringLiteral("setup"),
                              QStringLiteral("steps")}));
        QMap<QString, QString> said;
        for (const ReportBlock &block : findingBlocks(m_source))
            said[block.lead] = block.text;
        const Baseline &base = m_source.steps.front().result->baseline;
        QVERIFY2(said[QStringLiteral("The task.")].contains(
                     typographic(QStringLiteral("in %1 % of 70 clean prompts").arg(base.rank0_clean * 100, 0, 'f', 0))),
                 qPrintable(said[QStringLiteral("The task.")]));
        QVERIFY(said[QStringLiteral("The task.")].contains(QString::number(base.clean_mean, 'f', 2)));
        QVERIFY2(said[QStringLiteral("Roles.")].contains(QStringLiteral("name movers L2H")),
                 qPrintable(said[QStringLiteral("Roles.")]));
        // The demo model has no head that subtracts names: what was not found is said.
        QVERIFY2(said[QStringLiteral("Not found.")].contains(QStringLiteral("negative name mover")),
                 qPrintable(said[QStringLiteral("Not found.")]));
        QVERIFY2(said[QStringLiteral("How stable.")].contains(QStringLiteral("correlate at 0.9")),
                 qPrintable(said[QStringLiteral("How stable.")]));
        QVERIFY(said.contains(QStringLiteral("Circuit.")) && said.contains(QStringLiteral("Without them.")));
    }

    void halvesThatDisagreeAreSaid()
    {
        // Half of the prompts turned around: the halves correlate at −1, and little is outside of noise.
        ReportSource source = m_source;
        for (ReportStep &step : source.steps)
            if (step.id == "outputs") {
                RunResult turned = *step.result;
                for (Grid &grid : turned.grids)
                    for (int cell = 0; cell < grid.cells(); ++cell)
                        for (int p = 1; p < grid.prompts; p += 2) {
                            float &value = grid.per_prompt[size_t(cell * grid.prompts + p)];
                            const float base = turned.baseline.flipped[size_t(p)];
                            value = base - (value - base);
                        }
                step.result = std::make_shared<const RunResult>(turned);
            }
        for (const ReportBlock &block : findingBlocks(source))
            if (block.lead == QLatin1String("How stable."))
                QVERIFY2(block.text.contains(QStringLiteral("correlate at \u22120.9"))
                             || block.text.contains(QStringLiteral("correlate at \u22121.0")),
                         qPrintable(block.text));
    }

    void drawingsSayTheirNumbers()
    {
        // Every cell of a heatmap of 6 × 8 heads, by name and value; the same number that the result holds.
        const ReportStep *outputs = m_source.step("outputs");
        const Grid &grid = outputs->result->grids.front();
        for (const int cell : {0, 17, 47}) {
            const QString said =
                QStringLiteral("<title>%1  %2 %")
                    .arg(QString::fromStdString(label(grid.at(cell))),
                         widgets::signedNumber(normalised(grid, cell, outputs->result->baseline) * 100, 1));
            QVERIFY2(m_html.contains(said.toUtf8()), qPrintable(said));
        }
        QVERIFY(m_html.count("class=\"h\"") > 48 * 8);
        QCOMPARE(m_html.count("<table class=\"sortable\""), m_page.tables);
        QCOMPARE(m_html.count("<th"), m_html.count("<button type=\"button\">") + m_html.count("<thead"));
    }

    void noPageIsHalfEmpty()
    {
        const QVector<widgets::figure::Scene> pages = reportPages(m_report);
        for (qsizetype page = 0; page + 1 < pages.size(); ++page) {
            double lowest = 0;
            QStringList texts;
            for (const widgets::figure::Mark &mark : pages[page].marks)
                if (const auto *text = std::get_if<widgets::figure::TextMark>(&mark);
                    text && text->at.y() < pages[page].size.height() - 22) {
                    lowest = std::max(lowest, text->at.y());
                    texts << text->text;
                }
            QVERIFY2(lowest > 170, qPrintable(QStringLiteral("page %1 ends at %2 mm").arg(page + 1).arg(lowest)));
        }
        // The list of contents names the page on which a heading stands.
        int found = 0;
        for (const ReportBlock &block : m_report.blocks) {
            if (block.kind != ReportBlock::Kind::Heading || block.anchor == QLatin1String("findings"))
                continue;
            QVector<int> on;
            QString said;
            for (qsizetype page = 0; page < pages.size(); ++page) {
                const auto &marks = pages[page].marks;
                for (qsizetype i = 0; i < marks.size(); ++i)
                    if (const auto *text = std::get_if<widgets::figure::TextMark>(&marks[i]);
                        text && text->text.simplified() == block.text.simplified()) {
                        on << int(page) + 1;
                        if (on.size() == 1)
                            said = std::get<widgets::figure::TextMark>(marks[i + 1]).text;
                    }
            }
            if (on.size() < 2)
                continue; // longer than a line
            QCOMPARE(said, QString::number(on.back()));
            ++found;
        }
        QVERIFY(found > 20);
    }

    void pagesAreFilledAndRunsStayTogether()
    {
        std::mt19937 random(11);
        for (int round = 0; round < 30; ++round) {
            QVector<Box> boxes;
            double total = 0;
            for (int i = 0; i < 120; ++i) {
                Box box; // a heading, a sentence, a figure that can be lower, its caption; some lines
                const bool figure = i % 4 == 2;
                box.height = figure ? 40 + double(random() % 110) : 5 + double(random() % 12);
                box.least = figure ? box.height * 0.62 : box.height;
                box.before = 2;
                box.keep = i % 4 < 3 && random() % 8 > 0;
                total += box.height + box.before;
                boxes << box;
            }
            const QVector<PagePlan> pages = fillPages(boxes, 255);
            qsizetype next = 0;
            for (const PagePlan &page : pages) {
                QCOMPARE(page.first, next);
                double used = 0;
                for (qsizetype i = page.first; i < page.end; ++i)
                    used += (i > page.first ? boxes[i].before : 0) + boxes[i].height
                        - page.shrink * (boxes[i].height - boxes[i].least);
                QVERIFY2(used < 255.02, qPrintable(QString::number(used)));
                QVERIFY(page.end == boxes.size() || !boxes[page.end - 1].keep); // no run here is longer than a page
                next = page.end;
            }
            QCOMPARE(next, boxes.size());
            QVERIFY(double(pages.size()) < total / 255 * 1.25 + 1);
        }
        // What is too long for a page is broken where it must, and nothing is lost.
        QVector<Box> run(10);
        for (Box &box : run) {
            box.height = box.least = 60;
            box.keep = true;
        }
        const QVector<PagePlan> pages = fillPages(run, 255);
        QCOMPARE(pages.size(), 3);
        QCOMPARE(pages.back().end, 10);
        QVERIFY(fillPages({}, 255).isEmpty());
    }

    void everyStepIsThere()
    {
        QCOMPARE(m_source.steps.size(), load_recipe("ioi-circuit").steps.size());
        for (const ReportStep &step : m_source.steps) {
            QVERIFY2(m_page.ids.contains(QString::fromStdString(step.id)), step.id.c_str());
            QVERIFY2(m_page.text.contains(step.title), step.id.c_str());
            QVERIFY2(step.state == "done" || step.state == "nothing found", step.id.c_str());
        }
        QVERIFY(m_page.text.contains(m_source.sha256));
        // How faithful the circuit is by itself, and that of the same size: said, and tabled.
        const ReportStep *compared = m_source.step("side-by-side");
        QVERIFY(compared && compared->message.contains(QStringLiteral("The circuit by hand: ")));
        QVERIFY2(m_page.text.count(compared->message) == 2, qPrintable(compared->message)); // and among the findings
        QVERIFY(m_page.captions.filter(QStringLiteral("The first 20 of 200 rows")).size() == 1);
    }

    void stepsThatFoundNothingSaySo()
    {
        // Made to find nothing, whatever the model: the report is drawn again from the folder.
        QTemporaryDir other;
        for (const QFileInfo &file : QDir(m_folder.path()).entryInfoList(QDir::Files))
            QVERIFY(QFile::copy(file.filePath(), other.filePath(file.fileName())));
        const std::string path = other.filePath(QStringLiteral("recipe.json")).toStdString();
        nlohmann::json index = nlohmann::json::parse(read_file(path));
        for (auto &step : index.at("steps"))
            if (step.at("id") == "name-movers") {
                step["state"] = "nothing found";
                step["message"] = "No head has path effect \u2264 -90 %.";
            } else if (step.at("id") == "contribution") {
                step["state"] = "nothing found";
                step["message"] = "Nothing to do: step \"name-movers\" found no head.";
                step.erase("file");
            }
        write_file(path, index.dump());
        writeReport(other.path().toStdString());
        const Page page = parsed(readAll(other.filePath(QStringLiteral("report.html"))));
        QVERIFY2(page.error.isEmpty(), qPrintable(page.error));
        QVERIFY(page.text.contains(QStringLiteral("No head has path effect \u2264\u00a0\u221290\u00a0%.")));
        QVERIFY(page.text.contains(QStringLiteral("Nothing to do: step 13 (Name movers) found no head.")));
        QVERIFY(page.captions.size() < m_page.captions.size());
    }

    void everyFigureHasACaption()
    {
        QCOMPARE(m_page.captions.size(), m_page.drawings + m_page.tables);
        QVERIFY(m_page.drawings >= 12 && m_page.tables >= 6);
        for (int i = 0; i < m_page.captions.size(); ++i)
            QVERIFY2(m_page.captions[i].size() > 40, qPrintable(m_page.captions[i]));
        for (const ReportStep &step : m_source.steps)
            if (step.done() && step.kind == "run")
                QVERIFY2(m_page.captions.filter(typographic(step.caption).left(60)).size() > 0, step.id.c_str());
        // What was patched into what, the direction, the metric: also where heads were chosen from a sweep.
        const QStringList direct = m_page.captions.filter(QStringLiteral("Path patching from z of each head"));
        QVERIFY(direct.size() >= 2);
        for (const QString &caption : direct)
            QVERIFY2(caption.contains(QStringLiteral("noising"))
                         && caption.contains(QStringLiteral("mean logit difference")),
                     qPrintable(caption));
    }

    void pagesAreVectorsWithEmbeddedFonts()
    {
        if (QStandardPaths::findExecutable(QStringLiteral("pdffonts")).isEmpty())
            QSKIP("pdffonts and pdfimages (poppler-utils) are not installed");
        const auto output = [this](const QString &program, const QStringList &options) {
            QProcess process;
            process.start(program, options + QStringList{m_pdf});
            process.waitForFinished();
            return QString::fromUtf8(process.readAllStandardOutput()).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
        };
        const QStringList fonts = output(QStringLiteral("pdffonts"), {}).mid(2);
        QCOMPARE(fonts.size(), 2);
        for (const QString &font : fonts)
            QVERIFY2(font.contains(QStringLiteral("yes yes yes")), qPrintable(font)); // embedded, a subset, searchable
        QCOMPARE(output(QStringLiteral("pdfimages"), {QStringLiteral("-list")}).size(), 2); // the head of the list only
    }

    void sameFolderSameReport()
    {
        const Report again = composeReport(readReportSource(folder()));
        QCOMPARE(reportHtml(again), m_html);
        QCOMPARE(reportPdf(again), readAll(m_pdf));
    }

    void theSheetHasEveryFigureAsAPanel()
    {
        const std::vector<FigureSubject> all = recipeSubjects(m_source);
        QVERIFY(all.size() > 10);
        for (const FigureSubject &subject : all) {
            QVERIFY(subject.view != FigureView::Table);
            QVERIFY(!subject.title().isEmpty() && !subject.captionText().isEmpty());
        }
        const std::vector<FigureSubject> chosen = recipeSubjects(m_source, {"roles", "direct"});
        QCOMPARE(chosen.size(), size_t(2));
        QVERIFY(chosen[0].view == FigureView::Table && chosen[1].view == FigureView::Heatmap);
        QVERIFY(chosen[1].title().contains(QStringLiteral("noising")));
        QVERIFY_EXCEPTION_THROWN(recipeSubjects(m_source, {"no-such-step"}), Error);

        const QString program = QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay"),
                      sheet = m_folder.filePath(QStringLiteral("sheet.pdf"));
        if (!QFile::exists(program))
            QSKIP("the program patchbay is not built");
        QProcess process;
        process.start(program,
                      {QStringLiteral("figure"), m_folder.path(), QStringLiteral("--width"), QStringLiteral("174"),
                       QStringLiteral("--out"), sheet});
        QVERIFY(process.waitForFinished(60000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        widgets::FigureSpec spec;
        spec.width = 174;
        exportFigure(m_folder.filePath(QStringLiteral("same.pdf")), all, spec, false);
        QVERIFY(readAll(sheet).size() > 10000);
        QVERIFY(readAll(sheet) == readAll(m_folder.filePath(QStringLiteral("same.pdf"))));
        const nlohmann::json specs = nlohmann::json::parse(widgets::readEmbeddedSpec(sheet).toStdString());
        QVERIFY(specs.is_array() && specs.size() > 5);
        for (const nlohmann::json &one : specs)
            run_spec_from_json(one); // throws where it is none
    }

    void barsTellOfTheirIntervalsAndNoOthers()
    {
        const QString lines = QStringLiteral("Lines are 95\u00a0% bootstrap intervals over prompts."),
                      none = QStringLiteral("No intervals are given");
        int with = 0;
        for (const ReportStep &step : m_source.steps) {
            if (!step.done() || step.view != "bars")
                continue;
            const QString page = m_page.captions.filter(typographic(step.caption).left(60)).join(QLatin1Char(' '));
            QVERIFY2(page.contains(lines) || page.contains(none), step.id.c_str());
            for (const widgets::FigureSheet &sheet : stepFigures(m_source, step)) {
                const auto &bars = std::get<widgets::BarsView>(sheet.panels.front()).bars;
                QCOMPARE(page.contains(lines), std::any_of(bars.cbegin(), bars.cend(), [](const widgets::Bar &bar) {
                             return bar.halfWidth > 0;
                         }));
                ++with;
            }
        }
        QVERIFY(with >= 2);
        for (const QString &caption : m_page.captions)
            QVERIFY2(!caption.contains(lines) || !caption.contains(QStringLiteral("Copy score of each head")),
                     qPrintable(caption));
    }

    void anotherScaleIsSaid()
    {
        ReportSource source = m_source;
        for (ReportStep &step : source.steps)
            if (step.id == "components") { // next to nothing beside the figure before
                RunResult small = *step.result;
                for (Grid &grid : small.grids)
                    for (int cell = 0; cell < grid.cells(); ++cell)
                        for (int p = 0; p < grid.prompts; ++p) {
                            float &value = grid.per_prompt[size_t(cell * grid.prompts + p)];
                            const float base = small.baseline.flipped[size_t(p)];
                            value = base + 0.01f * (value - base);
                        }
                step.result = std::make_shared<const RunResult>(small);
            }
        const auto mentions = [](const Report &report) {
            QStringList found;
            for (const ReportBlock &block : report.blocks)
                if (block.kind == ReportBlock::Kind::Caption && block.text.contains(QStringLiteral("Mind the scale")))
                    found << block.text;
            return found;
        };
        const QStringList found = mentions(composeReport(source));
        QVERIFY(found.size() >= 2); // the small one, and the next after it
        QVERIFY2(found[0].contains(QStringLiteral("times less far than those of Figure 1")), qPrintable(found[0]));
        QVERIFY2(found[1].contains(QStringLiteral("times as far as those of Figure 2")), qPrintable(found[1]));
        QVERIFY(mentions(composeReport(m_source)).size() < found.size());
    }

    void rolesTellTheirThresholds()
    {
        const ReportStep *roles = m_source.step("roles");
        QVERIFY(roles);
        QVERIFY2(stepCaption(m_source, *roles, false).contains(QStringLiteral("Thresholds: direct effect 2\u00a0%")),
                 qPrintable(stepCaption(m_source, *roles, false)));
    }

    void errorsNameTheFile()
    {
        QTemporaryDir other;
        QVERIFY(errorOf(other.path().toStdString()).contains(other.path() + QStringLiteral(": holds no recipe.json")));
        const QString index = other.filePath(QStringLiteral("recipe.json"));
        write_file(index.toStdString(), "{\"format\": \"patchbay-recipe\"}");
        QVERIFY(
            errorOf(other.path().toStdString()).contains(index + QStringLiteral(": is not the outcome of a recipe")));
        QVERIFY(QFile::remove(index) && QFile::copy(m_folder.filePath(QStringLiteral("recipe.json")), index));
        QVERIFY2(errorOf(other.path().toStdString()).contains(QStringLiteral("01-baseline.safetensors")),
                 qPrintable(errorOf(other.path().toStdString())));
    }

private:
    std::filesystem::path folder() const { return m_folder.path().toStdString(); }

    QTemporaryDir m_folder;
    ReportSource m_source;
    Report m_report;
    QByteArray m_html;
    QString m_pdf;
    Page m_page;
};

} // namespace

QTEST_MAIN(TestReport)
#include "test_report.moc"
