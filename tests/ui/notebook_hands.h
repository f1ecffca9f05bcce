// The two ways to use the window, each with what a person can do with it and nothing else: a mouse that clicks what is
// visible, and a keyboard. Both write down what they did, in words for the handbook.
#pragma once

#include "bars_widget.h"
#include "docks/runs_dock.h"
#include "heatmap_widget.h"
#include "views/bars_pane.h"
#include "views/heatmap_pane.h"
#include "window_fixture.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QDockWidget>
#include <QListView>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QSpinBox>
#include <QStyleOptionSpinBox>
#include <QTabBar>

namespace patchbay {

class Hand {
public:
    explicit Hand(WindowFixture &fixture, MainWindow &window) : m_fixture(fixture), m_window(window) { }
    virtual ~Hand() = default;

    virtual void choose(QComboBox *box, int index) = 0;
    /// A button of the toolbar or of a dock; what it does is also the command of this name, if one is given.
    virtual void press(QAbstractButton *button, const QString &command = {}) = 0;
    virtual void command(QAction *action) = 0;
    virtual void show(const QString &dock) = 0;
    virtual void select(const QVector<widgets::HeadId> &heads) = 0;
    /// The first n bars.
    virtual void selectBars(int n) = 0;
    virtual void set(QSpinBox *box, int value) = 0;
    virtual void showRun(int id) = 0;
    /// Out of a panel that is open.
    virtual void leave(QWidget *panel) = 0;

    /// What was done since the last call.
    QString told() { return std::exchange(m_told, {}).join(QStringLiteral(" · ")); }

protected:
    void tell(const QString &what) { m_told << what; }
    static QString plain(QString text) { return text.remove(QLatin1Char('&')); }
    QTabBar *tabs(const QString &dock, int *at) const
    {
        const QString title = m_window.findChild<QDockWidget *>(dock)->windowTitle();
        for (QTabBar *bar : m_window.findChildren<QTabBar *>())
            for (int i = 0; i < bar->count(); ++i)
                if (bar->isVisible() && bar->tabText(i) == title) {
                    *at = i;
                    return bar;
                }
        return nullptr;
    }
    static QString names(const QVector<widgets::HeadId> &heads)
    {
        QStringList all;
        for (const widgets::HeadId &head : heads)
            all << widgets::label(head);
        return all.join(QStringLiteral(", "));
    }

    WindowFixture &m_fixture;
    MainWindow &m_window;

private:
    QStringList m_told;
};

class MouseHand : public Hand {
public:
    using Hand::Hand;

    void choose(QComboBox *box, int index) override
    {
        if (box->currentIndex() == index)
            return;
        // A list that a click has opened takes no other for a moment, so that a double click chooses nothing.
        const bool chosen = QTest::qWaitFor(
            [&] {
                if (!box->view()->isVisible())
                    QTest::mouseClick(box, Qt::LeftButton);
                box->view()->scrollTo(box->model()->index(index, box->modelColumn()));
                const QPoint at = box->view()->visualRect(box->model()->index(index, box->modelColumn())).center();
                QTest::mouseMove(box->view()->viewport(), at);
                QTest::mouseClick(box->view()->viewport(), Qt::LeftButton, {}, at);
                return box->currentIndex() == index && !box->view()->isVisible();
            },
            20000);
        QVERIFY2(chosen, qPrintable(box->accessibleName()));
        tell(QStringLiteral("%1: *%2*").arg(box->accessibleName(), box->itemText(index)));
    }
    void press(QAbstractButton *button, const QString & = {}) override
    {
        QVERIFY2(button->isVisible() && button->isEnabled(), qPrintable(button->text()));
        QTest::mouseClick(button, Qt::LeftButton);
        tell(QStringLiteral("*%1*").arg(button->text()));
    }
    void command(QAction *action) override
    {
        const QString name = QStringLiteral("button-") + action->objectName();
        if (auto *button = m_window.findChild<QPushButton *>(name))
            return press(button);
        QStringList path;
        const bool found = click(m_window.menuBar(), action, path);
        QVERIFY2(found, qPrintable(action->text()));
        tell(QStringLiteral("*%1*").arg(path.join(QStringLiteral(" › "))));
    }
    void show(const QString &dock) override
    {
        int at = 0;
        QTabBar *bar = tabs(dock, &at);
        if (!bar || bar->currentIndex() == at)
            return;
        QTest::mouseClick(bar, Qt::LeftButton, {}, bar->tabRect(at).center());
        tell(QStringLiteral("tab *%1*").arg(bar->tabText(at)));
    }
    void select(const QVector<widgets::HeadId> &heads) override
    {
        widgets::HeatmapWidget *map = m_window.heatmapPane().heatmap();
        QVERIFY(map->isVisible());
        for (const widgets::HeadId &head : heads)
            QTest::mouseClick(map, Qt::LeftButton, head == heads.front() ? Qt::NoModifier : Qt::ControlModifier,
                              map->layoutGeometry().cellRect({0, head.layer, head.head}).center());
        tell(heads.size() == 1 ? QStringLiteral("the cell %1").arg(names(heads))
                               : QStringLiteral("the cells %1 with Ctrl").arg(names(heads)));
    }
    void selectBars(int n) override
    {
        auto &bars = m_fixture.part<BarsPane>();
        auto *widget = bars.findChild<widgets::BarsWidget *>();
        widget->scrollBar()->setValue(0); // the wheel
        QTest::mouseClick(widget, Qt::LeftButton, {}, widget->rowRect(0).center());
        if (widget->rowRect(n - 1).bottom() > widget->height() * 3 / 4)
            widget->scrollBar()->setValue(widget->scrollBar()->maximum());
        if (n > 1)
            QTest::mouseClick(widget, Qt::LeftButton, Qt::ShiftModifier, widget->rowRect(n - 1).center());
        tell(n == 1 ? QStringLiteral("the first bar")
                    : QStringLiteral("the first bar, and number %1 with Shift").arg(n));
    }
    void set(QSpinBox *box, int value) override
    {
        QStyleOptionSpinBox option;
        option.initFrom(box);
        option.subControls = QStyle::SC_All;
        option.buttonSymbols = box->buttonSymbols();
        option.frame = box->hasFrame();
        const auto part = value > box->value() ? QStyle::SC_SpinBoxUp : QStyle::SC_SpinBoxDown;
        const QPoint at = box->style()->subControlRect(QStyle::CC_SpinBox, &option, part, box).center();
        const int clicks = std::abs(value - box->value());
        for (int i = 0; i < clicks; ++i)
            QTest::mouseClick(box, Qt::LeftButton, {}, at);
        QCOMPARE(box->value(), value);
        if (clicks > 0)
            tell(QStringLiteral("*%1*").arg(box->text()));
    }
    void showRun(int id) override
    {
        show(QStringLiteral("runs"));
        auto *list = m_fixture.part<RunsDock>().findChild<QListView *>();
        const auto index = list->model()->index(m_window.explorer().runs.row(id), 0);
        list->scrollTo(index);
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(index).center());
        tell(QStringLiteral("the run in *Runs*"));
    }
    void leave(QWidget *panel) override
    {
        QTest::mouseClick(panel, Qt::LeftButton, {}, QPoint(-20, -20)); // beside it
        panel->hide();
    }

private:
    // Down the menus to the action, a click a level.
    template <class Bar>
    bool click(Bar *bar, QAction *wanted, QStringList &path)
    {
        for (QAction *one : bar->actions()) {
            if (one != wanted && !(one->menu() && holds(one->menu(), wanted)))
                continue;
            path << plain(one->text());
            if (!one->isEnabled())
                return false;
            QTest::mouseClick(bar, Qt::LeftButton, {}, bar->actionGeometry(one).center());
            return one == wanted
                || (QTest::qWaitFor([one] { return one->menu()->isVisible(); }, 20000)
                    && click(one->menu(), wanted, path));
        }
        return false;
    }
    static bool holds(const QMenu *menu, const QAction *wanted)
    {
        for (const QAction *one : menu->actions())
            if (one == wanted || (one->menu() && holds(one->menu(), wanted)))
                return true;
        return false;
    }
};

class KeyHand : public Hand {
public:
    using Hand::Hand;

    void choose(QComboBox *box, int index) override
    {
        if (box->currentIndex() == index)
            return;
        tabTo(box);
        for (int presses = 0; box->currentIndex() != index && presses < 100; ++presses)
            QTest::keyClick(box, box->currentIndex() < index ? Qt::Key_Down : Qt::Key_Up);
        QCOMPARE(box->currentIndex(), index);
        tell(QStringLiteral("Tab to %1, arrows: *%2*").arg(box->accessibleName(), box->itemText(index)));
    }
    void press(QAbstractButton *button, const QString &command = {}) override
    {
        if (!command.isEmpty())
            return byName(m_window.findChild<QAction *>(command));
        tabTo(button);
        QTest::keyClick(button, Qt::Key_Space);
        tell(QStringLiteral("Tab to *%1*, Space").arg(button->text()));
    }
    void command(QAction *action) override
    {
        if (action->shortcut().isEmpty())
            return byName(action);
        QTest::keySequence(&m_window, action->shortcut());
        tell(action->shortcut().toString(QKeySequence::PortableText));
    }
    void show(const QString &dock) override { command(m_window.findChild<QAction *>(QStringLiteral("go-") + dock)); }
    void select(const QVector<widgets::HeadId> &heads) override
    {
        QAction *go = m_window.findChild<QAction *>(QStringLiteral("go-heatmap"));
        QTest::keySequence(&m_window, go->shortcut());
        widgets::HeatmapWidget *map = m_window.heatmapPane().heatmap();
        QVERIFY(map->hasFocus());
        QTest::keyClick(map, Qt::Key_Home, Qt::ControlModifier);
        widgets::HeadId at{0, 0};
        for (const widgets::HeadId &head : heads) {
            const Qt::KeyboardModifiers moves = head == heads.front() ? Qt::NoModifier : Qt::AltModifier;
            for (; at.layer != head.layer; at.layer += at.layer < head.layer ? 1 : -1)
                QTest::keyClick(map, at.layer < head.layer ? Qt::Key_Down : Qt::Key_Up, moves);
            for (; at.head != head.head; at.head += at.head < head.head ? 1 : -1)
                QTest::keyClick(map, at.head < head.head ? Qt::Key_Right : Qt::Key_Left, moves);
            if (moves != Qt::NoModifier)
                QTest::keyClick(map, Qt::Key_Space);
        }
        tell(heads.size() == 1 ? QStringLiteral("%1, arrows to %2").arg(go->shortcut().toString(), names(heads))
                               : QStringLiteral("%1, arrows (Alt: only go there) and Space at %2")
                                     .arg(go->shortcut().toString(), names(heads)));
    }
    void selectBars(int n) override
    {
        auto *widget = m_fixture.part<BarsPane>().findChild<widgets::BarsWidget *>();
        show(QStringLiteral("bars"));
        QVERIFY(widget->hasFocus());
        QTest::keyClick(widget, Qt::Key_Home);
        for (int i = 1; i < n; ++i)
            QTest::keyClick(widget, Qt::Key_Down, Qt::ShiftModifier);
        tell(n == 1 ? QStringLiteral("Home") : QStringLiteral("Home, %1 × Shift+Down").arg(n - 1));
    }
    void set(QSpinBox *box, int value) override
    {
        if (box->value() == value)
            return;
        tabTo(box);
        for (int presses = 0; box->value() != value && presses < 1000; ++presses)
            QTest::keyClick(box, box->value() < value ? Qt::Key_Up : Qt::Key_Down);
        QCOMPARE(box->value(), value);
        tell(QStringLiteral("Tab to *%1*, arrows").arg(box->text()));
    }
    void showRun(int id) override
    {
        show(QStringLiteral("runs"));
        auto *list = m_fixture.part<RunsDock>().findChild<QListView *>();
        QVERIFY(list->hasFocus());
        QTest::keyClick(list, Qt::Key_Home);
        for (int row = 0; row < m_window.explorer().runs.row(id); ++row)
            QTest::keyClick(list, Qt::Key_Down);
        QTest::keyClick(list, Qt::Key_Return);
        tell(QStringLiteral("arrows to the run, Enter"));
    }
    void leave(QWidget *panel) override
    {
        QTest::keyClick(panel, Qt::Key_Escape);
        backInWindow();
    }

private:
    void byName(QAction *action)
    {
        QVERIFY(action);
        QTest::keyClick(&m_window, Qt::Key_K, Qt::ControlModifier);
        const QString name = plain(action->text());
        QWidget *search = nullptr;
        QTRY_VERIFY((search = QApplication::focusWidget()) && search->inherits("QLineEdit"));
        QTest::keyClicks(search, name);
        QTest::keyClick(search, Qt::Key_Return);
        backInWindow();
        tell(QStringLiteral("Ctrl+K, *%1*").arg(name));
    }
    // What a window manager does when something that had popped up is gone.
    void backInWindow()
    {
        m_window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&m_window));
    }
    // By Tab alone, from wherever the keyboard is.
    void tabTo(QWidget *widget)
    {
        const auto there = [widget] {
            const QWidget *focus = QApplication::focusWidget();
            return focus == widget || (focus && widget->isAncestorOf(focus));
        };
        QStringList way;
        for (int i = 0; i < 300 && !there(); ++i) {
            QWidget *focus = QApplication::focusWidget() ? QApplication::focusWidget() : &m_window;
            way << QStringLiteral("%1 %2").arg(QString::fromLatin1(focus->metaObject()->className()),
                                               focus->accessibleName());
            QTest::keyClick(focus, Qt::Key_Tab);
        }
        QVERIFY2(there(),
                 qPrintable(QStringLiteral("Tab does not lead to %1: %2")
                                .arg(widget->accessibleName(), way.mid(44, 30).join(QStringLiteral(", ")))));
    }
};

} // namespace patchbay
