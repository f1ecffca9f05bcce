// Heads as people spell them: what is read, what is refused, and how they are written back.
#include "base/error.h"
#include "base/head.h"

#include <QTest>

using patchbay::Error;
using patchbay::Head;
using patchbay::parse_head;
using patchbay::parse_heads;

class TestHead : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void spellings_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("layer");
        QTest::addColumn<int>("head");
        QTest::newRow("dotted") << "9.6" << 9 << 6;
        QTest::newRow("dotted, two digits") << "10.11" << 10 << 11;
        QTest::newRow("tuple") << "(9,6)" << 9 << 6;
        QTest::newRow("tuple with spaces") << " ( 9 , 6 ) " << 9 << 6;
        QTest::newRow("label") << "L9H6" << 9 << 6;
        QTest::newRow("label, small letters") << "l10h0" << 10 << 0;
        QTest::newRow("paper") << "a9.h6" << 9 << 6;
        QTest::newRow("paper, capitals") << "A9.H6" << 9 << 6;
        QTest::newRow("leading zero") << "09.06" << 9 << 6;
        QTest::newRow("origin") << "0.0" << 0 << 0;
        QTest::newRow("six digits") << "123456.999999" << 123456 << 999999;
    }
    void spellings()
    {
        QFETCH(QString, text);
        QFETCH(int, layer);
        QFETCH(int, head);
        const Head read = parse_head(text.toStdString());
        QCOMPARE(read.layer, layer);
        QCOMPARE(read.head, head);
        // Every way of writing it leads back to the same head.
        QVERIFY(parse_head(patchbay::label(read)) == read);
        QVERIFY(parse_head(patchbay::dotted(read)) == read);
    }

    void refused_data()
    {
        QTest::addColumn<QString>("text");
        for (const char *text : {"",          " ",         "9",
                                 "9.",        ".6",        "9.6.1",
                                 "9,6",       "(9.6)",     "(9,6",
                                 "9,6)",      "L9",        "H6",
                                 "L9.6",      "a9h6",      "L9H",
                                 "LH6",       "-1.2",      "1.-2",
                                 "+1.2",      "1e1.2",     "9..6",
                                 "9.6x",      "x9.6",      "((9,6))",
                                 "1234567.0", "0.1234567", "99999999999999999999.1",
                                 "\xD9\xA9.6"})
            QTest::newRow(qPrintable(QString("\"%1\"").arg(QString::fromUtf8(text)))) << QString::fromUtf8(text);
    }
    void refused()
    {
        QFETCH(QString, text);
        try {
            const Head read = parse_head(text.toStdString());
            QFAIL(qPrintable(QString("was read as %1").arg(QString::fromStdString(patchbay::label(read)))));
        } catch (const Error &error) {
            // The message repeats what was written and shows how to write it.
            QCOMPARE(QString::fromStdString(error.subject()), text);
            QVERIFY(QString::fromStdString(error.what()).contains("L9H6"));
        }
    }

    void lists_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("dotted");
        QTest::newRow("empty") << ""
                               << "";
        QTest::newRow("one") << "8.1"
                             << "8.1";
        QTest::newRow("dotted") << "8.1,9.4"
                                << "8.1 9.4";
        QTest::newRow("mixed spellings") << "8.1, L8H1, (8,1), a8.h1"
                                         << "8.1 8.1 8.1 8.1";
        QTest::newRow("commas inside parentheses") << "(8,1),(9,4)"
                                                   << "8.1 9.4";
        QTest::newRow("empty pieces are left out") << ",8.1,, 9.4 ,"
                                                   << "8.1 9.4";
        QTest::newRow("order is kept") << "9.4,0.1,8.1"
                                       << "9.4 0.1 8.1";
    }
    void lists()
    {
        QFETCH(QString, text);
        QFETCH(QString, dotted);
        QStringList read;
        for (const Head head : parse_heads(text.toStdString()))
            read.append(QString::fromStdString(patchbay::dotted(head)));
        QCOMPARE(read.join(' '), dotted);
    }

    void listNamesTheBadPiece()
    {
        try {
            parse_heads("8.1,nine,9.4");
            QFAIL("was read");
        } catch (const Error &error) {
            QCOMPARE(QString::fromStdString(error.subject()), QString("nine"));
        }
        QVERIFY_EXCEPTION_THROWN(parse_heads("(8,1"), Error);
        QVERIFY_EXCEPTION_THROWN(parse_heads("8,1"), Error);
    }

    void orderedByLayerThenHead()
    {
        QVERIFY((Head{1, 7} < Head{2, 0}));
        QVERIFY((Head{2, 0} < Head{2, 1}));
        QVERIFY((Head{2, 1} == Head{2, 1}));
    }

    void labels()
    {
        QCOMPARE(QString::fromStdString(patchbay::label({9, 6})), QString("L9H6"));
        QCOMPARE(QString::fromStdString(patchbay::dotted({9, 6})), QString("9.6"));
    }
};

QTEST_GUILESS_MAIN(TestHead)
#include "test_head.moc"
