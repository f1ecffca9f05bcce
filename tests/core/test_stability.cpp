// How a ranking hangs on the prompts: against plain resampling, and where the answer is known.
#include "patching/stability.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace patchbay;

namespace {

/// One grid [layers, heads] of normal values about these means, and a baseline at zero.
struct Made {
    Made(std::vector<double> means, double spread, int prompts, unsigned seed = 1)
    {
        std::mt19937 random(seed);
        std::normal_distribution<float> noise(0, float(spread));
        grid.name = "noise.z";
        grid.axes = {"layer", "head"};
        grid.shape = {1, int(means.size())};
        grid.prompts = prompts;
        grid.direction = Direction::Noise;
        grid.state.assign(means.size(), CellState::Exact);
        for (const double mean : means)
            for (int p = 0; p < prompts; ++p)
                grid.per_prompt.push_back(float(mean) + noise(random));
        baseline.clean.assign(size_t(prompts), 0);
        baseline.flipped.assign(size_t(prompts), -1);
        baseline.flipped_mean = -1;
    }
    Grid grid;
    Baseline baseline;
};

} // namespace

class TestStability : public QObject {
    Q_OBJECT

private Q_SLOTS:
    // Without noise every resample ranks alike.
    void certainRanks()
    {
        const Made made({-5, 1, 3, -2}, 0, 8);
        const Stability s = stability(made.grid, made.baseline, 2);
        QCOMPARE(s.among_top, (std::vector<double>{1, 0, 1, 0}));
        QCOMPARE(s.best_rank, (std::vector<int>{1, 4, 2, 3}));
        QCOMPARE(s.worst_rank, s.best_rank);
        QCOMPARE(s.split_half, 1.0);
    }

    // Equal means: each is among the top as often as chance has it, in many such grids.
    void chanceAlone()
    {
        double share = 0, halves = 0;
        constexpr int grids = 200;
        for (unsigned seed = 1; seed <= grids; ++seed) {
            const Made made(std::vector<double>(10, 0), 1, 30, seed);
            const Stability s = stability(made.grid, made.baseline, 3, 200);
            share += s.among_top[4] / grids;
            halves += s.split_half / grids;
            QVERIFY(std::abs(std::accumulate(s.among_top.begin(), s.among_top.end(), 0.0) - 3) < 1e-9);
        }
        QVERIFY2(std::abs(share - 0.3) < 0.08, qPrintable(QString::number(share)));
        QVERIFY2(halves < 0.5, qPrintable(QString::number(halves)));
    }

    // The same by plain resampling with another generator.
    void againstPlainResampling()
    {
        const Made made({2.0, 1.8, 1.5, 0.2, -1.6, 0.1}, 2, 25, 9);
        const int cells = made.grid.cells(), prompts = made.grid.prompts, top = 3, samples = 4000;
        const Stability s = stability(made.grid, made.baseline, top, samples);
        std::mt19937 random(4);
        std::vector<double> among(size_t(cells), 0);
        for (int sample = 0; sample < samples; ++sample) {
            std::vector<double> strength(size_t(cells), 0);
            for (int i = 0; i < prompts; ++i) {
                const size_t p = random() % size_t(prompts);
                for (int cell = 0; cell < cells; ++cell)
                    strength[size_t(cell)] += double(made.grid.cell(cell)[p]);
            }
            std::vector<int> order(static_cast<size_t>(cells));
            std::iota(order.begin(), order.end(), 0);
            std::sort(order.begin(), order.end(),
                      [&](int a, int b) { return std::abs(strength[size_t(a)]) > std::abs(strength[size_t(b)]); });
            for (int i = 0; i < top; ++i)
                among[size_t(order[size_t(i)])] += 1.0 / samples;
        }
        for (int cell = 0; cell < cells; ++cell) {
            const double there = s.among_top[size_t(cell)], here = among[size_t(cell)];
            QVERIFY2(std::abs(there - here) < 0.05, qPrintable(QStringLiteral("%1 and %2").arg(there).arg(here)));
            QVERIFY(1 <= s.best_rank[size_t(cell)] && s.best_rank[size_t(cell)] <= s.worst_rank[size_t(cell)]
                    && s.worst_rank[size_t(cell)] <= cells);
        }
    }

    // The 95 % intervals of a thousand samples of half the size, drawn from one full sample: how many of them hold what
    // the full sample has. As often as they say; where values are skewed, with seventy prompts, a little less often.
    void intervalsCoverWhatTheySay_data()
    {
        QTest::addColumn<double>("skew");
        QTest::addColumn<int>("least");
        QTest::newRow("symmetric") << 0.0 << 930;
        QTest::newRow("skewed") << 0.2 << 915;
    }
    void intervalsCoverWhatTheySay()
    {
        QFETCH(double, skew);
        QFETCH(int, least);
        constexpr int full = 140, half = 70, draws = 1000;
        Made all({1}, 1, full, 5);
        for (float &value : all.grid.per_prompt)
            value += float(skew) * value * value;
        const double truth = normalised(all.grid, 0, all.baseline);
        std::mt19937 random(11);
        int covered = 0;
        for (int draw = 0; draw < draws; ++draw) {
            Made some({0}, 0, half);
            for (float &value : some.grid.per_prompt)
                value = all.grid.per_prompt[random() % full];
            covered += std::abs(normalised(some.grid, 0, some.baseline) - truth)
                <= bootstrap_half_width(some.grid, 0, some.baseline);
        }
        QVERIFY2(least <= covered && covered <= 970, qPrintable(QString::number(covered)));
    }

    void missingCellsHaveNoRank()
    {
        Made made({4, 3, 2, 1}, 0, 5);
        made.grid.state[1] = CellState::Missing;
        const Stability s = stability(made.grid, made.baseline, 10);
        QCOMPARE(s.top, 3);
        QVERIFY(std::isnan(s.among_top[1]));
        QCOMPARE(s.best_rank, (std::vector<int>{1, 0, 2, 3}));
        made.grid.state.assign(4, CellState::Missing);
        QVERIFY(std::isnan(stability(made.grid, made.baseline).split_half));
        const Made single({1, 2}, 0, 1);
        QCOMPARE(stability(single.grid, single.baseline, 1).among_top, (std::vector<double>{0, 1}));
    }
};

QTEST_GUILESS_MAIN(TestStability)
#include "test_stability.moc"
