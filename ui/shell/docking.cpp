#include "shell/docking.h"

#include <QDockWidget>
#include <QGuiApplication>
#include <QMenu>
#include <QSettings>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace patchbay {

namespace {
constexpr int kLayoutVersion = 5;
constexpr int kDragPause = 150; // ms
} // namespace

QDockWidget *Docking::add(const QString &name, const QString &title, QWidget *content, Zone zone, bool later)
{
    auto *dock = new QDockWidget(title, m_window);
    dock->setObjectName(name);
    dock->setWidget(content);
    dock->setAccessibleName(title);
    content->setAccessibleName(title);
    m_docks << Entry{dock, zone, later};
    const auto titles = [this] { titlesLater(); };
    QObject::connect(dock, &QDockWidget::dockLocationChanged, m_window, titles);
    QObject::connect(dock, &QDockWidget::topLevelChanged, m_window, titles);
    QObject::connect(dock, &QDockWidget::visibilityChanged, m_window, titles);
    return dock;
}

// The docks outlive this: they are the window's children.
Docking::~Docking()
{
    for (const auto &[dock, zone, later] : std::as_const(m_docks))
        QObject::disconnect(dock, nullptr, m_window, nullptr);
}

void Docking::titlesLater()
{
    if (!std::exchange(m_titlesPending, true))
        QMetaObject::invokeMethod(
            m_window, [this] { updateTitles(); }, Qt::QueuedConnection);
}

// A tab says what its dock is, and can be dragged: a title bar below it would say it twice.
void Docking::updateTitles()
{
    if (QGuiApplication::mouseButtons() != Qt::NoButton) { // not while a dock is being dragged
        QTimer::singleShot(kDragPause, m_window, [this] { updateTitles(); });
        return;
    }
    m_titlesPending = false;
    for (const auto &[dock, zone, later] : std::as_const(m_docks)) {
        const auto others = m_window->tabifiedDockWidgets(dock);
        const bool tabbed = !dock->isFloating()
            && std::any_of(others.begin(), others.end(),
                           [](const QDockWidget *other) { return !other->isHidden() && !other->isFloating(); });
        if (tabbed == (dock->titleBarWidget() != nullptr))
            continue;
        QWidget *before = dock->titleBarWidget();
        dock->setTitleBarWidget(tabbed ? new QWidget(dock) : nullptr);
        delete before;
    }
}

// What a saved layout does not hold.
void Docking::prepare()
{
    m_window->setDockNestingEnabled(true);
    m_window->setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    m_window->setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    m_window->setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
}

void Docking::arrange()
{
    prepare();
    // A dock that is already in a stack of tabs would be split off it, and the window grow by a column.
    for (const auto &[dock, zone, later] : std::as_const(m_docks))
        m_window->removeDockWidget(dock);
    QDockWidget *last[4] = {};
    QDockWidget *bottomLeft = nullptr;
    for (const auto &[dock, zone, later] : std::as_const(m_docks)) {
        dock->setFloating(false);
        QDockWidget *&before = last[int(zone)];
        switch (zone) {
        case Zone::Left:
            m_window->addDockWidget(Qt::LeftDockWidgetArea, dock);
            if (before)
                m_window->tabifyDockWidget(before, dock);
            break;
        case Zone::Right:
            m_window->addDockWidget(Qt::RightDockWidgetArea, dock);
            break;
        case Zone::BottomLeft:
            m_window->addDockWidget(Qt::BottomDockWidgetArea, dock);
            bottomLeft = dock;
            break;
        case Zone::BottomRight:
            m_window->addDockWidget(Qt::BottomDockWidgetArea, dock);
            if (before)
                m_window->tabifyDockWidget(before, dock);
            else if (bottomLeft)
                m_window->splitDockWidget(bottomLeft, dock, Qt::Horizontal);
            break;
        }
        dock->setVisible(!later);
        before = dock;
    }
    QList<QDockWidget *> widths, bottoms;
    QList<int> widthPixels, bottomPixels;
    const int side = std::clamp(m_window->width() * 20 / 100, 232, 420);
    bool raised[4] = {};
    for (const auto &[dock, zone, later] : std::as_const(m_docks)) {
        if (zone == Zone::Left || zone == Zone::Right) {
            widths << dock;
            widthPixels << side;
        } else {
            bottoms << dock;
            bottomPixels << m_window->height() * 47 / 100;
        }
        if ((zone == Zone::BottomRight || zone == Zone::Left) && !std::exchange(raised[int(zone)], true))
            dock->raise();
    }
    // The attention has a strip of patterns beside it, the others four tabs.
    QList<QDockWidget *> halves;
    QList<int> halfPixels;
    for (const Zone zone : {Zone::BottomLeft, Zone::BottomRight})
        for (const auto &[dock, place, later] : std::as_const(m_docks))
            if (place == zone && !halves.contains(dock) && halves.size() == int(zone) - int(Zone::BottomLeft)) {
                halves << dock;
                halfPixels << (m_window->width() - 2 * side) * (zone == Zone::BottomLeft ? 55 : 45) / 100;
            }
    const auto resize = [window = m_window, widths, widthPixels, bottoms, bottomPixels, halves, halfPixels] {
        window->resizeDocks(widths, widthPixels, Qt::Horizontal);
        window->resizeDocks(halves, halfPixels, Qt::Horizontal);
        window->resizeDocks(bottoms, bottomPixels, Qt::Vertical);
    };
    resize();
    // Docks that were moved before take their old sizes back when the layout settles.
    QMetaObject::invokeMethod(m_window, resize, Qt::QueuedConnection);
}

void Docking::reveal(const QString &name)
{
    for (const auto &[dock, zone, later] : std::as_const(m_docks)) {
        if (dock->objectName() != name)
            continue;
        dock->show();
        dock->raise();
        dock->widget()->setFocus(Qt::OtherFocusReason);
    }
}

void Docking::raise(const QString &name)
{
    for (const auto &[dock, zone, later] : std::as_const(m_docks)) {
        if (dock->objectName() != name)
            continue;
        dock->show();
        dock->raise();
    }
}

Docking::Layout Docking::layout() const
{
    return {m_window->saveGeometry(), m_window->saveState(kLayoutVersion)};
}

void Docking::save() const
{
    const auto [geometry, docks] = layout();
    QSettings settings;
    settings.setValue(QStringLiteral("window/geometry"), geometry);
    settings.setValue(QStringLiteral("window/layout"), docks);
}

bool Docking::restore()
{
    titlesLater();
    prepare();
    const QSettings settings;
    return restore({settings.value(QStringLiteral("window/geometry")).toByteArray(),
                    settings.value(QStringLiteral("window/layout")).toByteArray()});
}

bool Docking::restore(const Layout &saved)
{
    m_window->restoreGeometry(saved.geometry);
    const QByteArray layout = saved.docks;
    if (!m_window->restoreState(layout, kLayoutVersion))
        return false;
    // Before it is on screen the window does not know how much room its parts take, and shares it out in another way.
    QMetaObject::invokeMethod(
        m_window,
        [this, layout] {
            updateTitles();
            m_window->restoreState(layout, kLayoutVersion);
        },
        Qt::QueuedConnection);
    return true;
}

void Docking::listIn(QMenu *menu) const
{
    for (const auto &[dock, zone, later] : m_docks) {
        QAction *toggle = dock->toggleViewAction();
        toggle->setObjectName(QStringLiteral("dock-") + dock->objectName());
        menu->addAction(toggle);
    }
}

} // namespace patchbay
