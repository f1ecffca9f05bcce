// RunSpec: names and parsers, JSON both ways, the cache key, titles and captions.
#include "base/error.h"
#include "patching/run_spec.h"

#include <QTest>

using namespace patchbay;
using nlohmann::json;

namespace {

template <class Call> QString message_of(Call call)
{
    try {
        call();
    } catch (const Error &error) {
        return QString::fromStdString(error.what());
    }
    return {};
}

RunSpec round_trip(const RunSpec &spec)
{
    return run_spec_from_json(json::parse(to_json(spec).dump()));
}

} // namespace

class TestRunSpec : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void site_names_round_trip()
    {
        for (const char *text : {"z", "q", "k", "v", "pattern", "result", "attn_out", "mlp_out", "resid_pre", "resid_mid", "resid_post",
                                 "q_input", "k_input", "v_input", "mlp_pre"})
            QCOMPARE(name(parse_site(text)), std::string(text));
        QVERIFY(parse_site("pre") == Site::MlpPre);
        QVERIFY(parse_site(" z ") == Site::Z);
        QVERIFY(per_head(Site::VInput) && per_head(Site::Result) && !per_head(Site::AttnOut) && !per_head(Site::MlpPre));
        QVERIFY(message_of([] { parse_site("zz"); }).contains("zz: is not a site; one of z, q, k"));
    }

    void nodes_accept_every_spelling_of_a_head()
    {
        const std::vector<Node> expected{{Site::Q, 8, 1}, {Site::Z, 0, 3}, {Site::ResidPost, 11, -1}, {Site::MlpOut, 1, -1}};
        QVERIFY(parse_nodes("q:8.1,z:(0,3),resid_post:11,mlp_out:1") == expected);
        QVERIFY(parse_nodes(" q:L8H1 , z:a0.h3, resid_post: 11 ,mlp_out:1") == expected);
        QVERIFY(parse_nodes("q:8.1,9.4") == (std::vector<Node>{{Site::Q, 8, 1}, {Site::Q, 9, 4}}));
        for (const Node &node : expected)
            QVERIFY(parse_nodes(to_string(node)) == std::vector<Node>{node});
        QCOMPARE(parse_nodes("q:8.1,q:8.1").size(), size_t(1));
    }

    void wrong_nodes_say_why_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("message");
        QTest::newRow("layer for a head site") << "q:8" << "q belongs to a head; write q:8.0";
        QTest::newRow("head for a layer site") << "mlp_out:1.2" << "mlp_out belongs to a whole layer";
        QTest::newRow("no site") << "8.1" << "neither a site to sweep";
        QTest::newRow("no place") << "q:" << "is not a list of nodes";
        QTest::newRow("trailing comma") << "q:8.1," << "is not a list of nodes";
        QTest::newRow("no site known") << "w:8.1" << "is not a site";
        QTest::newRow("overflow") << "mlp_out:99999999999" << "belongs to a whole layer";
        QTest::newRow("empty") << "" << "neither a site to sweep";
    }
    void wrong_nodes_say_why()
    {
        QFETCH(QString, text);
        QFETCH(QString, message);
        const QString got = message_of([&] { parse_ends(text.toStdString()); });
        QVERIFY2(got.contains(message), qPrintable(got));
    }

    void ends_are_a_sweep_or_a_list()
    {
        QVERIFY(parse_ends("mlp_out") == (Ends{Site::MlpOut, {}}));
        QVERIFY(parse_ends("q:1.2") == (Ends{std::nullopt, {{Site::Q, 1, 2}}}));
        QCOMPARE(to_string(parse_ends("q:8.1, pattern:L9H4,resid_post:11")), std::string("q:8.1,pattern:9.4,resid_post:11"));
        QCOMPARE(to_string(parse_ends("k")), std::string("k"));
    }

    void positions_read_and_written()
    {
        for (const char *text : {"all", "each", "end", "io", "s1", "s2", "3,4,7", "0"})
            QCOMPARE(to_string(parse_positions(text)), std::string(text));
        QVERIFY(parse_positions("s2_pos").kind == Positions::Kind::S2);
        for (const char *text : {"", "-1", "3,,4", "3.5", "last", "9999999"})
            QVERIFY2(message_of([&] { parse_positions(text); }).contains("is not a choice of positions"), text);
    }

    void every_method_survives_json()
    {
        RunSpec path;
        path.method = Method::PathPatch;
        path.direction = Direction::Noise;
        path.model = {"models/pythia-160m", "ab12", {true, true, false, true}};
        path.senders = parse_ends("z:0.3,mlp_out:1,z:2.1");
        path.receivers = parse_ends("q:8.1,q:9.4,pattern:9.4,mlp_pre:10,resid_post:11");
        path.positions = parse_positions("3,4");
        path.direct_includes_mlps = false;
        path.ablation = Ablation::Zero;
        QVERIFY(round_trip(path) == path);

        RunSpec act;
        act.sites = {Site::Z, Site::K, Site::MlpOut};
        act.shared_kv = true;
        act.heads = {{1, 2}, {0, 0}};
        act.positions.kind = Positions::Kind::Each;
        act.task = {"pairs", 12, 7, "ABBA", "x", "pairs.jsonl", {3, 1}, json::parse(R"([{"clean": "a", "flipped": "b"}])")};
        QVERIFY(round_trip(act) == act);

        RunSpec ablate;
        ablate.method = Method::Ablate;
        ablate.ablation = Ablation::Mean;
        ablate.heads = {{9, 6}};
        QVERIFY(round_trip(ablate) == ablate);

        RunSpec attribution;
        attribution.method = Method::Attribution;
        attribution.sites = {Site::Q};
        attribution.direction = Direction::Noise;
        attribution.task.kind = "batch";
        attribution.task.file = "batch.safetensors";
        QVERIFY(round_trip(attribution) == attribution);

        RunSpec analysis;
        analysis.method = Method::Analysis;
        analysis.analysis = "s2i";
        analysis.heads = {{8, 1}};
        analysis.options = {{"name_movers", {"9.4"}}};
        QVERIFY(round_trip(analysis) == analysis);
    }

    void json_is_as_documented()
    {
        const RunSpec spec = run_spec_from_json(json::parse(R"({
            "version": 1, "method": "path_patch",
            "model": {"path": "pythia-160m", "sha256": "cd", "processing": ["fold_ln", "center_writing", "center_unembed", "fold_value_biases"]},
            "task": {"kind": "ioi", "prompts": 70, "seed": 42, "type": "mixed", "flip": "ABB->ABA, BAB->BAA"},
            "direction": "noise", "metric": "logit_diff",
            "senders": {"sweep": "z"}, "receivers": [{"site": "q", "heads": ["8.1", "9.4"]}], "positions": "all", "direct_includes_mlps": true})"));
        QVERIFY(spec.senders == (Ends{Site::Z, {}}));
        QVERIFY(spec.receivers == parse_ends("q:8.1,q:9.4"));
        const std::string text = to_json(spec).dump();
        QVERIFY2(text.find(R"("senders":{"sweep":"z"},"receivers":[{"site":"q","heads":["8.1","9.4"]}])") != std::string::npos, text.c_str());
        QVERIFY2(text.starts_with(R"({"version":1,"method":"path_patch","model":{"path":"pythia-160m","sha256":"cd","processing":["fold_ln")"),
                 text.c_str());
        QVERIFY2(text.find("sites") == std::string::npos, text.c_str());
    }

    void wrong_json_names_the_field_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("message");
        const auto row = [](const char *tag, const char *text, const char *message) {
            QTest::newRow(tag) << QString(text) << QString(message);
        };
        row("not an object", "[]", "run spec: must be an object");
        row("no method", R"({"version": 1})", "run spec, method: is missing");
        row("later version", R"({"version": 2, "method": "fly"})", "run spec, version: is 2, this program reads version 1");
        row("unknown method", R"({"method": "fly"})", "run spec, method: \"fly\" is not a method");
        row("unknown field", R"({"method": "act_patch", "site": "z"})", "run spec, site: is not a field");
        row("task field", R"({"method": "act_patch", "task": {"prompt": 3}})", "run spec, task.prompt: is not a field");
        row("task number", R"({"method": "act_patch", "task": {"prompts": "many"}})", "run spec, task.prompts: must be a whole number");
        row("negative", R"({"method": "act_patch", "task": {"prompts": -3}})", "run spec, task.prompts: must be a whole number from 0");
        row("kind", R"({"method": "act_patch", "task": {"kind": "sudoku"}})", "run spec, task.kind: \"sudoku\" is not a kind");
        row("site", R"({"method": "act_patch", "sites": ["y"]})", "run spec, sites: y: is not a site");
        row("sites text", R"({"method": "act_patch", "sites": "z"})", "run spec, sites: must be a list");
        row("direction", R"({"method": "act_patch", "direction": "up"})", "run spec, direction: up: is not a direction");
        row("processing", R"({"method": "act_patch", "model": {"processing": ["fold"]}})", "run spec, model.processing: \"fold\"");
        row("receivers", R"({"method": "path_patch"})", "run spec, receivers: is missing");
        row("heads or layers", R"({"method": "path_patch", "receivers": [{"site": "q", "layers": [3]}]})", "run spec, receivers.heads: q needs");
        row("head", R"({"method": "path_patch", "receivers": [{"site": "q", "heads": ["x"]}]})", "run spec, receivers.heads: x: is not a head");
        row("mlps", R"({"method": "path_patch", "receivers": [], "direct_includes_mlps": 1})",
            "run spec, direct_includes_mlps: must be true or false");
        row("metric", R"({"method": "act_patch", "metric": "kl"})", "run spec, metric: \"kl\"");
        row("analysis", R"({"method": "analysis"})", "run spec, analysis: is missing");
    }
    void wrong_json_names_the_field()
    {
        QFETCH(QString, text);
        QFETCH(QString, message);
        const QString got = message_of([&] { run_spec_from_json(json::parse(text.toStdString())); });
        QVERIFY2(got.startsWith(message), qPrintable(got));
    }

    void cache_key_ignores_what_changes_no_number()
    {
        RunSpec a;
        a.model.sha256 = "ff";
        RunSpec b = a;
        b.model.path = "/elsewhere/the-same-weights";
        b.receivers = parse_ends("q:1.1");
        b.direct_includes_mlps = false;
        QCOMPARE(cache_key(a), cache_key(b));
        b.direction = Direction::Noise;
        QVERIFY(cache_key(a) != cache_key(b));

        // An ablation starts from the clean run whatever the direction says.
        a.ablation = b.ablation = Ablation::Zero;
        QCOMPARE(cache_key(a), cache_key(b));

        RunSpec path;
        path.method = Method::PathPatch;
        path.receivers = parse_ends("q:1.1,q:2.3");
        RunSpec other = path;
        other.receivers = parse_ends("q:2.3,q:1.1");
        QCOMPARE(cache_key(path), cache_key(other));
        other.receivers = parse_ends("q:2.3,k:1.1");
        QVERIFY(cache_key(path) != cache_key(other));
        other = path;
        other.task.seed = 43;
        QVERIFY(cache_key(path) != cache_key(other));
        other = path;
        other.model.processing.fold_ln = false;
        QVERIFY(cache_key(path) != cache_key(other));
    }

    void grid_names_are_those_of_the_files()
    {
        RunSpec spec;
        QCOMPARE(grid_name(spec, Site::Z), std::string("denoise.z"));
        spec.positions.kind = Positions::Kind::Each;
        spec.direction = Direction::Noise;
        QCOMPARE(grid_name(spec, Site::MlpOut), std::string("noise.mlp_out.by_pos"));
        spec.positions.kind = Positions::Kind::All;
        spec.shared_kv = true;
        QCOMPARE(grid_name(spec, Site::K), std::string("noise.k_grouped"));
        spec.ablation = Ablation::Zero;
        QCOMPARE(grid_name(spec, Site::Z), std::string("zero.z"));
        spec.method = Method::Attribution;
        QCOMPARE(grid_name(spec, Site::Q), std::string("attribution.q"));
    }

    void titles_and_captions()
    {
        RunSpec spec;
        QCOMPARE(title(spec), std::string("Activation patching of z, denoising"));
        QCOMPARE(describe(spec), std::string("The model runs on the flipped prompts with z of one head replaced by its value in the clean run, at all "
                                             "positions. The value is the change of the mean logit difference from the flipped run as a share of the "
                                             "gap between clean and flipped: 0 % nothing restored, 100 % all of it."));
        spec.method = Method::PathPatch;
        spec.direction = Direction::Noise;
        spec.receivers = parse_ends("q:8.1,q:9.4");
        QCOMPARE(title(spec), std::string("Path patching from z of each head to q of L8H1, L9H4, noising"));
        spec.method = Method::Ablate;
        spec.ablation = Ablation::Zero;
        spec.heads = {{9, 6}, {10, 0}};
        QCOMPARE(title(spec), std::string("Zero ablation of L9H6, L10H0 together"));
    }
};

QTEST_GUILESS_MAIN(TestRunSpec)
#include "test_run_spec.moc"
