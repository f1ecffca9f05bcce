// The report of the shipped recipe on the demo model: every step, every caption, well-formed page, vector pages with
// embedded fonts.
#include "analysis/recipe.h"
#include "base/error.h"
#include "export/export_files.h"
#include "io/array_files.h"
#include "model/model.h"
#include "report/report.h"
#include "report/report_sheet.h"
#include "task/task_source.h"

#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

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
        m_html = readAll(files[0]);
        m_pdf = files[1];
        m_page = parsed(m_html);
    }

    void pageIsWellFormedAndNeedsNothing()
    {
        QVERIFY2(m_page.error.isEmpty(), qPrintable(m_page.error));
        QVERIFY(m_html.contains("@font-face"));
        QVERIFY(!m_html.contains("<img") && !m_html.contains("<script"));
        for (const QString &link : m_page.links)
            QVERIFY2(QFile::exists(m_folder.filePath(QUrl::fromPercentEncoding(link.toUtf8()))), qPrintable(link));
    }

    void everyStepIsThere()
    {
        QCOMPARE(m_source.steps.size(), size_t(28));
        for (const ReportStep &step : m_source.steps) {
            QVERIFY2(m_page.ids.contains(QString::fromStdString(step.id)), step.id.c_str());
            QVERIFY2(m_page.text.contains(step.title), step.id.c_str());
            QVERIFY2(step.state == "done" || step.state == "nothing found", step.id.c_str());
        }
        QVERIFY(m_page.text.contains(m_source.sha256));
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
    QByteArray m_html;
    QString m_pdf;
    Page m_page;
};

} // namespace

QTEST_MAIN(TestReport)
#include "test_report.moc"
