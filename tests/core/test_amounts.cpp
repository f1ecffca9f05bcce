// Counted nouns and durations in words.
#include "base/amounts.h"

#include <QtTest>

using namespace patchbay;

class TestAmounts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nouns_follow_their_number()
    {
        QCOMPARE(counted(0, "prompt"), std::string("0 prompts"));
        QCOMPARE(counted(1, "prompt"), std::string("1 prompt"));
        QCOMPARE(counted(2, "prompt"), std::string("2 prompts"));
        QCOMPARE(counted(1, "entry", "entries"), std::string("1 entry"));
        QCOMPARE(counted(70, "entry", "entries"), std::string("70 entries"));
        QCOMPARE(noun_for(1, "S-inhibition head"), std::string("S-inhibition head"));
        QCOMPARE(noun_for(3, "S-inhibition head"), std::string("S-inhibition heads"));
    }

    void times_are_no_more_precise_than_they_are_known()
    {
        QCOMPARE(time_left_text(-1), std::string());
        QCOMPARE(time_left_text(0.2), std::string("less than a second left"));
        QCOMPARE(time_left_text(1), std::string("1 s left"));
        QCOMPARE(time_left_text(89.5), std::string("90 s left"));
        QCOMPARE(time_left_text(90), std::string("2 min left"));
        QCOMPARE(time_left_text(3599), std::string("60 min left"));
        QCOMPARE(time_left_text(7260), std::string("2 h 1 min left"));
    }

    void durations()
    {
        QCOMPARE(duration_text(3.21), std::string("3.2 s"));
        QCOMPARE(duration_text(42.4), std::string("42 s"));
        QCOMPARE(duration_text(125), std::string("2 min 05 s"));
    }
};

QTEST_GUILESS_MAIN(TestAmounts)
#include "test_amounts.moc"
