// Data is read and written alike under every locale: no source of core, the programs or their tests calls what asks the
// C library's locale.
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QtTest>

namespace {

const QString source_dir = QStringLiteral(PATCHBAY_SOURCE_DIR);

// What reads or writes a decimal point, or letters, as the user's locale has them. Integers are the same everywhere:
// std::to_string of them is fine.
const QRegularExpression &by_locale()
{
    static const QRegularExpression names(QStringLiteral(
        R"re(\b(strto(?:d|f|ld)|ato[fi]|sto(?:d|f|ld)|v?sn?printf|sscanf|tolower|toupper|isalpha|isalnum|isspace|isdigit|[io]?stringstream|setprecision|strftime|put_time)\s*[<(]|\b[io]?stringstream\b|printf\([^;]*%[-+ 0-9.*]*l?[aefg]|CLI::(?:PositiveNumber|NonNegativeNumber|Number)\b|CLI::Range\(\s*-?\d+\.)re"));
    return names;
}

// Without comments, which may speak of it.
QStringList offences(const QString &text)
{
    QStringList found;
    int number = 0;
    for (QString line : text.split(QLatin1Char('\n'))) {
        ++number;
        static const QRegularExpression comment(QStringLiteral("^\\s*(//|\\*).*|\\s//[^\"]*$"));
        line.remove(comment);
        if (line.contains(by_locale()))
            found << QStringLiteral("%1: %2").arg(number).arg(line.trimmed());
    }
    return found;
}

} // namespace

class TestLocale : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingAsksTheLocale()
    {
        int looked_at = 0;
        QStringList found;
        for (const char *folder : {"/core", "/app", "/tests/core", "/tests/golden", "/tests/ui", "/tests/widgets"}) {
            QDirIterator files(source_dir + folder, {"*.cpp", "*.h"}, QDir::Files, QDirIterator::Subdirectories);
            while (files.hasNext()) {
                QFile file(files.next());
                if (file.fileName().endsWith(QStringLiteral("/test_plain_text.cpp")))
                    continue; // compares with the C library, under the C locale
                QVERIFY(file.open(QIODevice::ReadOnly));
                ++looked_at;
                for (const QString &offence : offences(QString::fromUtf8(file.readAll())))
                    found << file.fileName().mid(source_dir.size() + 1) + ":" + offence;
            }
        }
        QVERIFY2(looked_at > 100, "is PATCHBAY_SOURCE_DIR right?");
        QVERIFY2(found.isEmpty(),
                 qPrintable("base/plain_text.h does this alike under every locale:\n    " + found.join("\n    ")));
    }

    void theRuleSeesOffenders()
    {
        for (const char *line :
             {"x = std::strtod(text, &end);", "std::snprintf(text, sizeof text, \"%g\", x);", "std::stod(text)",
              "std::tolower(c)", "std::ostringstream out;", "std::fprintf(file, \"%.3f\\n\", x);",
              "->check(CLI::Range(30.0, 1000.0))", "->check(CLI::NonNegativeNumber)"})
            QVERIFY2(!offences(line).isEmpty(), line);
        for (const char *line :
             {"const std::string t = std::to_string(count);", "std::fprintf(stderr, \"%s\\n\", what);",
              "// not printf(\"%g\", x)", "->check(CLI::Range(1, 1000))", "throw Error(\"100 % of it\", cause);"})
            QVERIFY2(offences(line).isEmpty(), line);
    }
};

QTEST_GUILESS_MAIN(TestLocale)
#include "test_locale.moc"
