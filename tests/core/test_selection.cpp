// Choosing heads by numbers: which quantities have a number a head, and what they are called and measured in.
#include "analysis/selection.h"
#include "error_message.h"

#include <QtTest>

using namespace patchbay;

namespace {

/// A result with one grid, all cells exact: the value of cell i is i.
RunResult resultWith(const std::string &name, std::vector<std::string> axes, std::vector<int> shape)
{
    RunResult result;
    result.baseline.clean = {10};
    result.baseline.flipped = {0};
    result.baseline.clean_mean = 10;
    Grid grid;
    grid.name = name;
    grid.axes = std::move(axes);
    grid.shape = std::move(shape);
    grid.prompts = 1;
    int cells = 1;
    for (const int size : grid.shape)
        cells *= size;
    for (int i = 0; i < cells; ++i)
        grid.per_prompt.push_back(float(i));
    grid.state.assign(size_t(cells), CellState::Exact);
    result.grids.push_back(grid);
    return result;
}

} // namespace

class TestSelection : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everySweepHasItsUnit_data()
    {
        QTest::addColumn<QString>("grid");
        QTest::addColumn<QString>("name");
        QTest::newRow("denoise") << "denoise.z"
                                 << "z effect";
        QTest::newRow("noise") << "noise.pattern"
                               << "pattern effect";
        QTest::newRow("zero") << "zero.k_grouped"
                              << "k (shared KV head) effect";
        QTest::newRow("mean") << "mean.z"
                              << "z effect";
        QTest::newRow("resample") << "resample.q"
                                  << "q effect";
        QTest::newRow("path") << "path"
                              << "path effect";
    }

    void everySweepHasItsUnit()
    {
        QFETCH(QString, grid);
        QFETCH(QString, name);
        const HeadQuantity q = quantity(resultWith(grid.toStdString(), {"layer", "head"}, {2, 3}), grid.toStdString());
        QCOMPARE(QString::fromStdString(q.unit), QStringLiteral("%"));
        QCOMPARE(QString::fromStdString(q.name), name);
        QCOMPARE(q.heads, 3);
        QCOMPARE(q.at({1, 2}), 50.0);
        QCOMPARE(QString::fromStdString(to_string(select_heads({{"a", q}}, {{"a", 45, 1e300}}).at(0).evidence)),
                 name + QStringLiteral(" 50.0 % (≥ 45)"));
    }

    void positionsAreNoHeads()
    {
        for (const auto &[axes, shape] :
             {std::pair{std::vector<std::string>{"layer", "pos"}, std::vector<int>{2, 3}},
              std::pair{std::vector<std::string>{"layer", "pos", "head"}, std::vector<int>{2, 3, 4}},
              std::pair{std::vector<std::string>{"layer"}, std::vector<int>{2}}}) {
            const RunResult result = resultWith("denoise.resid_pre.by_pos", axes, shape);
            const QString message =
                QString::fromStdString(error_message_of([&] { quantity(result, "denoise.resid_pre.by_pos"); }));
            QVERIFY2(message.contains("denoise.resid_pre.by_pos")
                         && message.contains(QString::fromStdString(axes.back())),
                     qPrintable(message));
        }
    }

    // The second axis of these is prompts, tokens or candidates.
    void otherArraysAreNoHeads()
    {
        RunResult result;
        for (const char *name : {"lens.logit_diff", "components.dla", "accumulated.dla", "s2i.logit_diff.after",
                                 "pattern.1.2", "ablate.logits_at_end"}) {
            result.arrays[name] = {{2, 3}, std::vector<float>(6, 1)};
            const QString message = QString::fromStdString(error_message_of([&] { quantity(result, name); }));
            QVERIFY2(message.contains(name), qPrintable(message));
        }
        result.arrays["copy.positive"] = {{2, 3}, std::vector<float>(6, 1)};
        QCOMPARE(QString::fromStdString(quantity(result, "copy.positive").unit), QStringLiteral("%"));
    }
};

QTEST_GUILESS_MAIN(TestSelection)
#include "test_selection.moc"
