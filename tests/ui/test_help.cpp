// Help in the program: the handbook, shortcuts, a tour that can be left, and one letter a control in dialogs.
#include "docks/run_delegate.h"
#include "export/export_dialog.h"
#include "shell/help_menu.h"
#include "shell/tour.h"
#include "view_models.h"
#include "window_fixture.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QTextBrowser>

using namespace patchbay;

class TestHelp : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QVERIFY((m_window = m_fixture.openReady())); }

    void theHandbookIsInTheProgram()
    {
        m_window->findChild<QAction *>(QStringLiteral("handbook"))->trigger();
        auto *dialog = m_window->findChild<HandbookDialog *>();
        QVERIFY(dialog && dialog->isVisible());
        QVERIFY(dialog->page()->toPlainText().contains(QStringLiteral("Patchbay handbook")));
        // Every link between pages leads somewhere.
        const QDir pages(QStringLiteral(":/handbook"));
        QVERIFY(pages.entryList().size() > 8);
        for (const QString &page : pages.entryList()) {
            dialog->open(page);
            QVERIFY2(!dialog->page()->toPlainText().isEmpty(), qPrintable(page));
            const QString html = dialog->page()->toHtml();
            static const QRegularExpression link(QStringLiteral("href=\"([^\":#]+\\.md)\""));
            for (auto it = link.globalMatch(html); it.hasNext();) {
                const QString target = it.next().captured(1);
                QVERIFY2(pages.exists(target), qPrintable(page + QStringLiteral(" → ") + target));
            }
        }
        dialog->close();
    }

    void shortcutsAndVersions()
    {
        const QString keys = HelpMenu::shortcutsHtml(*m_window);
        QVERIFY(keys.contains(QStringLiteral("Ctrl+R")) && keys.contains(QStringLiteral("Ctrl+K")));
        const QString about = HelpMenu::aboutHtml();
        QVERIFY(about.contains(QString::fromLatin1(qVersion()))
                && about.contains(QStringLiteral("GNU General Public")));
    }

    void everyControlExplainsItself()
    {
        for (const QWidget *widget : m_window->findChildren<QWidget *>())
            if (widget->isVisible() && widget->isEnabled() && !widget->toolTip().isEmpty()
                && (qobject_cast<const QAbstractButton *>(widget) || qobject_cast<const QComboBox *>(widget)))
                QVERIFY2(!widget->whatsThis().isEmpty(), qPrintable(widget->toolTip()));
    }

    void theTourShowsTheWindowAndCanBeLeft()
    {
        auto *begin = m_window->findChild<QAction *>(QStringLiteral("tour"));
        begin->trigger();
        QPointer<Tour> tour = m_window->findChild<Tour *>();
        QVERIFY(tour && tour->isVisible());
        QCOMPARE(tour->stops(), 5);
        for (int stop = 0; stop < 5; ++stop) {
            QCOMPARE(tour->stop(), stop);
            QVERIFY(m_window->rect().contains(tour->geometry()));
            QVERIFY(!tour->text().isEmpty());
            const QByteArray folder = qgetenv("PATCHBAY_SHOTS");
            QTest::qWait(folder.isEmpty() ? 0 : 700);
            if (!folder.isEmpty())
                m_window->grab().save(QString::fromLocal8Bit(folder) + QStringLiteral("/tour%1.png").arg(stop));
            tour->next()->click();
            QTRY_VERIFY(m_window->explorer().runner.activeRun() < 0);
        }
        QTRY_VERIFY(!tour); // over
        QVERIFY2(m_fixture.shown() && !m_window->explorer().navigation.place().heads.isEmpty(),
                 "the window did what the tour tells of");
        begin->trigger();
        tour = m_window->findChild<Tour *>();
        tour->next()->click();
        QTest::keyClick(tour, Qt::Key_Escape);
        QTRY_VERIFY(!tour);
    }

    void aLetterADialogStandsForOneThing()
    {
        m_fixture.chooseSites({Site::Z, Site::Pattern});
        m_window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle());
        m_window->actions().exportFigure->trigger();
        ExportDialog *dialog = nullptr;
        QTRY_VERIFY((dialog = m_window->findChild<ExportDialog *>()));
        QHash<QChar, QString> taken;
        const auto take = [&](const QString &text) {
            const qsizetype at = text.indexOf(QLatin1Char('&'));
            if (at < 0 || at + 1 >= text.size())
                return;
            const QChar key = text[at + 1].toUpper();
            QVERIFY2(!taken.contains(key), qPrintable(text + QStringLiteral(" and ") + taken.value(key)));
            taken[key] = text;
        };
        for (const QAbstractButton *button : dialog->findChildren<QAbstractButton *>())
            take(button->text());
        for (const QLabel *label : dialog->findChildren<QLabel *>())
            take(label->text());
        QVERIFY(taken.size() > 8);
        dialog->close();
    }

    void runsBeginWithWhatDiffers()
    {
        RunEntry entry;
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Pattern};
        entry.spec = spec_of(sweep);
        entry.name = QString::fromStdString(title(entry.spec));
        QCOMPARE(shortName(entry), QStringLiteral("Denoising z, pattern"));
        PathPatch path;
        path.direction = Direction::Noise;
        path.receivers.nodes = {{Site::Q, 9, 6}};
        entry.spec = spec_of(path);
        entry.name = QString::fromStdString(title(entry.spec));
        QVERIFY2(shortName(entry).startsWith(QStringLiteral("Noising → "))
                     && shortName(entry).contains(QStringLiteral("L9H6")),
                 qPrintable(shortName(entry)));
        entry.name = QStringLiteral("my run");
        QCOMPARE(shortName(entry), QStringLiteral("my run"));
    }

private:
    WindowFixture m_fixture;
    MainWindow *m_window = nullptr;
};

QTEST_MAIN(TestHelp)
#include "test_help.moc"
