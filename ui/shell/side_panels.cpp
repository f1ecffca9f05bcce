#include "shell/side_panels.h"

#include "shell/icons.h"

#include <QAction>
#include <QDockWidget>
#include <QEvent>
#include <QHBoxLayout>
#include <QToolButton>

namespace patchbay {

SidePanels::SidePanels(QMainWindow *window) : QWidget(window), m_window(window)
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(4, 0, 4, 0);
    row->setSpacing(2);
    const std::tuple<Qt::DockWidgetArea, QString, const char *, Qt::Key> sides[] = {
        {Qt::LeftDockWidgetArea, tr("Panels at the left"), "left-panels", Qt::Key_F7},
        {Qt::BottomDockWidgetArea, tr("Panels at the bottom"), "bottom-panels", Qt::Key_F8},
        {Qt::RightDockWidgetArea, tr("Panels at the right"), "right-panels", Qt::Key_F9}};
    for (const auto &[area, text, name, key] : sides) {
        auto *action = new QAction(text, window);
        action->setObjectName(QString::fromLatin1(name));
        action->setShortcut(key);
        action->setCheckable(true);
        action->setToolTip(tr("%1: folded away, or brought back as they were (%2)")
                               .arg(text, action->shortcut().toString(QKeySequence::NativeText)));
        window->addAction(action);
        auto *button = new QToolButton(this);
        button->setDefaultAction(action);
        button->setToolButtonStyle(Qt::ToolButtonIconOnly);
        button->setProperty("flat", true);
        button->setAccessibleName(text);
        row->addWidget(button);
        m_actions << action;
        m_sides << Side{area, action, button, {}, {}, 0};
        connect(action, &QAction::toggled, this, &SidePanels::refreshIcons);
        connect(action, &QAction::triggered, this,
                [this, at = m_sides.size() - 1](bool shown) { setShown(m_sides[at], shown); });
    }
    for (QDockWidget *dock : window->findChildren<QDockWidget *>()) {
        // Later: while a dock is on its way the window's layout cannot be asked.
        connect(dock->toggleViewAction(), &QAction::toggled, this, &SidePanels::refresh, Qt::QueuedConnection);
        connect(dock, &QDockWidget::dockLocationChanged, this, &SidePanels::refresh, Qt::QueuedConnection);
        connect(dock, &QDockWidget::topLevelChanged, this, &SidePanels::refresh, Qt::QueuedConnection);
    }
    refreshIcons();
    refresh();
}

QList<QDockWidget *> SidePanels::docks(const Side &side, bool hidden) const
{
    QList<QDockWidget *> found;
    for (QDockWidget *dock : m_window->findChildren<QDockWidget *>())
        if (!dock->isFloating() && m_window->dockWidgetArea(dock) == side.area && dock->isHidden() == hidden)
            found << dock;
    return found;
}

void SidePanels::setShown(Side &side, bool shown)
{
    const Qt::Orientation along = side.area == Qt::BottomDockWidgetArea ? Qt::Vertical : Qt::Horizontal;
    if (!shown) {
        side.folded = docks(side, false);
        side.front.clear();
        for (QDockWidget *dock : std::as_const(side.folded))
            if (!dock->visibleRegion().isEmpty())
                side.front << dock;
        if (!side.front.isEmpty())
            side.size = along == Qt::Vertical ? side.front.front()->height() : side.front.front()->width();
        for (QDockWidget *dock : std::as_const(side.folded))
            dock->hide();
    } else {
        const QList<QDockWidget *> back = side.folded.isEmpty() ? docks(side, true) : side.folded;
        for (QDockWidget *dock : back)
            dock->show();
        for (QDockWidget *dock : std::as_const(side.front))
            dock->raise();
        if (side.size > 0 && !side.front.isEmpty())
            m_window->resizeDocks({side.front.front()}, {side.size}, along);
        side.folded.clear();
    }
    side.action->setChecked(!docks(side, false).isEmpty());
}

// A dock that is asked for by its name brings back the others of its side.
void SidePanels::refresh()
{
    for (Side &side : m_sides) {
        const bool any = !docks(side, false).isEmpty();
        if (any && !side.folded.isEmpty())
            setShown(side, true);
        side.action->setChecked(any);
    }
}

void SidePanels::refreshIcons()
{
    const Glyph glyphs[] = {Glyph::PanelLeft, Glyph::PanelBottom, Glyph::PanelRight};
    for (int i = 0; i < m_sides.size(); ++i) {
        const auto group = m_sides[i].action->isChecked() ? QPalette::Active : QPalette::Disabled;
        m_sides[i].action->setIcon(icon(glyphs[i], palette().color(group, QPalette::ButtonText)));
    }
}

void SidePanels::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        refreshIcons();
    QWidget::changeEvent(event);
}

} // namespace patchbay
