// What `bench` makes of its measurements, with seconds and rates given instead of measured.
#include "cli/bench_timing.h"

#include <QTest>

#include <vector>

using namespace patchbay::cli;

class TestBenchTiming : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunStandsBetweenTwoRates()
    {
        std::string order;
        const BenchTiming timing = time_beside_rate(
            3,
            [&] {
                order += 'w';
                return TimedRun{2, 100};
            },
            [&] {
                order += 'r';
                return 100.0;
            });
        QCOMPARE(order, std::string("rwrwrwr"));
        QCOMPARE(timing.median, 2.0);
        QCOMPARE(timing.seconds.size(), size_t(3));
        QCOMPARE(timing.gemm_rate, 100.0);
        QCOMPARE(timing.gemm_share.value(), 0.5);
    }

    void theMedianRunAndTheFastestRateCount()
    {
        std::vector<double> seconds{9, 1, 4}, rates{20, 50, 30, 10};
        size_t run = 0, rate = 0;
        const BenchTiming timing = time_beside_rate(
            3,
            [&] {
                return TimedRun{seconds[run++], 100};
            },
            [&] { return rates[rate++]; });
        QCOMPARE(timing.seconds, (std::vector<double>{1, 4, 9}));
        QCOMPARE(timing.gemm_rate, 50.0);
        QCOMPARE(timing.gemm_share.value(), 0.5);
    }

    // The machine was busy while its rate was measured, and free during the run: 2.24 was printed.
    void aShareThatCannotBeIsMeasuredAgain()
    {
        int runs = 0, rates = 0;
        const BenchTiming timing = time_beside_rate(
            1,
            [&] {
                ++runs;
                return TimedRun{1, 112};
            },
            [&] { return ++rates <= 4 ? 50.0 : 140.0; });
        QCOMPARE(runs, 3);
        QCOMPARE(timing.gemm_share.value(), 0.8);
        QCOMPARE(timing.seconds.size(), size_t(1));
    }

    void aShareAtTheLimitStands()
    {
        QCOMPARE(time_beside_rate(
                     1,
                     [] {
                         return TimedRun{1, 105};
                     },
                     [] { return 100.0; })
                     .gemm_share.value(),
                 1.05);
    }

    void whatNeverCameRightIsNotSaid()
    {
        int runs = 0;
        const BenchTiming timing = time_beside_rate(
            2,
            [&] {
                ++runs;
                return TimedRun{1, 224};
            },
            [] { return 100.0; });
        QVERIFY(!timing.gemm_share);
        QVERIFY(runs > 2 && runs <= 20);
        QCOMPARE(timing.median, 1.0);
    }
};

QTEST_GUILESS_MAIN(TestBenchTiming)
#include "test_bench_timing.moc"
