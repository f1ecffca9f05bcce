// The graph of edges, circuits as sets and their files: what needs no model.
#include "edges/circuit.h"
#include "edges/circuit_file.h"
#include "edges/scores.h"
#include "error_message.h"

#include "base/error.h"
#include "io/array_files.h"
#include "model/config.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <random>

using namespace patchbay;

namespace {

std::vector<float> random_scores(const EdgeGraph &graph, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> scores(graph.cells());
    for (size_t i = 0; i < scores.size(); ++i)
        if (graph.is_edge(graph.edge(i)))
            scores[i] = normal(random);
    return scores;
}

EdgeMask mask(const EdgeGraph &graph, const char *names)
{
    return parse_edges(graph, names);
}

} // namespace

class TestEdges : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void knownModelsHaveTheirEdges()
    {
        const EdgeGraph gpt2(12, 12, false), pythia(12, 12, true), llama(16, 32, false);
        QCOMPARE(gpt2.nodes(), 158);
        QCOMPARE(gpt2.edges(), int64_t(32491));
        QCOMPARE(pythia.edges(), int64_t(32347));
        QCOMPARE(llama.edges(), int64_t(386713));
    }

    void aGuessOfFaithfulnessFollowsThePaths()
    {
        const EdgeGraph graph(2, 2, false);
        std::vector<float> scores(graph.cells());
        const auto score = [&](const char *name, float value) { scores[graph.cell(*graph.find(name))] = value; };
        score("input->m0", -3);
        score("input->a0.h0<v>", -1);
        score("m0->logits", -3);
        score("a0.h0->logits", -1);
        const auto guess = [&](const char *names) {
            return estimated_faithfulness(graph, scores, parse_edges(graph, names));
        };
        QCOMPARE(estimated_faithfulness(graph, scores, graph.real()), 1.0);
        QCOMPARE(guess(""), 0.0);
        QCOMPARE(guess("input->m0,m0->logits"), 0.75);
        QCOMPARE(guess("m0->logits"), 0.0); // nothing arrives at m0
        QCOMPARE(guess("input->m0,m0->logits,input->a0.h0<v>,a0.h0->logits"), 1.0);
        score("a0.h1->m0", -3); // of what m0 reads only a half arrives then
        QCOMPARE(guess("input->m0,m0->logits"), 0.375);
    }

    void indicesAreThoseOfEapIg()
    {
        const EdgeGraph graph(3, 4, false);
        QCOMPARE(graph.writer_name(0), std::string("input"));
        QCOMPARE(graph.writer_name(1 + 2 * 5 + 3), std::string("a2.h3"));
        QCOMPARE(graph.writer_name(1 + 1 * 5 + 4), std::string("m1"));
        QCOMPARE(graph.reader_name(1 * 13 + 4 + 2), std::string("a1.h2<k>"));
        QCOMPARE(graph.reader_name(2 * 13 + 12), std::string("m2"));
        QCOMPARE(graph.reader_name(39), std::string("logits"));
        QVERIFY(graph.find("a1.h0->m1") && graph.find("input->a0.h3<v>") && graph.find("m2->logits"));
        QVERIFY(!EdgeGraph(3, 4, true).find("a1.h0->m1"));
        for (const char *none :
             {"a1.h0->a1.h1<q>", "m1->m1", "a3.h0->logits", "a0.h4->logits", "a0.h01->logits", "logits->m0", "a0.h1",
              "a0.h1->a1.h1<x>", "m0->input", "a-1.h0->logits", "->", "m->m1", "a0.h1<q>->logits", "a0.h1 ->logits"})
            QVERIFY2(!graph.find(none), none);
    }

    void namesAndIndicesAreOneToOne_data()
    {
        QTest::addColumn<int>("layers");
        QTest::addColumn<int>("heads");
        QTest::addColumn<bool>("parallel");
        QTest::addColumn<bool>("mlps");
        QTest::newRow("serial") << 3 << 4 << false << true;
        QTest::newRow("parallel") << 2 << 3 << true << true;
        QTest::newRow("attention only") << 2 << 12 << true << false;
        QTest::newRow("one head") << 1 << 1 << false << true;
    }
    void namesAndIndicesAreOneToOne()
    {
        QFETCH(int, layers);
        QFETCH(int, heads);
        QFETCH(bool, parallel);
        QFETCH(bool, mlps);
        const EdgeGraph graph(layers, heads, parallel, mlps);
        const std::vector<uint8_t> real = graph.real();
        int64_t edges = 0;
        for (size_t i = 0; i < graph.cells(); ++i) {
            const Edge edge = graph.edge(i);
            QCOMPARE(graph.cell(edge), i);
            QCOMPARE(bool(real[i]), graph.is_edge(edge));
            QCOMPARE(graph.find(graph.name(edge)), graph.is_edge(edge) ? std::optional(edge) : std::nullopt);
            edges += real[i];
        }
        QCOMPARE(edges, graph.edges());
        for (int w = 0; w < graph.writers(); ++w)
            QCOMPARE(graph.index(graph.writer(w)), w);
        for (int r = 0; r < graph.readers(); ++r)
            QCOMPARE(graph.index(graph.reader(r)), r);
    }

    void theBestAreChosen()
    {
        const EdgeGraph graph(2, 2, false);
        std::vector<float> scores(graph.cells());
        const auto set = [&](const char *edge, float score) { scores[graph.cell(*graph.find(edge))] = score; };
        set("a1.h0->logits", 3);
        set("input->a1.h0<v>", -5);
        set("input->m0", 4);
        set("m0->logits", 0.5f);
        QCOMPARE(edge_names(graph, top_edges(graph, scores, 2, EdgeOrder::Size)),
                 std::string("input->m0,input->a1.h0<v>"));
        QCOMPARE(edge_names(graph, top_edges(graph, scores, 2, EdgeOrder::Highest)),
                 std::string("input->m0,a1.h0->logits"));
        QCOMPARE(count(edges_above(graph, scores, 3, EdgeOrder::Size)), int64_t(3));
        QCOMPARE(count(edges_above(graph, scores, 3, EdgeOrder::Highest)), int64_t(2));
        // input->m0 leads nowhere yet: the head comes in first, then what it reads.
        QCOMPARE(edge_names(graph, greedy_edges(graph, scores, 2, EdgeOrder::Size)),
                 std::string("input->a1.h0<v>,a1.h0->logits"));
        QCOMPARE(edge_names(graph, greedy_edges(graph, scores, 4, EdgeOrder::Size)),
                 std::string("input->m0,input->a1.h0<v>,m0->logits,a1.h0->logits"));
        QCOMPARE(count(top_edges(graph, scores, 1000, EdgeOrder::Size)), graph.edges());
        QCOMPARE(count(greedy_edges(graph, scores, 1000, EdgeOrder::Size)), graph.edges());
    }

    // Edges that keep the behaviour are those whose change takes the metric from the base run's mean to the other's.
    void signedScoresKeepTheBehaviour()
    {
        const EdgeGraph graph(2, 2, false);
        std::vector<float> scores(graph.cells());
        const auto set = [&](const char *edge, float score) { scores[graph.cell(*graph.find(edge))] = score; };
        set("input->m0", 4);
        set("m0->logits", -3);
        set("a1.h0->logits", -1);
        Baseline falls, grows; // from the clean to the flipped prompts
        falls.clean_mean = grows.flipped_mean = 2;
        QVERIFY(keeping_order(falls) == EdgeOrder::Lowest && keeping_order(grows) == EdgeOrder::Highest);
        QVERIFY(keeping_order(falls, Direction::Denoise) == EdgeOrder::Highest);
        QVERIFY(keeping_order(grows, Direction::Denoise) == EdgeOrder::Lowest);
        QCOMPARE(edge_names(graph, top_edges(graph, scores, 2, keeping_order(falls))),
                 std::string("m0->logits,a1.h0->logits"));
        QCOMPARE(count(edges_above(graph, scores, 2, keeping_order(falls))), int64_t(1));
        // Files of EAP-IG and MIB: the highest.
        for (const EdgeOrder keeping : {keeping_order(falls), keeping_order(grows)}) {
            const std::vector<float> file = of_files(scores, keeping);
            QVERIFY(top_edges(graph, file, 2, EdgeOrder::Highest) == top_edges(graph, scores, 2, keeping));
            QVERIFY(of_files(file, keeping) == scores);
        }
    }

    void whatLeadsNowhereIsPruned()
    {
        const EdgeGraph graph(2, 2, false);
        QCOMPARE(edge_names(graph, pruned(graph, mask(graph, "input->a0.h0<q>,a0.h0->m0,m0->logits,input->a1.h1<k>"))),
                 std::string("input->a0.h0<q>,a0.h0->m0,m0->logits"));
        // Nothing comes in at its upper end, and so nothing comes out below.
        QCOMPARE(count(pruned(graph, mask(graph, "a0.h0->m0,m0->a1.h0<q>,a1.h0->logits"))), int64_t(0));
        QCOMPARE(count(pruned(graph, mask(graph, "input->a0.h0<q>,a0.h0->m0"))), int64_t(0));
        const EdgeMask all = graph.real();
        QVERIFY(pruned(graph, all) == all);
    }

    void circuitsAreSets()
    {
        const EdgeGraph graph(2, 2, true);
        const EdgeMask a = mask(graph, "input->m0, m0->logits"), b = mask(graph, "m0->logits a1.h0->logits");
        QCOMPARE(edge_names(graph, united(a, b)), std::string("input->m0,m0->logits,a1.h0->logits"));
        QCOMPARE(edge_names(graph, intersected(a, b)), std::string("m0->logits"));
        QCOMPARE(edge_names(graph, subtracted(a, b)), std::string("input->m0"));
        QCOMPARE(jaccard(a, b), 1.0 / 3);
        QCOMPARE(count(complement(graph, a)), graph.edges() - 2);
        QVERIFY(nodes_of(graph, a) == (std::vector<int>{0, 3}));
        QCOMPARE(edge_names(graph, without_node(graph, united(a, b), 3)), std::string("a1.h0->logits"));
        const EdgeMask among = edges_among(graph, {{0, 1}, {1, 0}}, false);
        QVERIFY(among[graph.cell(*graph.find("a0.h1->a1.h0<k>"))] && !among[graph.cell(*graph.find("a0.h0->logits"))]);
        QCOMPARE(count(among), int64_t(3 + 6 + 3)); // input → both heads, 0.1 → 1.0, three into the logits
        VERIFY_MESSAGE(parse_edges(graph, "input->m0 a0.h0->m0"), "a0.h0->m0");
    }

    void areasAreThoseOfTrapezoids()
    {
        const std::vector<double> shares(std::begin(usual_shares), std::end(usual_shares));
        std::vector<double> f;
        double under = 0, off = 0;
        for (size_t i = 0; i < shares.size(); ++i) {
            f.push_back(std::sin(3 * double(i)) + 0.8);
            if (i == 0)
                continue;
            under += (shares[i] - shares[i - 1]) * 0.5 * (f[i] + f[i - 1]);
            off += (shares[i] - shares[i - 1]) * 0.5 * (std::abs(1 - f[i]) + std::abs(1 - f[i - 1]));
        }
        QVERIFY(std::abs(cpr(shares, f) - under) < 1e-12 && std::abs(cmd(shares, f) - off) < 1e-12);
        const std::vector<double> ones(shares.size(), 1.0);
        QVERIFY(std::abs(cpr(shares, ones) - 0.999) < 1e-12 && std::abs(cmd(shares, ones)) < 1e-12);
        QCOMPARE(edges_at(EdgeGraph(12, 12, false), 0.001), int64_t(32));
    }

    void ranksAreCorrelated()
    {
        const std::vector<double> a{1, 2, 3, 4, 5}, b{10, 20, 30, 40, 1000}, c{5, 4, 3, 2, 1}, ties{1, 1, 2, 2, 3};
        QCOMPARE(rank_correlation(a, b), 1.0);
        QCOMPARE(rank_correlation(a, c), -1.0);
        QVERIFY(std::abs(rank_correlation(a, ties) - 9 / std::sqrt(90.0)) < 1e-12);
        QVERIFY(std::isnan(rank_correlation(std::vector<double>{1}, std::vector<double>{2})));
        QVERIFY(std::isnan(rank_correlation(a, std::vector<double>{2, std::nan(""), 1, std::nan(""), 0})));
        QVERIFY(std::isnan(rank_correlation(a, std::vector<double>{2, 2, 2, 2, 2})));
    }

    void inclusionIsCertainWherePromptsAgree()
    {
        const EdgeGraph graph(2, 2, false);
        constexpr int prompts = 6;
        std::vector<float> per_prompt(graph.cells() * prompts);
        const auto set = [&](const char *edge, std::vector<float> values) {
            std::copy(values.begin(), values.end(),
                      per_prompt.begin() + std::ptrdiff_t(graph.cell(*graph.find(edge)) * prompts));
        };
        set("input->m0", {9, 9, 9, 9, 9, 9});
        set("m0->logits", {9, 9, 9, 9, 9, 9});
        set("input->m1", {5, 5, 5, 0, 0, 0}); // with m1->logits one or the other, about equally often
        set("m1->logits", {5, 5, 5, 0, 0, 0});
        set("input->a1.h0<v>", {0, 0, 0, 5, 5, 5});
        set("a1.h0->logits", {0, 0, 0, 5, 5, 5});
        const Inclusion in = inclusion(graph, per_prompt, prompts, 4, EdgeOrder::Size, 400);
        QCOMPARE(in.edges[graph.cell(*graph.find("m0->logits"))], 1.f);
        const float one = in.edges[graph.cell(*graph.find("m1->logits"))],
                    other = in.edges[graph.cell(*graph.find("a1.h0->logits"))];
        QVERIFY2(one > 0.3f && one < 0.85f && other > 0.15f && other < 0.7f, qPrintable(QString::number(double(one))));
        QCOMPARE(in.nodes[size_t(graph.index(EdgeWriter{EdgeWriter::Kind::Mlp, 0, -1}))], 1.f);
    }

    void filesComeBack()
    {
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath(QStringLiteral("mine.json")).toStdString();
        for (const bool parallel : {false, true}) {
            ScoredGraph graph;
            graph.graph = EdgeGraph(3, 2, parallel);
            graph.d_model = 64;
            graph.scores = random_scores(graph.graph, 5);
            graph.circuit.kept = pruned(graph.graph, top_edges(graph.graph, graph.scores, 30, EdgeOrder::Size));
            write_scored_graph(file, graph);
            const ScoredGraph again = read_scored_graph(file, graph.graph);
            QVERIFY(again.scores == graph.scores && again.circuit.kept == graph.circuit.kept && again.scored);
            QCOMPARE(again.circuit.name, std::string("mine"));
            QCOMPARE(again.d_model, 64);
            const nlohmann::json json = nlohmann::json::parse(read_file(file));
            QCOMPARE(json.at("cfg").at("parallel_attn_mlp").get<bool>(), parallel);
            QCOMPARE(int64_t(json.at("edges").size()), graph.graph.edges());
            QCOMPARE(int(json.at("nodes").size()), graph.graph.nodes());
        }
        ScoredGraph attention;
        attention.graph = EdgeGraph(2, 2, true, false);
        attention.circuit.kept = attention.graph.real();
        write_scored_graph(file, attention);
        QVERIFY(read_scored_graph(file).graph == attention.graph && !read_scored_graph(file).scored);
        VERIFY_MESSAGE(read_scored_graph(file, EdgeGraph(2, 3, true)), "2 layers of 2 heads without MLPs");
    }

    // As other versions write it: nodes as flags, some edges left out, unknown fields.
    void olderFilesAreRead()
    {
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath(QStringLiteral("old.json")).toStdString();
        write_file(file, R"({"cfg": {"n_layers": 1, "n_heads": 1, "parallel_attn_mlp": false, "more": [1]},
                             "nodes": {"input": true, "a0.h0": true, "m0": false, "logits": true},
                             "edges": {"input->logits": {"score": -0.25, "in_graph": true},
                                       "input->m0": {"score": 2, "in_graph": true}, "a0.h0->logits": true}})");
        const ScoredGraph graph = read_scored_graph(file);
        QCOMPARE(edge_names(graph.graph, graph.circuit.kept), std::string("input->logits,a0.h0->logits"));
        QCOMPARE(graph.scores[graph.graph.cell(*graph.graph.find("input->logits"))], -0.25f);
    }

    void whatIsWrongIsNamed_data()
    {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("expected");
        QTest::newRow("no cfg") << QStringLiteral(R"({"edges": {}})") << QStringLiteral("cfg");
        QTest::newRow("layers") << QStringLiteral(R"({"cfg": {"n_layers": -1, "n_heads": 1}, "edges": {}})")
                                << QStringLiteral("n_layers");
        QTest::newRow("many") << QStringLiteral(R"({"cfg": {"n_layers": 1, "n_heads": 100000}, "edges": {}})")
                              << QStringLiteral("n_heads");
        QTest::newRow("edge") << QStringLiteral(
            R"({"cfg": {"n_layers": 1, "n_heads": 1}, "edges": {"m0->a0.h0<q>": {"score": 1}}})")
                              << QStringLiteral("m0->a0.h0<q>");
        QTest::newRow("node") << QStringLiteral(
            R"({"cfg": {"n_layers": 1, "n_heads": 1}, "nodes": {"a7.h0": true}, "edges": {}})")
                              << QStringLiteral("a7.h0");
        QTest::newRow("score") << QStringLiteral(
            R"({"cfg": {"n_layers": 1, "n_heads": 1}, "edges": {"input->logits": {"score": "1"}}})")
                               << QStringLiteral("score");
        QTest::newRow("text") << QStringLiteral("[") << QStringLiteral("JSON");
        QTest::newRow("list") << QStringLiteral("[]") << QStringLiteral("object");
    }
    void whatIsWrongIsNamed()
    {
        QFETCH(QString, json);
        QFETCH(QString, expected);
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath(QStringLiteral("wrong.json")).toStdString();
        write_file(file, json.toStdString());
        VERIFY_MESSAGE(read_scored_graph(file), expected.toStdString());
        VERIFY_MESSAGE(read_scored_graph(file), "wrong.json");
    }

    void tablesHaveALineForEachEdge()
    {
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath(QStringLiteral("edges.csv")).toStdString();
        const EdgeGraph graph(1, 1, false);
        std::vector<float> scores(graph.cells(), std::nanf(""));
        scores[graph.cell(*graph.find("input->m0"))] = 0.5f;
        const EdgeMask kept = mask(graph, "input->m0,m0->logits");
        write_edge_table(file, graph, {{"score", scores}}, &kept);
        QCOMPARE(read_file(file),
                 std::string("edge,writer,reader,score\ninput->m0,input,m0,0.5\nm0->logits,m0,logits,\n"));
    }
};

QTEST_GUILESS_MAIN(TestEdges)
#include "test_edges.moc"
