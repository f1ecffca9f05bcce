// Numbers in the window's boxes under a German locale: a point, as in every file and figure.
#include "shell/plain_numbers.h"

#include <QDoubleSpinBox>
#include <QLocale>
#include <QTest>

#include <clocale>

using namespace patchbay;

class TestPlainNumbers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void boxesHaveAPoint()
    {
        QLocale::setDefault(QLocale(QLocale::German, QLocale::Germany));
        QDoubleSpinBox german;
        german.setValue(12.5);
        QCOMPARE(german.text(), QStringLiteral("12,50")); // the trap is there

        usePlainNumbers();
        QDoubleSpinBox box;
        box.setValue(12.5);
        QCOMPARE(box.text(), QStringLiteral("12.50"));
        box.clear();
        QTest::keyClicks(&box, QStringLiteral("85.5"));
        QCOMPARE(box.value(), 85.5);
        QCOMPARE(std::string(std::localeconv()->decimal_point), std::string("."));
        QCOMPARE(QStringLiteral("%L1").arg(1.5), QStringLiteral("1.5"));
    }
};

QTEST_MAIN(TestPlainNumbers)
#include "test_plain_numbers.moc"
