// The families that open are the ones that the handbook and the README name: their files are the list.
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QtTest>

namespace {

QString text(const QString &file)
{
    QFile in(QStringLiteral(PATCHBAY_SOURCE_DIR "/") + file);
    return in.open(QIODevice::ReadOnly) ? QString::fromUtf8(in.readAll()) : QString();
}

} // namespace

class TestFamiliesList : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void every_family_is_named()
    {
        const QString page = text(QStringLiteral("docs/handbook/families.md")),
                      readme = text(QStringLiteral("README.md"));
        static const QRegularExpression declared(QStringLiteral("\\.name = \"(\\w+)\",\\s*\\.title = \"([^\"]+)\""));
        int families = 0;
        QDirIterator files(QStringLiteral(PATCHBAY_SOURCE_DIR "/core/model/families"), {QStringLiteral("*.cpp")});
        while (files.hasNext()) {
            const QString file = QStringLiteral("core/model/families/") + QFileInfo(files.next()).fileName();
            const QRegularExpressionMatch match = declared.match(text(file));
            QVERIFY2(match.hasMatch(), qPrintable(file));
            const QString row = QStringLiteral("| %1 | `%2` |").arg(match.captured(2), match.captured(1));
            QVERIFY2(page.contains(row), qPrintable(QStringLiteral("families.md lacks: ") + row));
            const QString title = match.captured(2).section(QLatin1Char(','), 0, 0);
            QVERIFY2(readme.contains(title), qPrintable(QStringLiteral("README.md lacks ") + title));
            ++families;
        }
        QCOMPARE(page.count(QRegularExpression(QStringLiteral("^\\| [^|]+ \\| `\\w+` \\|"),
                                               QRegularExpression::MultilineOption)),
                 families + 1); // and the head of the table
    }
};

QTEST_GUILESS_MAIN(TestFamiliesList)
#include "test_families_list.moc"
