// Estimates of path patching: the first-order effect is what the exact one becomes for small changes, and orders the
// sweep.
#include "slow_reference.h"

#include "core/small_case.h"
#include "patching/session.h"

#include <QTest>

using namespace patchbay;
using namespace patchbay::testing;

class TestPathEstimate : public QObject {
    Q_OBJECT

private:
    // Effects of whole-token changes are not linear, so what is asked for is that the estimates follow them over all
    // heads.
    static double correlation(const std::vector<double> &a, const std::vector<double> &b)
    {
        double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
        for (size_t i = 0; i < a.size(); ++i) {
            ma += a[i] / double(a.size());
            mb += b[i] / double(b.size());
        }
        for (size_t i = 0; i < a.size(); ++i) {
            ab += (a[i] - ma) * (b[i] - mb);
            aa += (a[i] - ma) * (a[i] - ma);
            bb += (b[i] - mb) * (b[i] - mb);
        }
        return ab / std::sqrt(aa * bb);
    }

    static ModelConfig config(bool parallel)
    {
        ModelConfig c = small_config(4, 4, 32);
        c.parallel = parallel;
        return c;
    }
    static PromptBatch batch() { return small_batch(24, 10); }
    /// Just enough for one group of prompts: a chunk holds a few cells then, so that there are estimates.
    static Resources few_cells_at_once(const std::shared_ptr<const Model> &model)
    {
        Resources resources;
        for (resources.memory_budget = 1 << 16; !Session(model, batch(), resources).groups_note().empty();)
            resources.memory_budget += resources.memory_budget / 4;
        return resources;
    }

private Q_SLOTS:
    void estimatesFollowTheExactEffects_data()
    {
        QTest::addColumn<QString>("receivers");
        QTest::addColumn<bool>("parallel");
        QTest::addColumn<bool>("mlps");
        // In parallel blocks few paths cost more than the first chunk holds; there they are exact before an estimate is
        // of use.
        for (const char *receivers : {"q:2.1,q:1.0", "v:2.1", "k:1.0", "pattern:2.2", "resid_pre:2"})
            for (const bool mlps : {true, false})
                QTest::addRow("%s serial %s", receivers, mlps ? "MLPs" : "frozen") << receivers << false << mlps;
        QTest::addRow("queries, parallel") << "q:2.1,q:1.0" << true << true;
        QTest::addRow("stream, parallel") << "resid_pre:2" << true << true;
        QTest::addRow("stream, parallel, frozen") << "resid_pre:2" << true << false;
    }
    void estimatesFollowTheExactEffects()
    {
        QFETCH(QString, receivers);
        QFETCH(bool, parallel);
        QFETCH(bool, mlps);
        const ModelConfig c = config(parallel);
        const auto model = Model::random(c, 17);
        Session session(model, batch(), few_cells_at_once(model));
        PathPatch spec;
        spec.direction = Direction::Noise;
        spec.receivers = parse_ends(receivers.toStdString());
        spec.direct_includes_mlps = mlps;
        std::vector<double> estimates(16, 0), exact;
        RunObserver observer;
        const RunResult result = session.run(spec_of(spec), observer);
        const Grid &grid = result.grids.front();
        // The cheapest cells are exact before there are estimates; those that stay out have no path.
        for (int cell = 0; cell < 16; ++cell) {
            const float estimate = grid.estimate.empty() ? std::nanf("") : grid.estimate[size_t(cell)];
            estimates[size_t(cell)] = std::isnan(estimate) ? 0 : double(estimate);
            exact.push_back(normalised(grid, cell, result.baseline));
        }
        QVERIFY(!grid.estimate.empty());
        QVERIFY2(correlation(estimates, exact) > 0.7, qPrintable(QString::number(correlation(estimates, exact))));
    }

    // The estimate is the slope of the exact effect where the senders' change begins. (Of one receiver: of several, a
    // later one overwrites what the earlier ones do to it. Without post norms: what a head writes is taken through
    // those whole.)
    void estimatesAreSlopes_data()
    {
        QTest::addColumn<QString>("receivers");
        QTest::addColumn<QString>("sender");
        QTest::addColumn<bool>("parallel");
        QTest::addColumn<bool>("mlps");
        QTest::addColumn<bool>("norms");
        QTest::addRow("queries, serial") << "q:2.1"
                                         << "z:0.2" << false << true << false;
        QTest::addRow("keys, frozen") << "k:2.0"
                                      << "z:1.3" << false << false << false;
        QTest::addRow("stream, parallel") << "resid_pre:2"
                                          << "z:0.1" << true << true << false;
        QTest::addRow("queries and keys, normed") << "pattern:2.2"
                                                  << "z:0.3" << false << true << true;
        QTest::addRow("values, normed, frozen") << "v:2.1"
                                                << "z:1.0" << false << false << true;
    }
    void estimatesAreSlopes()
    {
        QFETCH(QString, receivers);
        QFETCH(QString, sender);
        QFETCH(bool, parallel);
        QFETCH(bool, mlps);
        QFETCH(bool, norms);
        ModelConfig c = config(parallel);
        c.qk_norm = norms ? QkNorm::PerHead : QkNorm::None;
        const auto model = Model::random(c, 17);
        Session session(model, batch(), few_cells_at_once(model));
        PathPatch spec;
        spec.direction = Direction::Noise;
        spec.receivers = parse_ends(receivers.toStdString());
        spec.direct_includes_mlps = mlps;
        const RunResult result = session.run(spec_of(spec), RunObserver());
        const std::vector<Node> senders = parse_nodes(sender.toStdString());
        const Grid &grid = result.grids.front();
        QVERIFY(!grid.estimate.empty());
        const double estimate =
            double(grid.estimate[size_t(senders[0].layer * c.n_heads + senders[0].head)]) * result.baseline.gap();
        const SlowReference reference(model, batch());
        const double share = 1e-4;
        const std::vector<double> forth = reference.path(spec_of(spec), senders, spec.receivers.nodes, share),
                                  back = reference.path(spec_of(spec), senders, spec.receivers.nodes, -share);
        // Prompts differ in sign, so that their mean may be small: what it may be off by goes by their size.
        double slope = 0, squares = 0;
        for (size_t p = 0; p < forth.size(); ++p) {
            const double one = (forth[p] - back[p]) / (2 * share);
            slope += one / double(forth.size());
            squares += one * one / double(forth.size());
        }
        QVERIFY(squares > 0);
        const auto said = QStringLiteral("estimate %1, slope %2, of prompts %3");
        QVERIFY2(std::abs(estimate - slope) < 1e-3 * std::sqrt(squares),
                 qPrintable(said.arg(estimate).arg(slope).arg(std::sqrt(squares))));
    }
};

QTEST_GUILESS_MAIN(TestPathEstimate)
#include "test_path_estimate.moc"
