// Edges and circuits against the golden numbers of the EAP-IG library (DEFINITIONS §1).
#include "golden.h"

#include "analysis/analysis.h"
#include "edges/circuit_run.h"
#include "edges/scores.h"

#include <QTest>

#include <nlohmann/json.hpp>

#include <fstream>

using namespace patchbay;

namespace {

constexpr std::pair<const char *, const char *> methods[] = {{"eap", "EAP"},
                                                             {"eap-ig", "EAP-IG-inputs"},
                                                             {"clean-corrupted", "clean-corrupted"},
                                                             {"eap-ig-activations", "EAP-IG-activations"}};

} // namespace

class TestGoldenEdges : public QObject {
    Q_OBJECT

private:
    struct Case {
        std::unique_ptr<Session> session;
        ArrayMap golden;
    };
    std::map<std::string, Case> m_cases;
    Case &of(const QString &model)
    {
        Case &c = m_cases[model.toStdString()];
        if (!c.session) {
            c.session = std::make_unique<Session>(Model::load({golden::model(model), {}, false}),
                                                  batch_from_arrays(golden::file(model, "batch"), "batch"));
            c.golden = golden::file(model, "edges");
        }
        return c;
    }
    static nlohmann::json about(const QString &model)
    {
        std::ifstream file(golden::fixtures() / "golden" / model.toStdString() / "edges.json");
        return nlohmann::json::parse(file);
    }
    static void models()
    {
        QTest::addColumn<QString>("model");
        for (const char *model : {"neox-3x4", "neox-serial-3x4", "gpt2-4x4", "llama-gqa-4x8"})
            QTest::newRow(model) << model;
    }
    RunResult run(const QString &model, const nlohmann::json &options)
    {
        return run_analysis(*of(model).session, spec_of(Analysis{"edges", {}, options}));
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (golden::absent())
            QSKIP(golden::kAbsent);
    }

    void theGraph_data() { models(); }
    void theGraph()
    {
        QFETCH(QString, model);
        const nlohmann::json json = about(model);
        const EdgeGraph graph(of(model).session->model().config());
        QVERIFY(json.at("forward").get<std::vector<std::string>>() == graph.writer_names());
        QVERIFY(json.at("backward").get<std::vector<std::string>>() == graph.reader_names());
        QCOMPARE(json.at("edges").get<int64_t>(), graph.edges());
        const std::vector<int64_t> &real = of(model).golden.at("real_edges").ints();
        for (size_t i = 0; i < real.size(); ++i)
            QCOMPARE(real[i] != 0, graph.is_edge(graph.edge(i)));
    }

    void scores_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("theirs");
        for (const char *model : {"neox-3x4", "neox-serial-3x4", "gpt2-4x4", "llama-gqa-4x8"})
            for (const auto &[method, theirs] : methods)
                QTest::addRow("%s %s", model, method) << model << method << theirs;
    }
    void scores()
    {
        QFETCH(QString, model);
        QFETCH(QString, method);
        QFETCH(QString, theirs);
        const RunResult result = run(model, {{"method", method.toStdString()}});
        const Array &actual = result.arrays.at("scores." + method.toStdString()),
                    &expected = of(model).golden.at("scores." + theirs.toStdString());
        QCOMPARE(actual.shape, expected.shape);
        double largest = 0;
        for (const float value : expected.floats())
            largest = std::max(largest, std::abs(double(value)));
        const EdgeGraph graph(of(model).session->model().config());
        for (size_t i = 0; i < expected.floats().size(); ++i) {
            const double a = actual.floats()[i], e = expected.floats()[i];
            QVERIFY2(std::abs(a - e) <= 1e-4 * largest,
                     qPrintable(QStringLiteral("%1: %2, expected %3, largest %4")
                                    .arg(QString::fromStdString(graph.name(graph.edge(i))))
                                    .arg(a)
                                    .arg(e)
                                    .arg(largest)));
        }
    }

    void exact_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *model : {"neox-3x4", "neox-serial-3x4", "gpt2-4x4"}) // the others have too many edges
            QTest::newRow(model) << model;
    }
    void exact()
    {
        QFETCH(QString, model);
        const RunResult result = run(model, {{"method", "exact"}, {"all", true}});
        const Grid &grid = *result.grid("edge");
        const Array &index = result.arrays.at("edge.index"), &expected = of(model).golden.at("exact");
        const EdgeGraph graph(of(model).session->model().config());
        QCOMPARE(int64_t(grid.cells()), graph.edges());
        const size_t prompts = size_t(grid.prompts);
        for (int i = 0; i < grid.cells(); ++i) {
            QVERIFY(grid.state[size_t(i)] == CellState::Exact);
            const Edge edge{int(index.ints()[size_t(2 * i)]), int(index.ints()[size_t(2 * i + 1)])};
            for (size_t p = 0; p < prompts; ++p) {
                const double a = grid.cell(i)[p], e = expected.floats()[graph.cell(edge) * prompts + p];
                QVERIFY2(std::abs(a - e) <= 1e-4 * std::abs(result.baseline.gap()),
                         qPrintable(QStringLiteral("%1: %2, expected %3")
                                        .arg(QString::fromStdString(graph.name(edge)))
                                        .arg(a)
                                        .arg(e)));
            }
        }
    }

    // Those that were chosen by the scores, and what they do.
    void circuits_data() { models(); }
    void circuits()
    {
        QFETCH(QString, model);
        Case &c = of(model);
        const EdgeGraph graph(c.session->model().config());
        const nlohmann::json circuits = about(model).at("circuits");
        const double gap = std::abs(c.session->baseline().gap());
        QVERIFY(!circuits.empty());
        for (const auto &[name, entry] : circuits.items()) { // "EAP.top12.patching"
            const QStringList parts = QString::fromStdString(name).split(QLatin1Char('.'));
            const std::string key = (parts[0] + QLatin1Char('.') + parts[1]).toStdString();
            const std::vector<int64_t> &expected = c.golden.at("circuit." + key).ints();
            const EdgeMask kept = pruned(graph,
                                         top_edges(graph, c.golden.at("scores." + parts[0].toStdString()).floats(),
                                                   entry.at("asked").get<int64_t>(), EdgeOrder::Size));
            QCOMPARE(count(kept), entry.at("kept_edges").get<int64_t>());
            for (size_t i = 0; i < expected.size(); ++i)
                QVERIFY2(kept[i] == uint8_t(expected[i]), (name + " " + graph.name(graph.edge(i))).c_str());
            const EdgeReplacement replacement = parse_edge_replacement(parts[2].toStdString());
            const std::vector<float> values = run_circuits(*c.session, {kept}, replacement, Metric::LogitDiff).front();
            const std::vector<float> &wanted = c.golden.at("evaluate." + name).floats();
            for (size_t p = 0; p < wanted.size(); ++p)
                QVERIFY2(std::abs(double(values[p]) - double(wanted[p])) <= 1e-4 * gap,
                         qPrintable(QStringLiteral("%1, prompt %2: %3, expected %4")
                                        .arg(QString::fromStdString(name))
                                        .arg(p)
                                        .arg(double(values[p]))
                                        .arg(double(wanted[p]))));
            // The library's faithfulness is of the patching baseline, whatever the circuit is run with.
            const CircuitScale scale = circuit_scale(*c.session, EdgeReplacement::Patching, Metric::LogitDiff);
            QVERIFY(std::abs(scale.faithfulness(values) - entry.at("faithfulness").get<double>()) < 1e-3);
        }
    }

    void circuitsOfTheAnalysis_data() { models(); }
    void circuitsOfTheAnalysis()
    {
        QFETCH(QString, model);
        Case &c = of(model);
        const EdgeGraph graph(c.session->model().config());
        const nlohmann::json circuits = about(model).at("circuits");
        const auto first = circuits.begin();
        const std::string name = first.key(), key = name.substr(0, name.rfind('.'));
        QVERIFY(key.starts_with("EAP-IG-inputs"));
        const RunResult result = run_analysis(
            *c.session,
            spec_of(Analysis{
                "circuit", {}, {{"count", first.value().at("asked")}, {"ablate", name.substr(name.rfind('.') + 1)}}}));
        QVERIFY(result.arrays.at("circuit").ints() == c.golden.at("circuit." + key).ints());
        QVERIFY(
            std::abs(result.summary.at("faithfulness").get<double>() - first.value().at("faithfulness").get<double>())
            < 1e-3);
    }
};

QTEST_GUILESS_MAIN(TestGoldenEdges)
#include "test_golden_edges.moc"
