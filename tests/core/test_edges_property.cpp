// Edges and circuits of the engine against their definition, on random models, batches and choices.
#include "apart.h"
#include "random_case.h"
#include "slow_edges.h"

#include "analysis/analysis.h"
#include "edges/circuit_run.h"
#include "edges/scores.h"

#include <QTest>

using namespace patchbay;
using namespace random_case;

class TestEdgesProperty : public QObject {
    Q_OBJECT

private:
    struct Case {
        std::shared_ptr<const Model> model;
        PromptBatch batch;
        std::unique_ptr<Session> session;
        std::unique_ptr<SlowEdges> reference;
        EdgeGraph graph;
    };
    static Case random_case(Draw &draw, uint64_t seed, const Resources &resources = {})
    {
        const ModelConfig config = random_config(draw);
        Case out;
        out.model = Model::random(config, seed, draw.chance(50) ? Processing() : Processing::none());
        out.batch = random_batch(draw, config);
        out.session = std::make_unique<Session>(out.model, out.batch, resources);
        out.reference = std::make_unique<SlowEdges>(out.model, out.batch);
        out.graph = EdgeGraph(config);
        return out;
    }
    static Edge random_edge(Draw &draw, const EdgeGraph &graph)
    {
        const int reader = draw.below(graph.readers());
        return {draw.below(graph.sources(reader)), reader};
    }
    static EdgeReplacement random_replacement(Draw &draw)
    {
        return draw.of(std::vector<EdgeReplacement>{EdgeReplacement::Patching, EdgeReplacement::Patching,
                                                    EdgeReplacement::Zero, EdgeReplacement::Mean,
                                                    EdgeReplacement::MeanPositional});
    }
    static std::string say(const Case &c, uint64_t seed, Edge edge, EdgeReplacement replacement, const QString &wrong)
    {
        return "seed " + std::to_string(seed) + ", " + c.graph.name(edge) + " " + name(replacement) + ": "
            + wrong.toStdString();
    }
    static double largest(const std::vector<float> &values)
    {
        double most = 0;
        for (const float value : values)
            most = std::max(most, std::abs(double(value)));
        return most;
    }

private Q_SLOTS:
    // EAP is the slope of what the exact value of an edge does on its way to the replacement.
    void estimatesAreSlopes()
    {
        for (uint64_t seed = 1; seed <= 80; ++seed) {
            Draw draw(seed * 15485863);
            Case c = random_case(draw, seed);
            EdgeEstimate what;
            what.method = EdgeMethod::Eap;
            what.replacement = random_replacement(draw);
            what.metric = draw.of(std::vector<Metric>{Metric::LogitDiff, Metric::LogProb, Metric::ProbDiff});
            if (what.replacement == EdgeReplacement::Patching && draw.chance(50))
                what.direction = Direction::Denoise;
            const EdgeScores scores = edge_scores(*c.session, what);
            const size_t P = size_t(c.batch.prompts);
            QCOMPARE(scores.per_prompt.size(), c.graph.cells() * P);
            for (int look = 0; look < 4; ++look) {
                const Edge edge = random_edge(draw, c.graph);
                constexpr double step = 1e-5;
                const bool flipped = what.direction == Direction::Denoise;
                std::vector<double> slope =
                    c.reference->edge(edge, flipped, what.replacement, what.metric, step);
                const std::vector<double> back =
                    c.reference->edge(edge, flipped, what.replacement, what.metric, -step);
                for (size_t p = 0; p < P; ++p)
                    slope[p] = (slope[p] - back[p]) / (2 * step);
                const QString wrong =
                    apart(std::span(scores.per_prompt).subspan(c.graph.cell(edge) * P, P), slope);
                QVERIFY2(wrong.isEmpty(), say(c, seed, edge, what.replacement, wrong).c_str());
            }
            for (size_t i = 0; i < c.graph.cells(); ++i)
                QVERIFY(c.graph.is_edge(c.graph.edge(i)) || scores.mean[i] == 0);
        }
    }

    void exactValues()
    {
        for (uint64_t seed = 1; seed <= 60; ++seed) {
            Draw draw(seed * 32452843);
            Case c = random_case(draw, seed);
            const EdgeReplacement replacement = random_replacement(draw);
            const bool flipped = replacement == EdgeReplacement::Patching && draw.chance(50);
            RunSpec spec = spec_of(Analysis{"edges",
                                            {},
                                            {{"method", "exact"},
                                             {"all", true},
                                             {"ablate", name(replacement)},
                                             {"direction", flipped ? "denoise" : "noise"}}});
            const Metric metric =
                draw.of(std::vector<Metric>{Metric::LogitDiff, Metric::LogProb, Metric::Kl, Metric::Rank});
            spec.metric = info(metric).name;
            if (metric == Metric::Rank) // it jumps, where rounding decides
                continue;
            const RunResult result = run_analysis(*c.session, spec);
            QVERIFY(result.complete);
            const Grid &grid = *result.grid("edge");
            QCOMPARE(int64_t(grid.cells()), c.graph.edges());
            for (int look = 0; look < 5; ++look) {
                const int cell = draw.below(grid.cells());
                const std::vector<int64_t> &index = result.arrays.at("edge.index").ints();
                const Edge edge{int(index[size_t(2 * cell)]), int(index[size_t(2 * cell + 1)])};
                QVERIFY(grid.state[size_t(cell)] == CellState::Exact);
                const QString wrong =
                    apart(grid.cell(cell), c.reference->edge(edge, flipped, replacement, metric));
                QVERIFY2(wrong.isEmpty(), say(c, seed, edge, replacement, wrong).c_str());
            }
        }
    }

    void circuits()
    {
        for (uint64_t seed = 1; seed <= 60; ++seed) {
            Draw draw(seed * 49979687);
            Resources resources;
            if (draw.chance(30))
                resources.memory_budget = 1; // a prompt at a time
            Case c = random_case(draw, seed, resources);
            const EdgeReplacement replacement = random_replacement(draw);
            const Metric metric = draw.of(std::vector<Metric>{Metric::LogitDiff, Metric::Kl, Metric::Loss});
            std::vector<EdgeMask> masks;
            for (int n = 0; n < 2; ++n) {
                masks.push_back(c.graph.real());
                const int share = draw.between(0, 100);
                for (uint8_t &kept : masks.back())
                    kept = kept && draw.chance(share);
            }
            const std::vector<std::vector<float>> values = run_circuits(*c.session, masks, replacement, metric);
            for (size_t n = 0; n < masks.size(); ++n) {
                const QString wrong = apart(values[n], c.reference->circuit(masks[n], replacement, metric));
                QVERIFY2(wrong.isEmpty(),
                         qPrintable(QStringLiteral("seed %1, %2: %3")
                                        .arg(seed)
                                        .arg(QString::fromStdString(name(replacement)), wrong)));
            }
        }
    }

    void allEdgesAndNone()
    {
        for (uint64_t seed = 1; seed <= 30; ++seed) {
            Draw draw(seed * 67867967);
            Case c = random_case(draw, seed);
            const std::vector<std::vector<float>> values =
                run_circuits(*c.session, {c.graph.real(), EdgeMask(c.graph.cells())}, EdgeReplacement::Patching,
                             Metric::LogitDiff);
            for (const bool flipped : {false, true}) {
                const QString wrong = apart(values[flipped], c.reference->baseline(flipped));
                QVERIFY2(wrong.isEmpty(), qPrintable(QStringLiteral("seed %1: %2").arg(seed).arg(wrong)));
            }
        }
    }

    // A writer's edges together are what it does: attribution patching of its output.
    void edgesOfAWriterAreItsNode()
    {
        for (uint64_t seed = 1; seed <= 60; ++seed) {
            Draw draw(seed * 86028121);
            Case c = random_case(draw, seed);
            EdgeEstimate what;
            what.method = EdgeMethod::Eap;
            what.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
            const EdgeScores scores = edge_scores(*c.session, what);
            Attribution nodes;
            nodes.direction = what.direction;
            nodes.sites = {Site::Z};
            if (c.graph.mlps())
                nodes.sites.push_back(Site::MlpOut);
            const RunResult result = c.session->run(spec_of(nodes));
            double most = largest(scores.mean);
            std::vector<double> sums(size_t(c.graph.writers()));
            for (int w = 1; w < c.graph.writers(); ++w) {
                for (int r = 0; r < c.graph.readers(); ++r)
                    sums[size_t(w)] += double(scores.mean[c.graph.cell({w, r})]);
                most = std::max(most, std::abs(sums[size_t(w)]));
            }
            for (int w = 1; w < c.graph.writers(); ++w) {
                const EdgeWriter writer = c.graph.writer(w);
                const double node = writer.kind == EdgeWriter::Kind::Head
                    ? result.arrays.at("attribution.z").floats()[size_t(writer.layer * c.graph.heads() + writer.head)]
                    : result.arrays.at("attribution.mlp_out").floats()[size_t(writer.layer)];
                QVERIFY2(std::abs(sums[size_t(w)] - node) <= 1e-5 * std::max(most, 1e-3),
                         qPrintable(QStringLiteral("seed %1, %2: edges %3, node %4")
                                        .arg(seed)
                                        .arg(QString::fromStdString(c.graph.writer_name(w)))
                                        .arg(sums[size_t(w)])
                                        .arg(node)));
            }
        }
    }

    // Whatever the groups of prompts are; and where there is no room for each prompt's scores, only what is of all.
    void groupsGiveTheSame()
    {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            Resources small;
            small.memory_budget = 1;
            Draw draw(seed), again(seed);
            Case c = random_case(draw, seed), split = random_case(again, seed, small);
            for (const EdgeMethod method :
                 {EdgeMethod::Eap, EdgeMethod::EapIg, EdgeMethod::CleanCorrupted, EdgeMethod::EapIgActivations}) {
                EdgeEstimate what;
                what.method = method;
                what.steps = 2;
                what.direction = seed % 2 ? Direction::Noise : Direction::Denoise;
                const EdgeScores one = edge_scores(*c.session, what), other = edge_scores(*split.session, what);
                QVERIFY(!one.per_prompt.empty() && other.per_prompt.empty());
                const double most = largest(one.mean);
                for (size_t i = 0; i < one.mean.size(); ++i) {
                    QVERIFY(std::abs(double(one.mean[i]) - double(other.mean[i])) <= 1e-4 * std::max(most, 1e-3));
                    if (c.batch.prompts < 2)
                        continue;
                    double mean = 0, squares = 0;
                    const size_t P = size_t(c.batch.prompts);
                    for (size_t p = 0; p < P; ++p)
                        mean += double(one.per_prompt[i * P + p]) / double(P);
                    for (size_t p = 0; p < P; ++p)
                        squares += std::pow(double(one.per_prompt[i * P + p]) - mean, 2);
                    const double error = std::sqrt(squares / double(P - 1) / double(P));
                    QVERIFY(std::abs(double(one.standard_error[i]) - error) <= 1e-4 * (error + most));
                }
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestEdgesProperty)
#include "test_edges_property.moc"
