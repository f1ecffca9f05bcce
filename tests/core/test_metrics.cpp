// Metrics: the definition over plain logits, and every method with every metric against the slow reference.
#include "apart.h"
#include "random_case.h"
#include "slow_reference.h"
#include "small_case.h"

#include "base/error.h"
#include "patching/session.h"

#include <QTemporaryDir>
#include <QTest>

using namespace patchbay;
using namespace patchbay::testing;
using namespace random_case;

namespace {

/// Two or three right answers and up to three wrong ones for each prompt, the batch's own among them.
void give_sets(Draw &draw, PromptBatch &batch, int vocabulary)
{
    for (int p = 0; p < batch.prompts; ++p) {
        std::vector<int64_t> right{batch.io[size_t(p)]}, wrong{batch.s[size_t(p)]};
        const auto add = [&](std::vector<int64_t> &to, int count) {
            while (int(to.size()) < count) {
                const int64_t token = draw.below(vocabulary);
                const auto in = [&](const std::vector<int64_t> &list) {
                    return std::find(list.begin(), list.end(), token) != list.end();
                };
                if (!in(right) && !in(wrong))
                    to.push_back(token);
            }
        };
        add(right, draw.between(2, 3));
        add(wrong, draw.between(1, 3));
        batch.answers.push_back(right);
        batch.wrongs.push_back(wrong);
    }
}

struct Case {
    Case(uint64_t seed, Draw &draw)
    {
        const ModelConfig config = random_config(draw);
        model = Model::random(config, seed);
        PromptBatch batch = random_batch(draw, config);
        if (draw.chance(50))
            give_sets(draw, batch, config.d_vocab);
        Resources resources;
        if (draw.chance(30))
            resources.memory_budget = 1; // a group for each prompt
        session = std::make_unique<Session>(model, batch, resources);
        reference = std::make_unique<SlowReference>(model, batch);
    }
    std::shared_ptr<const Model> model;
    std::unique_ptr<Session> session;
    std::unique_ptr<SlowReference> reference;
};

RunSpec with_metric(RunSpec spec, Metric metric)
{
    spec.metric = info(metric).name;
    return spec;
}

} // namespace

class TestMetrics : public QObject {
    Q_OBJECT

    static void each_metric()
    {
        QTest::addColumn<int>("metric");
        for (const MetricInfo &one : metrics())
            QTest::newRow(one.name) << int(one.metric);
    }

private Q_SLOTS:
    // By hand: four tokens with probabilities 0.1, 0.2, 0.3, 0.4.
    void definitions()
    {
        const std::vector<double> logits{std::log(1.0), std::log(2.0), std::log(3.0), std::log(4.0)}, even{7, 7, 7, 7};
        const std::vector<int64_t> first{0}, last{3}, low{0, 1}, high{2, 3};
        const auto is = [](double value, double wanted) { return std::abs(value - wanted) < 1e-12; };
        QVERIFY(is(metric_of_logits(Metric::LogitDiff, logits, last, first), std::log(4.0)));
        QVERIFY(is(metric_of_logits(Metric::LogitDiff, logits, high, low), std::log(12.0) / 2 - std::log(2.0) / 2));
        QVERIFY(is(metric_of_logits(Metric::ProbDiff, logits, high, low), 0.4));
        QVERIFY(is(metric_of_logits(Metric::LogProb, logits, high, low), std::log(0.7)));
        QVERIFY(is(metric_of_logits(Metric::Loss, logits, high, low), -std::log(0.7)));
        QCOMPARE(metric_of_logits(Metric::Rank, logits, first, last), 3.0);
        QCOMPARE(metric_of_logits(Metric::Rank, logits, low, last), 2.0);
        QCOMPARE(metric_of_logits(Metric::Rank, logits, last, first), 0.0);
        QVERIFY(is(metric_of_logits(Metric::Kl, logits, last, first, logits), 0));
        double divergence = 0;
        for (const double p : {0.1, 0.2, 0.3, 0.4})
            divergence += 0.25 * std::log(0.25 / p);
        QVERIFY(is(metric_of_logits(Metric::Kl, logits, last, first, even), divergence));
    }

    void namesAreChecked()
    {
        for (const MetricInfo &one : metrics())
            QCOMPARE(&info(one.metric), &one);
        RunSpec spec;
        spec.metric = "logitdiff";
        Session session(Model::random(small_config(), 1), small_batch());
        try {
            session.run(spec);
            QFAIL("took an unknown metric");
        } catch (const Error &error) {
            QVERIFY(QString::fromUtf8(error.what()).contains(QStringLiteral("one of logit_diff, prob_diff")));
        }
    }

    void baselines_data() { each_metric(); }
    void baselines()
    {
        QFETCH(int, metric);
        for (uint64_t seed = 1; seed <= 40; ++seed) {
            Draw draw(seed * 6151);
            Case c(seed, draw);
            const Baseline &baseline = c.session->baseline(Metric(metric));
            for (const bool flipped : {false, true}) {
                const QString wrong =
                    apart(flipped ? baseline.flipped : baseline.clean, c.reference->baseline(flipped, Metric(metric)));
                QVERIFY2(wrong.isEmpty(), qPrintable(QStringLiteral("seed %1: %2").arg(seed).arg(wrong)));
            }
            // Accuracy is of the logit difference, whatever is measured.
            QCOMPARE(baseline.accuracy_clean, c.session->baseline().accuracy_clean);
        }
    }

    void activationPatching_data() { each_metric(); }
    void activationPatching()
    {
        QFETCH(int, metric);
        for (uint64_t seed = 1; seed <= 25; ++seed) {
            Draw draw(seed * 977);
            Case c(seed, draw);
            ActPatch sweep;
            sweep.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
            sweep.ablation =
                draw.of(std::vector<Ablation>{Ablation::None, Ablation::None, Ablation::Zero, Ablation::Mean});
            const Node node =
                random_node(draw, c.model->config(),
                            sites_that(sweep.ablation == Ablation::Mean ? &SiteInfo::has_mean : &SiteInfo::swept));
            sweep.sites = {node.site};
            const RunSpec spec = with_metric(spec_of(sweep), Metric(metric));
            const RunResult result = c.session->run(spec);
            QVERIFY(result.complete);
            const Grid &grid = result.grids.front();
            const int cell = node.head < 0 ? node.layer : node.layer * c.model->config().n_heads + node.head;
            const QString wrong = apart(grid.cell(cell), c.reference->patched(spec, {node}));
            QVERIFY2(
                wrong.isEmpty(),
                qPrintable(
                    QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(to_string(node)), wrong)));
            QCOMPARE(result.baseline.metric, Metric(metric));
            QCOMPARE(effect_unit(result.baseline).share,
                     info(Metric(metric)).shares && !result.baseline.vanishes(result.baseline.gap()));
        }
    }

    void pathPatching_data() { each_metric(); }
    void pathPatching()
    {
        QFETCH(int, metric);
        for (uint64_t seed = 1; seed <= 25; ++seed) {
            Draw draw(seed * 1409);
            Case c(seed, draw);
            PathPatch path = random_path(draw, c.model->config(), c.session->batch());
            path.senders = {};
            path.senders.nodes = {random_node(draw, c.model->config(), {Site::Z})};
            if (path.receivers.sweep) {
                path.receivers = {};
                path.receivers.nodes = {random_node(draw, c.model->config(), {Site::Q, Site::V, Site::ResidPost})};
            }
            const RunSpec spec = with_metric(spec_of(path), Metric(metric));
            const RunResult result = c.session->run(spec);
            const QString wrong =
                apart(result.grids.front().cell(0), c.reference->path(spec, path.senders.nodes, path.receivers.nodes));
            QVERIFY2(wrong.isEmpty(),
                     qPrintable(
                         QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(title(spec)), wrong)));
        }
    }

    // The gradient is the slope of what exact patching does.
    void attribution_data() { each_metric(); }
    void attribution()
    {
        QFETCH(int, metric);
        for (uint64_t seed = 1; seed <= 25; ++seed) {
            Draw draw(seed * 31337);
            Case c(seed, draw);
            Attribution estimate;
            estimate.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
            const Node node = random_node(draw, c.model->config(), sites_that(&SiteInfo::estimated));
            estimate.sites = {node.site};
            const RunSpec spec = with_metric(spec_of(estimate), Metric(metric));
            if (!info(Metric(metric)).slope
                || (Metric(metric) == Metric::Kl && estimate.direction == Direction::Noise)) {
                QVERIFY_EXCEPTION_THROWN(c.session->run(spec), Error);
                continue;
            }
            const RunResult result = c.session->run(spec);
            const Array &effects = result.arrays.at("attribution." + name(node.site) + ".per_prompt");
            const int P = c.session->batch().prompts,
                      cell = node.head < 0 ? node.layer : node.layer * c.model->config().n_heads + node.head;
            const QString wrong =
                apart(std::span(effects.floats()).subspan(size_t(cell * P), size_t(P)), c.reference->slope(spec, node));
            QVERIFY2(
                wrong.isEmpty(),
                qPrintable(
                    QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(to_string(node)), wrong)));
        }
    }

    // More tokens than are read at once, more rows than one block has, and a soft cap.
    void largeVocabularies_data() { each_metric(); }
    void largeVocabularies()
    {
        QFETCH(int, metric);
        ModelConfig config = small_config(2, 2, 8, 9000);
        config.logit_cap = 3;
        const auto model = Model::random(config, 5);
        const PromptBatch batch = small_batch(90, 8, 9000);
        Session session(model, batch);
        const SlowReference reference(model, batch);
        ActPatch sweep;
        const RunSpec spec = with_metric(spec_of(sweep), Metric(metric));
        const RunResult result = session.run(spec);
        for (const int cell : {0, 3}) {
            const QString wrong =
                apart(result.grids.front().cell(cell), reference.patched(spec, {{Site::Z, cell / 2, cell % 2}}));
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        }
    }

    // Two metrics on one session do not disturb one another, and a file says which one it holds.
    void metricsTakeTurns()
    {
        Session session(Model::random(small_config(), 3), small_batch());
        const RunSpec diff = spec_of(ActPatch()), kl = with_metric(diff, Metric::Kl);
        const RunResult first = session.run(diff), divergence = session.run(kl), again = session.run(diff);
        QVERIFY(first.grids[0].per_prompt == again.grids[0].per_prompt);
        QVERIFY(first.grids[0].per_prompt != divergence.grids[0].per_prompt);
        for (const float clean : divergence.baseline.clean)
            QVERIFY(clean >= 0 && clean < 1e-5f);
        QCOMPARE(effect_unit(divergence.baseline).symbol, std::string("nats"));
        QVERIFY(title(kl).ends_with(": KL divergence from the clean run"));
        QTemporaryDir folder;
        const std::string file = folder.filePath(QStringLiteral("kl.safetensors")).toStdString();
        save_result(file, divergence);
        const RunResult read = load_result(file);
        QCOMPARE(read.baseline.metric, Metric::Kl);
        QCOMPARE(normalised(read.grids[0], 0, read.baseline), normalised(divergence.grids[0], 0, divergence.baseline));
    }
};

QTEST_GUILESS_MAIN(TestMetrics)
#include "test_metrics.moc"
