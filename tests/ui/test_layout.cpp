// The window's layout: the same after a start in which nothing is touched, and whole on a small screen.
#include "docks/heads_dock.h"
#include "heatmap_widget.h"
#include "shell/message_bar.h"
#include "shell/progress_strip.h"
#include "views/heatmap_pane.h"
#include "views/mask_control.h"
#include "window_fixture.h"

#include <QAction>
#include <QDockWidget>
#include <QImage>
#include <QPushButton>
#include <QStatusBar>
#include <QTabBar>
#include <QToolBar>
#include <QToolButton>

using namespace patchbay;

class TestLayout : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void cleanup() { m_fixture.close(); }

    void startQuitStart()
    {
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        const QHash<QString, QRect> before = places(*window);
        const QImage first = settled(*window);
        QVERIFY(window->close());
        m_fixture.close();

        window = m_fixture.openReady();
        QVERIFY(window);
        const QImage second = settled(*window);
        const QHash<QString, QRect> after = places(*window);
        same(after, before);
        QCOMPARE(second.size(), first.size());
        QVERIFY2(first == second, "the picture is the same");
    }

    void fitsSmallScreens_data()
    {
        QTest::addColumn<QSize>("size");
        QTest::newRow("1024 × 700") << QSize(1024, 700);
        QTest::newRow("1280 × 800") << QSize(1280, 800);
    }

    void fitsSmallScreens()
    {
        QFETCH(QSize, size);
        MainWindow &window = m_fixture.open(size);
        QTRY_VERIFY(m_fixture.ready());
        window.useDefaultLayout();
        window.explorer().navigation.select({{1, 4}, {1, 0}, {0, 6}}, {1, 4}); // the attention has a strip then
        QTRY_COMPARE(window.explorer().attention.views().size(), 3);
        for (const int method : {0, 1, 2}) {
            window.findChild<RunControls *>()->findChildren<QComboBox *>().front()->setCurrentIndex(method);
            QTest::qWait(0);
            QVERIFY2(window.minimumSizeHint().width() <= size.width(),
                     qPrintable(QStringLiteral("method %1 needs %2: %3")
                                    .arg(method)
                                    .arg(window.minimumSizeHint().width())
                                    .arg(widths(window))));
            QVERIFY2(window.minimumSizeHint().height() <= size.height(),
                     qPrintable(QString::number(window.minimumSizeHint().height())));
            QCOMPARE(window.size(), size);
            for (const QString &name : {QStringLiteral("run"), QStringLiteral("stop"), QStringLiteral("export")})
                isWhole(window, window.findChild<QToolBar *>()->findChild<QWidget *>(QStringLiteral("button-") + name));
            isWhole(window, window.statusBar());
            isWhole(window, window.findChild<ProgressStrip *>());
            if (QTest::currentTestFailed())
                return;
        }
        const auto *heatmap = window.findChild<widgets::HeatmapWidget *>();
        QVERIFY2(heatmap->height() >= size.height() / 4, qPrintable(QString::number(heatmap->height())));
    }

    // A message comes and goes: nothing moves, and buttons stay under the pointer when heads are selected.
    // A long mask, a run with views, many selected heads: all of it in 1024 pixels, and nothing is cut at the right.
    void aMaskFitsASmallScreen()
    {
        MainWindow &window = m_fixture.open({1024, 700});
        QTRY_VERIFY(m_fixture.ready());
        window.useDefaultLayout();
        m_fixture.chooseSites({Site::Z});
        window.actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle());
        Explorer &explorer = window.explorer();
        explorer.paths.setLive(false);
        QVector<widgets::HeadId> heads;
        for (int head = 0; head < 8; ++head)
            heads << widgets::HeadId{1, head};
        explorer.navigation.select(heads, heads.front());
        explorer.paths.add(heads, Site::Q);
        explorer.navigation.setMask({12.5, HeadGroup::withRole(QStringLiteral("negative name mover"))});
        QTRY_VERIFY(window.heatmapPane().mask()->chip()->isVisible());
        QTRY_COMPARE(window.width(), 1024);
        QVERIFY2(window.minimumSizeHint().width() <= 1024, qPrintable(widths(window)));
        const QToolButton *chip = window.heatmapPane().mask()->chip(), *button = window.heatmapPane().mask()->button();
        QTRY_VERIFY2(chip->width() >= chip->minimumSizeHint().width()
                         && button->width() >= button->minimumSizeHint().width(),
                     qPrintable(QStringLiteral("%1 and %2").arg(chip->width()).arg(button->width())));
        isWhole(window, window.heatmapPane().mask()->button());
        isWhole(window, window.heatmapPane().mask()->chip());
        auto &dock = m_fixture.part<HeadsDock>();
        QTRY_VERIFY2(dock.widget()->width() <= dock.viewport()->width(),
                     qPrintable(QStringLiteral("%1 of %2").arg(dock.widget()->width()).arg(dock.viewport()->width())));
    }

    void nothingMovesUnderThePointer()
    {
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        const auto *heatmap = window->findChild<widgets::HeatmapWidget *>();
        const QRect before(heatmap->mapTo(window, QPoint(0, 0)), heatmap->size());
        MessageBar *message = window->findChild<MessageBar *>();
        message->showNote(QStringLiteral("A note that says something"));
        QTRY_VERIFY(message->isVisible());
        QCOMPARE(QRect(heatmap->mapTo(window, QPoint(0, 0)), heatmap->size()), before);
        QVERIFY(message->height() > 0 && message->height() < heatmap->height());
        auto *receive = window->findChild<QPushButton *>(QStringLiteral("receive-q"));
        const QPoint place = receive->mapTo(window, QPoint(0, 0));
        QVERIFY(!receive->isEnabled());
        QVector<widgets::HeadId> heads;
        for (int head = 0; head < 8; ++head) {
            heads << widgets::HeadId{1, head};
            window->explorer().navigation.select(heads, heads.back());
            QTest::qWait(0);
            QCOMPARE(receive->mapTo(window, QPoint(0, 0)), place);
        }
    }

    // Each side folds away by its key and by its button, gives its room to the heatmap, and comes back as it was.
    void sidesFoldAway()
    {
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        window->docking().raise(QStringLiteral("bars"));
        const QHash<QString, QRect> before = places(*window);
        const QRect centre = before.value(QStringLiteral("centre"));
        const std::pair<const char *, Qt::Key> sides[] = {
            {"left-panels", Qt::Key_F7}, {"bottom-panels", Qt::Key_F8}, {"right-panels", Qt::Key_F9}};
        for (const auto &[name, key] : sides) {
            const auto *action = window->findChild<QAction *>(QString::fromLatin1(name));
            QVERIFY(action && action->isChecked());
            QTest::keyClick(window, key);
            QVERIFY(!action->isChecked());
            const QRect wide = places(*window).value(QStringLiteral("centre"));
            QVERIFY2(wide.width() > centre.width() + 100 || wide.height() > centre.height() + 100, name);
            QToolButton *button = nullptr;
            for (QToolButton *one : window->statusBar()->findChildren<QToolButton *>())
                if (one->defaultAction() == action)
                    button = one;
            QVERIFY(button);
            QTest::mouseClick(button, Qt::LeftButton);
            QVERIFY(action->isChecked());
            same(places(*window), before);
        }
        // What is asked for by its name comes, and its neighbours with it.
        QTest::keyClick(window, Qt::Key_F8);
        window->docking().reveal(QStringLiteral("scatter"));
        QVERIFY(window->findChild<QDockWidget *>(QStringLiteral("scatter"))->isVisible());
        QTRY_VERIFY(window->findChild<QDockWidget *>(QStringLiteral("attention"))->isVisible());
    }

private:
    static void same(const QHash<QString, QRect> &after, const QHash<QString, QRect> &before)
    {
        for (auto it = before.cbegin(); it != before.cend(); ++it)
            QVERIFY2(after.value(it.key()) == it.value(),
                     qPrintable(QStringLiteral("%1: %2 × %3 at %4, %5, before %6 × %7 at %8, %9")
                                    .arg(it.key())
                                    .arg(after.value(it.key()).width())
                                    .arg(after.value(it.key()).height())
                                    .arg(after.value(it.key()).x())
                                    .arg(after.value(it.key()).y())
                                    .arg(it->width())
                                    .arg(it->height())
                                    .arg(it->x())
                                    .arg(it->y())));
    }

    /// After what is still to be laid out and painted.
    QImage settled(MainWindow &window)
    {
        QImage last, next = window.grab().toImage();
        for (int i = 0; i < 50 && last != next; ++i) {
            last = next;
            QTest::qWait(20);
            next = window.grab().toImage();
        }
        return next;
    }

    QHash<QString, QRect> places(MainWindow &window)
    {
        settled(window);
        QHash<QString, QRect> all;
        for (const QDockWidget *dock : window.findChildren<QDockWidget *>())
            all[dock->objectName()] = dock->visibleRegion().isEmpty() ? QRect() : dock->geometry();
        all[QStringLiteral("centre")] = window.centralWidget()->geometry();
        int tabs = 0;
        for (const QTabBar *bar : window.findChildren<QTabBar *>(QString(), Qt::FindDirectChildrenOnly))
            if (bar->isVisible())
                all[QStringLiteral("tabs %1").arg(tabs++)] = bar->geometry();
        return all;
    }

    /// For a test that fails: what each part needs.
    static QString widths(const MainWindow &window)
    {
        QStringList all;
        for (const QDockWidget *dock : window.findChildren<QDockWidget *>())
            all << QStringLiteral("%1 %2").arg(dock->objectName()).arg(dock->minimumSizeHint().width());
        all << QStringLiteral("centre %1").arg(window.centralWidget()->minimumSizeHint().width());
        all << QStringLiteral("toolbar %1").arg(window.findChild<QToolBar *>()->minimumSizeHint().width());
        all << QStringLiteral("controls %1").arg(window.findChild<RunControls *>()->minimumSizeHint().width());
        return all.join(QStringLiteral(", "));
    }

    static void isWhole(MainWindow &window, QWidget *widget)
    {
        QVERIFY(widget && widget->isVisible());
        const QRect there(widget->mapTo(&window, QPoint(0, 0)), widget->size());
        QVERIFY2(window.rect().contains(there), qPrintable(widget->objectName()));
        QVERIFY(widget->width() >= widget->minimumSizeHint().width());
    }

    WindowFixture m_fixture;
};

QTEST_MAIN(TestLayout)
#include "test_layout.moc"
