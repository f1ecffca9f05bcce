// patchbay: the desktop program.
#include "main_window.h"
#include "shell/app_theme.h"

#include <QApplication>
#include <QCommandLineParser>

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("patchbay"));
    QApplication::setApplicationDisplayName(QStringLiteral("Patchbay"));
    QApplication::setOrganizationName(QStringLiteral("patchbay"));
    QApplication::setDesktopFileName(QStringLiteral("patchbay"));

    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Find circuits in transformer language models."));
    parser.addHelpOption();
    const QCommandLineOption model(QStringLiteral("model"), QStringLiteral("Open this Hugging Face folder (demo: the embedded model)."),
                                   QStringLiteral("DIR"), QStringLiteral("demo"));
    parser.addOption(model);
    parser.process(app);

    patchbay::applyTheme(patchbay::savedThemeMode());
    patchbay::MainWindow window;
    window.show();
    window.start(parser.value(model));
    return QApplication::exec();
}
