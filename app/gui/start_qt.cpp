#include "start_qt.h"

#include "shell/plain_numbers.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace patchbay {

namespace {

/// What Qt says while it starts: of no use to anyone when it then finds no display.
std::vector<std::pair<QtMsgType, QString>> s_said;

/// Which way to a display there is, and why it leads nowhere.
QString whyNoDisplay()
{
    const auto value = [](const char *variable) { return QString::fromLocal8Bit(qgetenv(variable)); };
    if (const QString platform = value("QT_QPA_PLATFORM"); !platform.isEmpty())
        return QStringLiteral("QT_QPA_PLATFORM=%1 cannot be started").arg(platform);
    for (const char *variable : {"WAYLAND_DISPLAY", "DISPLAY"})
        if (const QString display = value(variable); !display.isEmpty())
            return QStringLiteral("%1=%2 does not answer").arg(QString::fromLatin1(variable), display);
    return QStringLiteral("DISPLAY and WAYLAND_DISPLAY are not set");
}

void hear(QtMsgType type, const QMessageLogContext &, const QString &text)
{
    if (type != QtFatalMsg) {
        s_said.emplace_back(type, text);
        return;
    }
    // Qt would abort now.
    const QString sentence = QStringLiteral("patchbay: there is no display for its window (%1): start it where there "
                                            "is one, let packaging/run do the main job without, use "
                                            "patchbay-cli or patchbay figure, recipe and report, which need none, or "
                                            "set QT_QPA_PLATFORM=offscreen for a window that nobody sees\n")
                                 .arg(whyNoDisplay());
    std::fputs(qPrintable(sentence), stderr);
    std::_Exit(1);
}

std::unique_ptr<QApplication> start(int &argc, char **argv)
{
    qInstallMessageHandler(hear);
    auto app = std::make_unique<QApplication>(argc, argv);
    qInstallMessageHandler(nullptr);
    usePlainNumbers(); // Qt has just taken the user's locale for the whole program
    QApplication::setApplicationName(QStringLiteral("patchbay"));
    QApplication::setApplicationDisplayName(QStringLiteral("Patchbay"));
    QApplication::setOrganizationName(QStringLiteral("patchbay"));
    QApplication::setDesktopFileName(QStringLiteral("patchbay"));
    return app;
}

} // namespace

std::unique_ptr<QApplication> start_qt(int &argc, char **argv)
{
    auto app = start(argc, argv);
    for (const auto &[type, text] : std::exchange(s_said, {}))
        (type == QtDebugMsg || type == QtInfoMsg ? qInfo()
             : type == QtWarningMsg              ? qWarning()
                                                 : qCritical())
                .noquote()
            << text;
    return app;
}

std::unique_ptr<QApplication> start_qt_unseen(char **argv)
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    static int count = 1; // QApplication keeps a reference
    auto app = start(count, argv);
    s_said.clear(); // about sessions and locales, which no file depends on
    return app;
}

} // namespace patchbay
