// Numbers as text: what is read and what is refused, and the spelling of printf in the C locale.
#include "base/plain_text.h"

#include <QtTest>

#include <clocale>
#include <cmath>
#include <cstdio>

using namespace patchbay;

class TestPlainText : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void numbers_are_read();
    void numbers_are_written();
    void letters();
};

void TestPlainText::numbers_are_read()
{
    for (const auto &[text, value] :
         {std::pair{"85.5", 85.5}, {" 75 ", 75.0}, {"+3", 3.0}, {"-.5", -0.5}, {"1e-3", 0.001}, {"2.", 2.0}})
        QCOMPARE(parse_number(text), std::optional(value));
    for (const char *text : {"", " ", "85,5", "1.5GB", "1 2", "+-3", "nan", "inf", "1e999", "0x10", "three", "٣"})
        QVERIFY2(!parse_number(text), text);
}

void TestPlainText::numbers_are_written()
{
    std::setlocale(LC_NUMERIC, "C"); // QTest has taken the user's
    for (const double value : {0.0, -0.0, 0.05, 1e-6, 123456.0, 1234567.0, 2.5, -3.14159, 1e300, 1.0 / 3}) {
        char expected[400];
        for (const int digits : {0, 1, 3}) {
            std::snprintf(expected, sizeof expected, "%.*f", digits, value);
            QCOMPARE(fixed_text(value, digits), std::string(expected));
        }
        for (const int digits : {2, 6}) {
            std::snprintf(expected, sizeof expected, "%.*g", digits, value);
            QCOMPARE(short_text(value, digits), std::string(expected));
        }
    }
    QCOMPARE(fixed_text(std::nan(""), 1), std::string("nan"));
}

void TestPlainText::letters()
{
    QCOMPARE(lower_case("INCORRECT_IDX é"), std::string("incorrect_idx é"));
    QCOMPARE(upper_case("1 GiB"), std::string("1 GIB"));
    QCOMPARE(std::string(trimmed(" \t a b\r\n")), std::string("a b"));
    QVERIFY(trimmed(" \n").empty());
}

QTEST_GUILESS_MAIN(TestPlainText)
#include "test_plain_text.moc"
