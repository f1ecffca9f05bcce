// A series in the window: opened, scrubbed so that every view follows, computed from its dialog, exported.
#include "bars_widget.h"
#include "core/series_folder.h"
#include "export/export_dialog.h"
#include "export/scrub_pictures.h"
#include "heatmap_widget.h"
#include "hub/hub_server.h"
#include "lines_widget.h"
#include "report/report.h"
#include "scatter_widget.h"
#include "series_views.h"
#include "shell/series_dialog.h"
#include "views/bars_pane.h"
#include "views/heatmap_pane.h"
#include "views/scrubber.h"
#include "views/series_pane.h"
#include "window_fixture.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSlider>
#include <QToolButton>

#include <cmath>

using namespace patchbay;
using namespace patchbay::test;
namespace fs = std::filesystem;
using widgets::HeadId;

namespace {

SeriesFolder grown()
{
    return SeriesFolder({{"step0", made_result({0.1, 0.2, 0.3, 0.4}, 0.2)},
                         {"step10", made_result({0.02, 0.15, 0, 0}, 2)},
                         {"step20", std::nullopt},
                         {"step40", made_result({0.05, 0.3, -0.2, 0.01}, 6, {"", "name mover", "", ""})},
                         {"step80", made_result({0.05, 0.4, -0.5, 0.12}, 8, {"", "name mover", "", "induction"})}});
}

} // namespace

class TestSeries : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QVERIFY((m_window = m_fixture.openReady())); }

    void aFolderIsOpened()
    {
        m_window->openSeries(QString::fromStdString(m_folder.path().string()));
        QTRY_VERIFY(series().measures());
        QCOMPARE(series().step(), 4); // the last one
        QVERIFY(series().onView() && m_window->scrubber().isVisible());
        QTRY_VERIFY(m_window->seriesPane().isVisible());
        QVERIFY(!heatmap().view().facets.isEmpty());
        QVERIFY(heatmap().view().title.endsWith(QStringLiteral("step80")));
        QCOMPARE(m_window->seriesPane().lines()->view().lines.size(), 4);
        QVERIFY(m_window->seriesPane().lines()->view().gaps[2].contains(QStringLiteral("broken")));
        QVERIFY(m_window->scrubber().text().contains(QStringLiteral("4.00 clean")));
    }

    void scrubbingMovesEveryView()
    {
        QSlider *slider = m_window->scrubber().slider();
        slider->setFocus();
        QTest::keyClick(slider, Qt::Key_Left);
        QCOMPARE(series().step(), 3);
        QVERIFY(std::abs(heatmap().view().facets[0].values[1] - 30) < 1e-3);
        QVERIFY(heatmap().view().title.endsWith(QStringLiteral("step40")));
        QVERIFY(std::abs(m_window->barsPane().bars()->view().bars.front().value - 30) < 1e-3);
        QCOMPARE(m_window->seriesPane().lines()->view().current, 3);
        QVERIFY(m_window->scrubber().text().contains(QStringLiteral("3.00 clean")));
        QVERIFY(heatmap().view().floor > 49); // a step looks as strong as it is beside the others

        QTest::keyClick(slider, Qt::Key_Left); // the gap says why
        QVERIFY(heatmap().view().facets.isEmpty());
        QVERIFY(m_window->scrubber().text().contains(QStringLiteral("broken")));
        m_window->actions().previousStep->trigger();
        QCOMPARE(series().step(), 1);
        QTest::keyClick(slider, Qt::Key_Home);
        QCOMPARE(heatmap().view().unit, QStringLiteral("logits")); // no percentages of a gap of 0.2
        QVERIFY(m_window->scrubber().text().contains(QStringLiteral("small gap")));
        QVERIFY(std::abs(heatmap().view().facets[0].values[3] - 0.08) < 1e-4);
    }

    void itPlays()
    {
        m_window->scrubber().play()->click();
        QTRY_COMPARE(series().step(), 4);
        QTRY_VERIFY(!m_window->scrubber().play()->isChecked());
    }

    void aClickOnALineGoesToItsStep()
    {
        widgets::LinesWidget *lines = m_window->seriesPane().lines();
        QTRY_VERIFY(lines->width() > 100 && lines->isVisible());
        const QPoint at = lines->pixelOfStep(0, 3).toPoint();
        QTest::mouseClick(lines, Qt::LeftButton, {}, at);
        QCOMPARE(series().step(), 3);
        QCOMPARE(m_window->explorer().navigation.place().heads.size(), 1);
        QCOMPARE(m_window->seriesPane().lines()->view().lines.size(), 1); // the selected head's
        m_window->explorer().navigation.select({}, {});
        QCOMPARE(m_window->seriesPane().lines()->view().lines.size(), 4);
    }

    void everyLook()
    {
        SeriesPane &pane = m_window->seriesPane();
        picture("heads");
        pane.setLook(SeriesPane::Look::Heatmaps);
        picture("heatmaps");
        QCOMPARE(pane.heatmap()->view().facets.size(), 5);
        QVERIFY(pane.heatmap()->view().facets[0].title.contains(QStringLiteral("small gap")));
        QCOMPARE(pane.subjects().size(), size_t(1));
        pane.setLook(SeriesPane::Look::FirstSteps);
        picture("first-steps");
        const widgets::HeatmapView first = pane.heatmap()->view();
        QCOMPARE(first.valueNames.value(int(first.facets[0].values[1])), QStringLiteral("step10"));
        QVERIFY(first.facets[0].states[0] == widgets::CellState::Undefined);
        pane.setLook(SeriesPane::Look::Likeness);
        QCOMPARE(pane.lines()->view().lines.size(), 4);
        QVERIFY(std::abs(pane.lines()->view().lines[0].values[4] - 1) < 1e-9);
        picture("likeness");
        pane.setLook(SeriesPane::Look::Roles);
        picture("roles");
        QCOMPARE(pane.lines()->view().lines.size(), 2);
        QVERIFY(pane.lines()->view().stacked);
        pane.setLook(SeriesPane::Look::Heads);
        pane.raw()->click();
        QTRY_VERIFY(series().measures() && series().measures()->options.raw);
        QTRY_COMPARE(pane.lines()->view().unit, QStringLiteral("logits"));
        QVERIFY(std::abs(pane.lines()->view().lines[1].values[0] - 0.04) < 0.05);
        pane.raw()->click();
        QTRY_VERIFY(!series().measures()->options.raw);
        QCOMPARE(pane.subjects().size(), size_t(2)); // the baseline above
    }

    void figuresAndPictures()
    {
        QTemporaryDir out;
        const auto subjects = m_window->seriesPane().subjects();
        const QStringList files = exportFigure(out.filePath(QStringLiteral("lines.pdf")), subjects, {}, true);
        QVERIFY(files.size() > 1 && QFile(files.front()).size() > 2000);
        const QStringList pictures =
            exportScrub(out.filePath(QStringLiteral("scrub")), *series().series(), series().options().part, {});
        QCOMPARE(pictures.size(), 4); // one step is a gap
        QVERIFY(pictures.front().endsWith(QStringLiteral("001-step0.png")));
        QVERIFY(pictures.back().endsWith(QStringLiteral("005-step80.png")));
    }

    void aReport()
    {
        const QStringList files = writeReport(m_folder.path());
        QCOMPARE(files.size(), 2);
        QFile html(files.front());
        QVERIFY(html.open(QIODevice::ReadOnly));
        const QByteArray page = html.readAll();
        for (const char *words : {"its weights are broken", "step10: L0H1", "name mover", "steps.csv", "<svg"})
            QVERIFY2(page.contains(words), words);
        QVERIFY(QFile(files.back()).size() > 10000);
    }

    void stepsFromWhatPeopleWrite()
    {
        QVERIFY(seriesSteps({}).empty());
        QCOMPARE(seriesSteps(QStringLiteral("a/step1, b/step2\nc/step3")).size(), size_t(3));
        QVERIFY_EXCEPTION_THROWN(seriesSteps(QStringLiteral("a/step1, b/step1")), Error);
        QVERIFY_EXCEPTION_THROWN(seriesSteps(QStringLiteral("nowhere/step{n}")), Error);
        QVERIFY(seriesSteps(QStringLiteral("demo@step{n}")).size() >= 12);
    }

    void oneIsComputedFromTheWindow()
    {
        QTemporaryDir out;
        ActPatch sweep;
        SeriesDialog dialog(m_window->explorer(), spec_of(sweep), m_window);
        QCOMPARE(dialog.steps()->toPlainText(), QStringLiteral("demo@step{n}"));
        dialog.what()->setCurrentIndex(0);
        const std::vector<std::string> known = {"demo@" + seriesSteps(QStringLiteral("demo@step{n}")).front().name,
                                                "demo"};
        dialog.steps()->setPlainText(QString::fromStdString(known[0] + "\n" + known[1] + "\nnowhere/else"));
        dialog.folder()->setText(out.filePath(QStringLiteral("made")));
        QVERIFY(dialog.go()->isEnabled());
        dialog.go()->click();
        QVERIFY(series().running() && m_window->actions().stop->isEnabled());
        QTRY_VERIFY(!series().running());
        QCOMPARE(series().steps(), 3);
        QTRY_VERIFY(series().measures() && series().measures()->heads.steps.size() == 3);
        QVERIFY(series().result(0) && series().result(1) && !series().result(2));
        QVERIFY(series().stepText(2).contains(QStringLiteral("nothing there")));
        // The last step is the demo model as it is: the window's own sweep has the same numbers.
        const RunResultPtr last = series().result(1);
        m_window->explorer().runner.run(spec_of(sweep));
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->state == RunState::Done && !series().onView());
        QCOMPARE(m_fixture.shown()->result->grids.front().per_prompt, last->grids.front().per_prompt);
        QVERIFY(!m_window->scrubber().isVisible());
        m_window->actions().showSeries->trigger();
        QVERIFY(m_window->scrubber().isVisible());
    }

    void revisionsAreFetchedWhenAskedFor()
    {
        if (!HubServer::available())
            QSKIP("python3 is not installed");
        HubServer hub;
        const CacheFolder cache;
        for (const char *revision : {"step5", "step10"})
            hub.add_revision(revision);
        QTemporaryDir out;
        ActPatch sweep;
        sweep.sites = {Site::Z};
        SeriesDialog dialog(m_window->explorer(), spec_of(sweep), m_window);
        dialog.what()->setCurrentIndex(0);
        dialog.folder()->setText(out.filePath(QStringLiteral("fetched")));
        dialog.folder()->setModified(true);       // as if typed: other steps suggest no other folder
        QVERIFY(!dialog.download()->isChecked()); // nothing is fetched unless it is chosen
        dialog.steps()->setPlainText(QStringLiteral("org/demo@step{n}, org/demo@step77"));
        QVERIFY(!dialog.go()->isEnabled());
        QVERIFY2(dialog.text().contains(QString::fromUtf8(series_download_words)), qPrintable(dialog.text()));
        dialog.download()->setChecked(true);
        QCOMPARE(hub.say("count"), QStringLiteral("0")); // nor asked for, before the button is pressed
        QVERIFY(dialog.text().contains(QStringLiteral("when you press the button")));
        QCOMPARE(dialog.go()->text(), QStringLiteral("Look up the sizes"));
        dialog.go()->click();
        QTRY_VERIFY2(dialog.go()->text().startsWith(QStringLiteral("Download ")), qPrintable(dialog.text()));
        QVERIFY(dialog.text().contains(QStringLiteral("3 steps, ")));
        QVERIFY2(dialog.text().contains(QStringLiteral("2 revisions to be fetched, about ")),
                 qPrintable(dialog.text()));
        QVERIFY(dialog.text().contains(QStringLiteral("Not at the hub, so that there will be gaps: org/demo@step77")));
        QVERIFY(!fs::exists(cache.path()));
        picture(dialog, "dialog");
        // Other steps are another question.
        dialog.steps()->setPlainText(QStringLiteral("org/demo@step{n}"));
        QCOMPARE(dialog.go()->text(), QStringLiteral("Look up the sizes"));
        dialog.steps()->setPlainText(QStringLiteral("org/demo@step{n}, org/demo@step77"));
        dialog.go()->click();
        QTRY_VERIFY2(dialog.go()->text().startsWith(QStringLiteral("Download ")), qPrintable(dialog.text()));

        // The window works while it waits, and Stop stops it.
        hub.say("hold model.safetensors 20000");
        dialog.go()->click();
        QTRY_VERIFY2(series().progressText().contains(QStringLiteral("step5: ")), qPrintable(series().progressText()));
        QTRY_VERIFY(hub.say("asked step5/model.safetensors") != QStringLiteral("0"));
        series().stop();
        QTRY_COMPARE(m_window->explorer().backend.pending(), 0);
        hub.say("go");
        dialog.go()->click();
        QTRY_VERIFY(!series().running());
        QCOMPARE(series().steps(), 3);
        QVERIFY2(series().result(0) && series().result(1), qPrintable(series().stepText(0) + series().stepText(1)));
        QVERIFY2(series().stepText(2).contains(QStringLiteral("has no revision step77")),
                 qPrintable(series().stepText(2)));
        // All is there now: nothing is asked for before it computes.
        dialog.steps()->setPlainText(QStringLiteral("org/demo@step5"));
        QCOMPARE(dialog.go()->text(), QStringLiteral("Compute the series"));
    }

    void tasksStandSideBySide()
    {
        TaskRef ioi, other;
        other.kind = "task";
        other.file = "strangers";
        RunResult first = made_result({0.1, 0.2, 0.3, 0.4}, 4), second = made_result({0.1, 0.6, 0, -0.1}, 2);
        first.spec.task = ioi;
        second.spec.task = other;
        second.spec.task.sha256 = "another's";
        const SeriesFolder folder({{"ioi", first, ioi}, {"strangers", second, other}});
        m_window->openSeries(QString::fromStdString(folder.path().string()));
        SeriesPane &pane = m_window->seriesPane();
        QTRY_COMPARE(series().folder(), QString::fromStdString(folder.path().string()));
        QTRY_VERIFY(series().measures() && series().series()->side_by_side && series().steps() == 2);
        QVERIFY(pane.look() == SeriesPane::Look::TwoSteps);
        QTRY_COMPARE(pane.twoSteps()->view().facets.size(), 3);
        // Beside the last one, which is the reference.
        const widgets::HeatmapView view = pane.twoSteps()->view();
        QCOMPARE(view.facets[0].title, QStringLiteral("strangers"));
        QCOMPARE(view.facets[2].title, QStringLiteral("ioi \u2212 strangers"));
        QVERIFY(std::abs(view.facets[2].values[1] + 40) < 1e-3);
        QCOMPARE(pane.scatter()->view().points.size(), 4);
        QVERIFY(std::abs(pane.scatter()->view().points[3].x + 10) < 1e-3);
        QVERIFY(std::abs(pane.scatter()->view().points[3].y - 40) < 1e-3);
        QCOMPARE(pane.subjects().size(), size_t(2));
        picture("two-steps");
        // The step's prompts are not the window's: none of them is shown as one of these.
        QVERIFY(series().ofAnotherTask(m_window->explorer().document));
        QVERIFY(!m_window->findChild<QSlider *>(QStringLiteral("prompt"))->isEnabled());
        QTemporaryDir out;
        QVERIFY(exportFigure(out.filePath(QStringLiteral("two.pdf")), pane.subjects(), {}, true).size() > 1);
        const QStringList report = writeReport(folder.path());
        QFile html(report.front());
        QVERIFY(html.open(QIODevice::ReadOnly));
        const QByteArray page = html.readAll();
        QVERIFY(page.contains("Side by side") && page.contains("table.csv") && !page.contains("When heads appear"));
    }

    void severalTasksFromTheDialog()
    {
        QTemporaryDir out;
        SeriesDialog dialog(m_window->explorer(), spec_of(ActPatch()), m_window);
        dialog.what()->setCurrentIndex(0);
        dialog.steps()->clear();
        QVERIFY(!dialog.go()->isEnabled());
        dialog.tasks()->setText(QStringLiteral("ioi, nothing of that name"));
        QVERIFY(!dialog.go()->isEnabled() && dialog.text().contains(QStringLiteral("nothing of that name")));
        dialog.tasks()->setText(QStringLiteral("ioi, strangers"));
        dialog.folder()->setText(out.filePath(QStringLiteral("made")));
        QVERIFY2(dialog.go()->isEnabled(), qPrintable(dialog.text()));
        dialog.go()->click();
        QTRY_VERIFY(!series().running());
        QTRY_VERIFY(series().measures() && series().steps() == 2 && series().result(0) && series().result(1));
        QVERIFY(series().result(0)->baseline.clean != series().result(1)->baseline.clean);
        // The button brings the task of the step on view.
        series().setStep(1);
        QVERIFY(series().ofAnotherTask(m_window->explorer().document));
        const auto buttons = m_window->seriesPane().findChildren<QPushButton *>();
        QCOMPARE(buttons.size(), 1);
        buttons.front()->click();
        QTRY_VERIFY(m_fixture.idle() && !series().ofAnotherTask(m_window->explorer().document));
        QCOMPARE(m_window->explorer().document.task().file, std::string("strangers"));
    }

private:
    void picture(QWidget &widget, const char *name)
    {
        if (const QString folder = qEnvironmentVariable("PATCHBAY_PICTURES"); !folder.isEmpty())
            QVERIFY(widget.grab().save(QStringLiteral("%1/series-%2.png").arg(folder, QString::fromLatin1(name))));
    }
    /// PATCHBAY_PICTURES=/tmp/pictures: the window, light and dark, to be looked at.
    void picture(const char *name)
    {
        const QString folder = qEnvironmentVariable("PATCHBAY_PICTURES");
        if (folder.isEmpty())
            return;
        for (const ThemeMode mode : {ThemeMode::Dark, ThemeMode::Light}) {
            applyTheme(mode);
            QTest::qWait(400);
            QVERIFY(m_window->grab().save(
                QStringLiteral("%1/series-%2-%3.png")
                    .arg(folder, QString::fromLatin1(name), mode == ThemeMode::Dark ? "dark" : "light")));
        }
    }
    SeriesController &series() { return m_window->explorer().series; }
    widgets::HeatmapWidget &heatmap() { return *m_window->heatmapPane().heatmap(); }

    SeriesFolder m_folder = grown();
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
};

QTEST_MAIN(TestSeries)
#include "test_series.moc"
