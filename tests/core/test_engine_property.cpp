// The fast engine against the definition, on random models, batches and specs: on the processor, and by LibTorch's
// operations, as devices compute.
#include "apart.h"
#include "random_case.h"
#include "slow_reference.h"

#include "analysis/analysis.h"
#include "patching/session.h"

#include <QTest>

using namespace patchbay;
using namespace random_case;

class TestEngineProperty : public QObject {
    Q_OBJECT

private:
    // A model with a batch, its engine, and the reference.
    struct Case {
        std::shared_ptr<const Model> model;
        std::unique_ptr<Session> session;
        std::unique_ptr<SlowReference> reference;
    };
    static void devices()
    {
        QTest::addColumn<QString>("device");
        for (const char *device : {"cpu", "torch-cpu"})
            QTest::newRow(device) << device;
    }
    static Case random_case(Draw &draw, uint64_t seed, const QString &device = QStringLiteral("cpu"))
    {
        const ModelConfig config = random_config(draw);
        const Processing processing = draw.chance(50)
            ? Processing()
            : Processing{draw.chance(50), draw.chance(50), draw.chance(50), draw.chance(50)};
        Case out;
        out.model = Model::random(config, seed, processing);
        const PromptBatch batch = random_batch(draw, config);
        Resources resources;
        resources.device = device.toStdString();
        out.session = std::make_unique<Session>(out.model, batch, resources);
        out.reference = std::make_unique<SlowReference>(out.model, batch);
        return out;
    }

private Q_SLOTS:
    void activationPatching_data() { devices(); }
    void activationPatching()
    {
        QFETCH(QString, device);
        for (uint64_t seed = 1; seed <= 150; ++seed) {
            Draw draw(seed);
            Case c = random_case(draw, seed, device);
            const ModelConfig &config = c.model->config();
            ActPatch spec;
            spec.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
            spec.ablation = draw.of(std::vector<Ablation>{Ablation::None, Ablation::None, Ablation::None,
                                                          Ablation::Zero, Ablation::Resample, Ablation::Mean});
            spec.positions = random_positions(draw, c.session->batch(), true);
            const Node first = random_node(
                draw, config, sites_that(spec.ablation == Ablation::Mean ? &SiteInfo::has_mean : &SiteInfo::swept));
            spec.sites = {first.site};
            const RunResult result = c.session->run(spec_of(spec));
            QVERIFY(result.complete);
            const bool each = spec.positions.kind == Positions::Kind::Each;
            for (int look = 0; look < 3; ++look) {
                const Node node = random_node(draw, config, {first.site});
                const int position = each ? draw.below(c.session->batch().width) : -1;
                const Grid &grid = result.grids.front();
                const int heads = per_head(node.site) ? config.n_heads : 1,
                          places = each ? c.session->batch().width : 1;
                const int cell =
                    (node.layer * places + (each ? position : 0)) * heads + (node.head < 0 ? 0 : node.head);
                const QString wrong = apart(grid.cell(cell), c.reference->patched(spec_of(spec), {node}, position));
                QVERIFY2(wrong.isEmpty(),
                         qPrintable(QStringLiteral("seed %1, %2 at %3: %4")
                                        .arg(seed)
                                        .arg(QString::fromStdString(grid.name), QString::fromStdString(to_string(node)),
                                             wrong)));
            }
        }
    }

    // Attribution patching is the slope of what exact patching does.
    void attribution()
    {
        for (uint64_t seed = 1; seed <= 100; ++seed) {
            Draw draw(seed * 31337);
            Case c = random_case(draw, seed);
            const ModelConfig &config = c.model->config();
            Attribution spec;
            spec.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
            spec.ablation = draw.chance(25) ? Ablation::Zero : Ablation::None;
            spec.positions = random_positions(draw, c.session->batch(), false);
            const Node node = random_node(draw, config, sites_that(&SiteInfo::estimated));
            spec.sites = {node.site};
            const RunResult result = c.session->run(spec_of(spec));
            const Array &effects = result.arrays.at("attribution." + name(node.site) + ".per_prompt");
            const int P = c.session->batch().prompts,
                      cell = node.head < 0 ? node.layer : node.layer * config.n_heads + node.head;
            const QString wrong = apart(std::span(effects.floats()).subspan(size_t(cell * P), size_t(P)),
                                        c.reference->slope(spec_of(spec), node));
            QVERIFY2(
                wrong.isEmpty(),
                qPrintable(
                    QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(to_string(node)), wrong)));
        }
    }

    void baselines_data() { devices(); }
    void baselines()
    {
        QFETCH(QString, device);
        for (uint64_t seed = 1; seed <= 50; ++seed) {
            Draw draw(seed * 6151);
            Case c = random_case(draw, seed, device);
            for (const bool flipped : {false, true}) {
                const QString wrong = apart(flipped ? c.session->baseline().flipped : c.session->baseline().clean,
                                            c.reference->baseline(flipped));
                QVERIFY2(wrong.isEmpty(), qPrintable(QStringLiteral("seed %1: %2").arg(seed).arg(wrong)));
            }
        }
    }

    void jointAblation_data() { devices(); }
    void jointAblation()
    {
        QFETCH(QString, device);
        for (uint64_t seed = 1; seed <= 50; ++seed) {
            Draw draw(seed * 7919);
            Case c = random_case(draw, seed, device);
            ActPatch spec; // what the reference computes of several nodes
            spec.ablation = draw.of(std::vector<Ablation>{Ablation::Zero, Ablation::Mean, Ablation::Resample});
            spec.positions = random_positions(draw, c.session->batch(), false);
            Analysis analysis{"ablate", {}, {{"mode", name(spec.ablation)}, {"positions", to_string(spec.positions)}}};
            std::vector<Node> nodes;
            for (int n = draw.between(1, 4); n > 0; --n) {
                const Node node = random_node(draw, c.model->config(), {Site::Z});
                if (std::find(nodes.begin(), nodes.end(), node) != nodes.end())
                    continue;
                nodes.push_back(node);
                analysis.heads.push_back({node.layer, node.head});
            }
            const QString wrong =
                apart(run_analysis(*c.session, spec_of(analysis)).arrays.at("ablate.logit_diff").floats(),
                      c.reference->patched(spec_of(spec), nodes));
            QVERIFY2(wrong.isEmpty(), qPrintable(QStringLiteral("seed %1: %2").arg(seed).arg(wrong)));
        }
    }

    void pathPatching_data() { devices(); }
    void pathPatching()
    {
        QFETCH(QString, device);
        for (uint64_t seed = 1; seed <= 150; ++seed) {
            Draw draw(seed * 104729);
            Case c = random_case(draw, seed, device);
            const ModelConfig &config = c.model->config();
            const PathPatch spec = random_path(draw, config, c.session->batch());
            const int kind = spec.senders.sweep ? 0 : spec.receivers.sweep ? 1 : 2;
            const RunResult result = c.session->run(spec_of(spec));
            QVERIFY(result.complete);
            for (int look = 0; look < (kind == 2 ? 1 : 3); ++look) {
                std::vector<Node> senders = spec.senders.nodes, receivers = spec.receivers.nodes;
                int cell = 0;
                if (kind != 2) {
                    const Node swept =
                        random_node(draw, config, {kind == 0 ? *spec.senders.sweep : *spec.receivers.sweep});
                    (kind == 0 ? senders : receivers) = {swept};
                    cell = swept.head < 0 ? swept.layer : swept.layer * config.n_heads + swept.head;
                }
                const QString wrong =
                    apart(result.grids.front().cell(cell), c.reference->path(spec_of(spec), senders, receivers));
                QVERIFY2(wrong.isEmpty(),
                         qPrintable(QStringLiteral("seed %1, %2 to %3%4: %5")
                                        .arg(seed)
                                        .arg(QString::fromStdString(to_string(Ends{std::nullopt, senders})),
                                             QString::fromStdString(to_string(Ends{std::nullopt, receivers})),
                                             spec.direct_includes_mlps ? "" : " without MLPs", wrong)));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestEngineProperty)
#include "test_engine_property.moc"
