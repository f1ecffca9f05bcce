// The form of an analysis' parameters: what it says is what runs, and what is wrong is said in it.
#include "shell/analysis_dialog.h"
#include "views/heatmap_pane.h"
#include "views/result_views.h"
#include "window_fixture.h"

#include "attention_text_widget.h"
#include "attention_widget.h"
#include "heatmap_widget.h"
#include "table_widget.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QTableView>
#include <QToolButton>

using namespace patchbay;

class TestAnalysisOptions : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aForm()
    {
        const AnalysisInfo &info = *find_analysis("corpus");
        AnalysisDialog dialog(info, {{"most", 7}, {"by", "attention"}});
        const auto line = [&](const char *name) { return dialog.findChild<QLineEdit *>(QLatin1String(name)); };
        auto *by = dialog.findChild<QComboBox *>(QStringLiteral("by"));
        QVERIFY(line("texts") && line("max_tokens") && by && !line("sha256"));
        QCOMPARE(line("most")->text(), QStringLiteral("7"));
        QCOMPARE(line("max_tokens")->placeholderText(), QStringLiteral("128"));
        QCOMPARE(dialog.options(), (nlohmann::json{{"most", 7}, {"by", "attention"}}));
        line("most")->setText(QStringLiteral("many"));
        dialog.accept();
        QVERIFY2(dialog.problem().contains(QStringLiteral("most")), qPrintable(dialog.problem()));
        QVERIFY(dialog.result() != QDialog::Accepted);
        line("most")->clear();
        by->setCurrentIndex(0);
        dialog.accept();
        QCOMPARE(dialog.result(), int(QDialog::Accepted));
        QVERIFY(dialog.options().is_null());
        QVERIFY(AnalysisDialog(*find_analysis("attention-patterns"), {{"flipped", true}})
                    .findChild<QCheckBox *>(QStringLiteral("flipped"))
                    ->isChecked());
    }

    // From the toolbar: a text file of one's own, the text of each row, and another sort order.
    void textsOfAFile()
    {
        QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("mine.txt"));
        QFile text(file);
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("When Emma met Hugo\nToday Emma left the town\nWhen Hugo left\n");
        text.close();
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        window->controls().setSpec(spec_of(Analysis{"corpus", {}, nullptr}));
        auto *options = m_fixture.findOptions();
        QVERIFY(options && options->isVisible());
        QTest::mouseClick(options, Qt::LeftButton);
        auto *dialog = window->findChild<AnalysisDialog *>();
        QVERIFY(dialog);
        dialog->findChild<QLineEdit *>(QStringLiteral("texts"))->setText(file);
        dialog->accept();
        QVERIFY2(options->text().contains(QStringLiteral("(1)")), qPrintable(options->text()));
        window->explorer().navigation.select({{2, 1}, {1, 0}}, {2, 1});
        window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle());
        QVERIFY2(m_fixture.shown()->result, qPrintable(m_fixture.shown()->message));
        QCOMPARE(m_fixture.shown()->result->summary.at("texts").get<int>(), 3);

        window->explorer().navigation.showAs(QStringLiteral("table"));
        ResultViews *views = window->heatmapPane().others();
        QVERIFY(views->text()->isVisible());
        widgets::TableWidget *table = views->table();
        table->sortBy(2, Qt::DescendingOrder);
        const QModelIndex second = table->table()->model()->index(1, 0);
        QTest::mouseClick(table->table()->viewport(), Qt::LeftButton, {}, table->table()->visualRect(second).center());
        const QStringList row = table->shownRow(1);
        const widgets::AttentionView &shown = views->text()->view();
        QCOMPARE(shown.title, QStringLiteral("%1 · text %2").arg(row[0], row[2]));
        QCOMPARE(shown.focus, row[3].toInt());
        QCOMPARE(shown.tokens.value(shown.focus), row[4]);
        QVERIFY(views->text()->readout().contains(QStringLiteral("(%1)").arg(shown.focus)));
        // Another view of the same result has no text below it.
        window->explorer().navigation.showAs(QStringLiteral("table:copied_and_suppressed"));
        QVERIFY(!views->text()->isVisible() && !table->view().rows.isEmpty());

        // The file is edited: asked again, it is read again.
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("When Emma met Hugo\n");
        text.close();
        const int before = m_fixture.shown()->id;
        window->explorer().navigation.select({{2, 1}, {1, 0}}, {2, 1});
        window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->id != before);
        QCOMPARE(m_fixture.shown()->result->summary.at("texts").get<int>(), 1);
    }

    void suppressedSources()
    {
        MainWindow &window = *m_fixture.window();
        window.controls().setSpec(spec_of(Analysis{"cspa", {}, {{"max_tokens", 12}}}));
        window.actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->spec.is<Analysis>()
                    && m_fixture.shown()->spec.as<Analysis>()->name == "cspa");
        window.explorer().navigation.showAs(QStringLiteral("attention"));
        ResultViews *views = window.heatmapPane().others();
        QVERIFY(views->matrix()->isVisible());
        QCOMPARE(views->matrix()->view().size, 12);
        QVERIFY(views->matrix()->view().difference && !views->matrix()->view().quantity.isEmpty());
    }

    // Another metric of a finished sweep is there without a run being asked for.
    void anotherMetric()
    {
        MainWindow &window = *m_fixture.window();
        m_fixture.chooseSites({Site::Z});
        window.actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->spec.is<ActPatch>());
        const int first = m_fixture.shown()->id;
        QVERIFY(m_fixture.shown()->result->keeps_ends);
        for (QComboBox *box : window.controls().findChildren<QComboBox *>())
            if (box->accessibleName() == QStringLiteral("Metric")) {
                box->setCurrentIndex(box->findData(QStringLiteral("kl")));
                Q_EMIT box->activated(box->currentIndex());
            }
        QTRY_VERIFY(m_fixture.idle() && m_fixture.shown()->id != first);
        QCOMPARE(m_fixture.shown()->spec.metric, std::string("kl"));
        QVERIFY(m_fixture.shown()->result->complete);
        QCOMPARE(window.heatmapPane().heatmap()->view().unit, QStringLiteral("nats"));
        // An analysis has no other metric.
        const size_t runs = window.explorer().runs.entries().size();
        for (const RunEntry &entry : window.explorer().runs.entries())
            if (entry.spec.is<Analysis>())
                window.explorer().runner.showMetric(entry.id, "kl");
        QCOMPARE(window.explorer().runs.entries().size(), runs);
    }

private:
    struct Fixture : WindowFixture {
        MainWindow *window() const { return qobject_cast<MainWindow *>(part<RunControls>().window()); }
        QToolButton *findOptions() const
        {
            for (QToolButton *button : part<RunControls>().findChildren<QToolButton *>())
                if (button->accessibleName() == QStringLiteral("Options of the analysis"))
                    return button;
            return nullptr;
        }
    };
    Fixture m_fixture;
};

QTEST_MAIN(TestAnalysisOptions)
#include "test_analysis_options.moc"
