// A real window on the demo model for tests: own settings, and waits for conditions.
#pragma once

#include "main_window.h"
#include "shell/actions.h"
#include "shell/app_theme.h"
#include "shell/run_controls.h"

#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

// A condition that comes true ends the wait at once: five seconds, Qt's own patience, are too few on a busy machine.
#undef QTRY_VERIFY
#define QTRY_VERIFY(condition) QTRY_VERIFY_WITH_TIMEOUT(condition, 60000)
#undef QTRY_VERIFY2
#define QTRY_VERIFY2(condition, message) QTRY_VERIFY2_WITH_TIMEOUT(condition, message, 60000)
#undef QTRY_COMPARE
#define QTRY_COMPARE(actual, expected) QTRY_COMPARE_WITH_TIMEOUT(actual, expected, 60000)

namespace patchbay {

class WindowFixture {
public:
    WindowFixture()
    {
        QCoreApplication::setOrganizationName(QStringLiteral("patchbay-test"));
        QCoreApplication::setApplicationName(QStringLiteral("patchbay-test"));
        QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, m_settings.path());
        applyTheme(ThemeMode::Light);
    }
    /// With nothing in it yet.
    MainWindow &openBare(QSize size = {1280, 800})
    {
        m_window = std::make_unique<MainWindow>();
        m_window->resize(size);
        m_window->show();
        return *m_window;
    }
    MainWindow &open(QSize size = {1280, 800})
    {
        openBare(size).start(QStringLiteral("demo"));
        return *m_window;
    }
    /// open(), and waits until the window is on screen and the demo model's baseline in it; null when that takes more
    /// than a minute.
    MainWindow *openReady()
    {
        open();
        const bool shown =
            QTest::qWaitForWindowExposed(m_window.get(), 60000) && QTest::qWaitFor([this] { return ready(); }, 60000);
        return shown ? m_window.get() : nullptr;
    }
    void close() { m_window.reset(); }
    bool ready() const { return m_window->explorer().document.ready() && !m_window->explorer().document.loading(); }
    /// No run computing or waiting, and one on view.
    bool idle() const
    {
        return m_window->explorer().runner.activeRun() < 0 && m_window->explorer().navigation.place().run >= 0;
    }
    const RunEntry *shown() const
    {
        return m_window->explorer().runs.find(m_window->explorer().navigation.place().run);
    }
    /// The part of the window of this class, or of this class and name, which there must be.
    template <class Part>
    Part &part(const char *name = "") const
    {
        const QString objectName = QString::fromLatin1(name);
        auto *found = objectName.isEmpty() ? m_window->findChild<Part *>() : m_window->findChild<Part *>(objectName);
        if (!found)
            qFatal("the window has no %s %s", Part::staticMetaObject.className(), name);
        return *found;
    }
    void chooseSites(std::vector<Site> sites)
    {
        ActPatch sweep;
        sweep.sites = std::move(sites);
        const RunSpec spec = spec_of(sweep);
        m_window->controls().setSpec(spec);
    }

private:
    QTemporaryDir m_settings;
    std::unique_ptr<MainWindow> m_window;
};

} // namespace patchbay
