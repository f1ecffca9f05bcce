#include "shell/app_theme.h"

#include "theme.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QPalette>
#include <QSettings>
#include <QStyleFactory>

namespace patchbay {

namespace {

ThemeMode s_mode = ThemeMode::System;
bool s_systemDark = false;

QPalette paletteOf(QColor window, QColor base, QColor raised, QColor text, QColor dim, QColor line, QColor accent,
                   QColor onAccent)
{
    QPalette p;
    p.setColor(QPalette::Window, window);
    p.setColor(QPalette::WindowText, text);
    p.setColor(QPalette::Base, base);
    p.setColor(QPalette::AlternateBase, window);
    p.setColor(QPalette::Text, text);
    p.setColor(QPalette::Button, raised);
    p.setColor(QPalette::ButtonText, text);
    p.setColor(QPalette::BrightText, Qt::white);
    p.setColor(QPalette::ToolTipBase, raised);
    p.setColor(QPalette::ToolTipText, text);
    p.setColor(QPalette::PlaceholderText, dim);
    p.setColor(QPalette::Highlight, accent);
    p.setColor(QPalette::HighlightedText, onAccent);
    p.setColor(QPalette::Link, accent);
    p.setColor(QPalette::LinkVisited, accent);
    p.setColor(QPalette::Mid, line);
    p.setColor(QPalette::Midlight, line);
    p.setColor(QPalette::Light, raised);
    p.setColor(QPalette::Dark, line);
    p.setColor(QPalette::Shadow, line.darker(120));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, dim);
    p.setColor(QPalette::Disabled, QPalette::Highlight, line);
    p.setColor(QPalette::Disabled, QPalette::HighlightedText, dim);
    return p;
}

/// Line colours come from palette(mid), so that one sheet serves both palettes.
const char *kSheet = R"(
QMainWindow::separator { background: palette(mid); width: 1px; height: 1px; }
QMainWindow::separator:hover { background: palette(highlight); }
QToolBar { border: none; border-bottom: 1px solid palette(mid); padding: 6px 8px; spacing: 6px; background: palette(window); }
QStatusBar { border-top: 1px solid palette(mid); }
QStatusBar::item { border: none; }
QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { padding: 7px 10px 6px 10px; background: palette(window); text-align: left; border-bottom: 1px solid palette(mid); }
QMenu { border: 1px solid palette(mid); padding: 4px; background: palette(base); }
QMenu::item { padding: 5px 26px 5px 22px; border-radius: 4px; }
QMenu::item:selected { background: palette(highlight); color: palette(highlighted-text); }
QMenu::item:disabled { color: palette(placeholder-text); }
QMenu::separator { height: 1px; background: palette(mid); margin: 4px 6px; }
QMenu::indicator { left: 5px; }
QToolTip { border: 1px solid palette(mid); padding: 4px 6px; background: palette(base); color: palette(text); }
QAbstractScrollArea { border: none; }
QHeaderView::section { background: palette(window); border: none; border-bottom: 1px solid palette(mid); padding: 4px 8px; }
QTabBar::tab { padding: 6px 6px; border: none; border-bottom: 2px solid transparent; background: palette(window); }
QTabBar::tab:selected { border-bottom-color: palette(highlight); }
QTabBar::tab:hover:!selected { border-bottom-color: palette(mid); }
QPushButton, QToolButton { border: 1px solid palette(mid); border-radius: 5px; padding: 4px 10px; background: palette(button); }
QToolButton { padding: 3px 8px; }
QPushButton:hover, QToolButton:hover { border-color: palette(highlight); }
QPushButton:focus, QToolButton:focus { border-color: palette(highlight); }
QPushButton:pressed, QToolButton:pressed { background: palette(mid); }
QPushButton:disabled, QToolButton:disabled { color: palette(placeholder-text); background: palette(window); }
QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); border-color: palette(highlight); }
QToolButton[flat="true"] { border-color: transparent; background: transparent; color: palette(link); padding: 3px 4px; }
QToolButton[flat="true"]:checked { border-color: transparent; background: transparent; color: palette(link); }
QToolButton[flat="true"]:hover { border-color: palette(mid); }
QToolButton::menu-indicator { image: none; }
QPushButton[primary="true"] { background: palette(highlight); color: palette(highlighted-text); border-color: palette(highlight); font-weight: 600; padding: 4px 16px; }
QPushButton[primary="true"]:disabled { background: palette(window); color: palette(placeholder-text); border-color: palette(mid); }
QProgressBar { border: none; border-radius: 3px; background: palette(mid); max-height: 6px; min-height: 6px; }
QProgressBar::chunk { border-radius: 3px; background: palette(highlight); }
QListView, QTableView, QTreeView { background: palette(base); alternate-background-color: palette(window); gridline-color: palette(mid); }
)";

bool systemIsDark()
{
    return s_systemDark;
}

} // namespace

QPalette lightPalette()
{
    return paletteOf(QColor(0xf5f6f8), Qt::white, Qt::white, QColor(0x1c2127), QColor(0x77808b), QColor(0xd8dce2),
                     QColor(0x2563c9), Qt::white);
}

QPalette darkPalette()
{
    return paletteOf(QColor(0x1d2024), QColor(0x24272c), QColor(0x2b2f35), QColor(0xe4e7eb), QColor(0x8c95a1),
                     QColor(0x3b4048), QColor(0x5a96f0), QColor(0x10141a));
}

void applyTheme(ThemeMode mode)
{
    if (!qApp->property("patchbayStyled").toBool()) {
        s_systemDark = widgets::isDark(qApp->palette()); // before ours replaces it
        qApp->setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
        qApp->setProperty("patchbayStyled", true);
    }
    s_mode = mode;
    const bool dark = mode == ThemeMode::Dark || (mode == ThemeMode::System && systemIsDark());
    const QPalette palette = dark ? darkPalette() : lightPalette();
    qApp->setPalette(palette);
    qApp->setStyleSheet(QString::fromLatin1(kSheet)); // set again: palette(…) in it is resolved now
}

ThemeMode themeMode()
{
    return s_mode;
}

ThemeMode savedThemeMode()
{
    const QString text = QSettings().value(QStringLiteral("theme")).toString();
    return text == QStringLiteral("light") ? ThemeMode::Light
        : text == QStringLiteral("dark")   ? ThemeMode::Dark
                                           : ThemeMode::System;
}

void saveThemeMode(ThemeMode mode)
{
    QSettings().setValue(QStringLiteral("theme"),
                         mode == ThemeMode::Light      ? QStringLiteral("light")
                             : mode == ThemeMode::Dark ? QStringLiteral("dark")
                                                       : QStringLiteral("system"));
}

namespace {

/// Answers of the settings portal: 0 no preference, 1 dark, 2 light.
class SystemThemeWatcher : public QObject {
    Q_OBJECT
public:
    explicit SystemThemeWatcher(QObject *parent) : QObject(parent)
    {
        QDBusConnection bus = QDBusConnection::sessionBus();
        if (!bus.isConnected())
            return;
        bus.connect(QStringLiteral("org.freedesktop.portal.Desktop"), QStringLiteral("/org/freedesktop/portal/desktop"),
                    QStringLiteral("org.freedesktop.portal.Settings"), QStringLiteral("SettingChanged"), this,
                    SLOT(changed(QString, QString, QDBusVariant)));
        QDBusMessage ask = QDBusMessage::createMethodCall(
            QStringLiteral("org.freedesktop.portal.Desktop"), QStringLiteral("/org/freedesktop/portal/desktop"),
            QStringLiteral("org.freedesktop.portal.Settings"), QStringLiteral("Read"));
        ask << QStringLiteral("org.freedesktop.appearance") << QStringLiteral("color-scheme");
        auto *watcher = new QDBusPendingCallWatcher(bus.asyncCall(ask), this);
        connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
            const QDBusPendingReply<QDBusVariant> reply = *watcher;
            if (!reply.isError())
                take(reply.value());
            watcher->deleteLater();
        });
    }

private Q_SLOTS:
    void changed(const QString &group, const QString &key, const QDBusVariant &value)
    {
        if (group == QStringLiteral("org.freedesktop.appearance") && key == QStringLiteral("color-scheme"))
            take(value);
    }

private:
    void take(const QDBusVariant &value)
    {
        QVariant inner = value.variant();
        if (inner.canConvert<QDBusVariant>())
            inner = inner.value<QDBusVariant>().variant();
        const uint scheme = inner.toUInt();
        if (scheme == 0)
            return;
        s_systemDark = scheme == 1;
        if (s_mode == ThemeMode::System)
            applyTheme(ThemeMode::System);
    }
};

} // namespace

void followSystemTheme(QObject *parent)
{
    new SystemThemeWatcher(parent);
}

} // namespace patchbay

#include "app_theme.moc"
