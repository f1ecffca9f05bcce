// RunSpec: names and parsers, JSON both ways, the cache key, titles and captions.
#include "base/error.h"
#include "core/error_message.h"
#include "nouns/quantity.h"
#include "spec/run_spec.h"

#include <QTest>

using namespace patchbay;
using nlohmann::json;

namespace {

template <class Call>
QString message_of(Call call)
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
        for (const char *text : {"z", "q", "k", "v", "pattern", "result", "attn_out", "mlp_out", "resid_pre",
                                 "resid_mid", "resid_post", "q_input", "k_input", "v_input", "mlp_pre"})
            QCOMPARE(name(parse_site(text)), std::string(text));
        QVERIFY(parse_site("pre") == Site::MlpPre);
        QVERIFY(parse_site(" z ") == Site::Z);
        QVERIFY(per_head(Site::VInput) && per_head(Site::Result) && !per_head(Site::AttnOut)
                && !per_head(Site::MlpPre));
        QVERIFY(message_of([] { parse_site("zz"); }).contains("zz: is not a site; one of z, q, k"));
    }

    void nodes_accept_every_spelling_of_a_head()
    {
        const std::vector<Node> expected{
            {Site::Q, 8, 1}, {Site::Z, 0, 3}, {Site::ResidPost, 11, -1}, {Site::MlpOut, 1, -1}};
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
        QTest::newRow("layer for a head site") << "q:8"
                                               << "q belongs to a head; write q:8.0";
        QTest::newRow("head for a layer site") << "mlp_out:1.2"
                                               << "mlp_out belongs to a whole layer";
        QTest::newRow("no site") << "8.1"
                                 << "neither a site to sweep";
        QTest::newRow("no place") << "q:"
                                  << "is not a list of nodes";
        QTest::newRow("trailing comma") << "q:8.1,"
                                        << "is not a list of nodes";
        QTest::newRow("no site known") << "w:8.1"
                                       << "is not a site";
        QTest::newRow("overflow") << "mlp_out:99999999999"
                                  << "belongs to a whole layer";
        QTest::newRow("empty") << ""
                               << "neither a site to sweep";
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
        QCOMPARE(to_string(parse_ends("q:8.1, pattern:L9H4,resid_post:11")),
                 std::string("q:8.1,pattern:9.4,resid_post:11"));
        QCOMPARE(to_string(parse_ends("k")), std::string("k"));
    }

    void positions_read_and_written()
    {
        for (const char *text : {"all", "each", "end", "io", "s1", "s2", "subject", "3,4,7", "0"})
            QCOMPARE(to_string(parse_positions(text)), std::string(text));
        for (const char *text : {"s2_pos", "S2", " s2 "})
            QCOMPARE(parse_positions(text).role, std::string("s2"));
        QCOMPARE(parse_positions("end_pos").role, std::string("end"));
        QCOMPARE(in_words(parse_positions("subject")), std::string("at SUBJECT"));
        for (const char *text : {"", "-1", "3,,4", "3.5", "all,end", "S1+1", "2nd", "9999999"})
            QVERIFY2(message_of([&] { parse_positions(text); }).contains("is not a choice of positions"), text);
    }

    void every_method_survives_json()
    {
        PathPatch path;
        path.direction = Direction::Noise;
        path.senders = parse_ends("z:0.3,mlp_out:1,z:2.1");
        path.receivers = parse_ends("q:8.1,q:9.4,pattern:9.4,mlp_pre:10,resid_post:11");
        path.positions = parse_positions("3,4");
        path.direct_includes_mlps = false;
        path.ablation = Ablation::Zero;
        RunSpec spec = spec_of(path);
        spec.model = {"models/pythia-160m", "cd34", "ab12", {true, true, false, true}};
        QVERIFY(round_trip(spec) == spec);

        ActPatch act;
        act.sites = {Site::Z, Site::K, Site::MlpOut};
        act.shared_kv = true;
        act.heads = {{1, 2}, {0, 0}};
        act.positions = Positions::each();
        spec = spec_of(act);
        spec.task = {"pairs",
                     12,
                     7,
                     "ABBA",
                     "x",
                     "pairs.jsonl",
                     "latin1",
                     "abc",
                     50256,
                     {3, 1},
                     json::parse(R"([{"clean": "a", "flipped": "b"}])"),
                     "cd34",
                     Bos::Yes};
        QVERIFY(round_trip(spec) == spec);

        Attribution attribution;
        attribution.sites = {Site::Q};
        attribution.direction = Direction::Noise;
        spec = spec_of(attribution);
        spec.task.kind = "batch";
        spec.task.file = "batch.safetensors";
        QVERIFY(round_trip(spec) == spec);

        spec = spec_of(Analysis{"s2i", {{8, 1}}, {{"name_movers", {"9.4"}}}});
        QVERIFY(round_trip(spec) == spec);
    }

    void a_set_that_older_versions_ablated_is_the_analysis_now()
    {
        const RunSpec spec = run_spec_from_json(json::parse(
            R"({"version": 1, "method": "ablate", "direction": "denoise", "ablation": "mean", "heads": ["9.6", "10.0"], "positions": "end"})"));
        QVERIFY(spec == spec_of(Analysis{"ablate", {{9, 6}, {10, 0}}, {{"mode", "mean"}, {"positions", "end"}}}));
        QVERIFY(run_spec_from_json(json::parse(R"({"method": "ablate", "heads": ["9.6"]})"))
                == spec_of(Analysis{"ablate", {{9, 6}}, {{"mode", "zero"}}}));
    }

    void fields_of_other_methods_are_no_error()
    {
        // Older versions wrote what was changed, whether the method reads it or not.
        const RunSpec spec = run_spec_from_json(
            json::parse(R"({"method": "act_patch", "receivers": [], "direct_includes_mlps": false})"));
        QVERIFY(spec == RunSpec());
    }

    // Files from before it was said have no BOS, and keep their numbers.
    void bos_is_said()
    {
        const auto read = [](const char *task) {
            return run_spec_from_json(json::parse(R"({"method": "act_patch", "task": )" + std::string(task) + "}"))
                .task;
        };
        QCOMPARE(read(R"({"kind": "ioi"})").bos, Bos::No);
        QCOMPARE(read(R"({"kind": "pairs", "file": "f"})").bos, Bos::No);
        QCOMPARE(read(R"({"kind": "batch", "file": "f"})").bos, Bos::Auto);
        QCOMPARE(read(R"({"kind": "ioi", "bos": "auto"})").bos, Bos::Auto);
        QCOMPARE(read(R"({"kind": "ioi", "bos": "yes"})").bos, Bos::Yes);
        VERIFY_MESSAGE(read(R"({"kind": "ioi", "bos": "maybe"})"),
                       "task.bos: maybe: is not a choice of BOS; one of auto, yes, no");
        QVERIFY(to_json(TaskRef()).dump().find(R"("bos":"auto")") != std::string::npos);
        TaskRef batch;
        batch.kind = "batch";
        QVERIFY(!to_json(batch).contains("bos"));
    }

    void json_is_as_documented()
    {
        const RunSpec spec = run_spec_from_json(json::parse(R"({
            "version": 1, "method": "path_patch",
            "model": {"path": "pythia-160m", "sha256": "cd", "processing": ["fold_ln", "center_writing", "center_unembed", "fold_value_biases"]},
            "task": {"kind": "ioi", "prompts": 70, "seed": 42, "type": "mixed", "flip": "ABB->ABA, BAB->BAA"},
            "direction": "noise", "metric": "logit_diff",
            "senders": {"sweep": "z"}, "receivers": [{"site": "q", "heads": ["8.1", "9.4"]}], "positions": "all", "direct_includes_mlps": true})"));
        QVERIFY(spec.as<PathPatch>()->senders == (Ends{Site::Z, {}}));
        QVERIFY(spec.as<PathPatch>()->receivers == parse_ends("q:8.1,q:9.4"));
        const std::string text = to_json(spec).dump();
        QVERIFY2(text.find(R"("senders":{"sweep":"z"},"receivers":[{"site":"q","heads":["8.1","9.4"]}])")
                     != std::string::npos,
                 text.c_str());
        QVERIFY2(
            text.starts_with(
                R"({"version":1,"method":"path_patch","model":{"path":"pythia-160m","sha256":"cd","processing":["fold_ln")"),
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
        row("no method", R"({"version": 1})", "run spec: method: missing");
        row("later version", R"({"version": 2, "method": "fly"})",
            "run spec: version: is 2, this program reads version 1");
        row("unknown method", R"({"method": "fly"})", "run spec: method: \"fly\" is not a method");
        row("unknown field", R"({"method": "act_patch", "site": "z"})", "run spec: site: is not a field");
        row("task field", R"({"method": "act_patch", "task": {"prompt": 3}})", "run spec: task.prompt: is not a field");
        row("task number", R"({"method": "act_patch", "task": {"prompts": "many"}})",
            "run spec: task.prompts: should be an integer from 0");
        row("negative", R"({"method": "act_patch", "task": {"prompts": -3}})",
            "run spec: task.prompts: should be an integer from 0");
        row("kind", R"({"method": "act_patch", "task": {"kind": "sudoku"}})",
            "run spec: task.kind: \"sudoku\" is not a kind");
        row("site", R"({"method": "act_patch", "sites": ["y"]})", "run spec: sites[0]: y: is not a site");
        row("sites text", R"({"method": "act_patch", "sites": "z"})", "run spec: sites: should be an array");
        row("direction", R"({"method": "act_patch", "direction": "up"})",
            "run spec: direction: up: is not a direction");
        row("processing", R"({"method": "act_patch", "model": {"processing": ["fold"]}})",
            "run spec: model.processing[0]: \"fold\"");
        row("receivers", R"({"method": "path_patch"})", "run spec: receivers: missing");
        row("heads or layers", R"({"method": "path_patch", "receivers": [{"site": "q", "layers": [3]}]})",
            "run spec: receivers[0]: q needs");
        row("head", R"({"method": "path_patch", "receivers": [{"site": "q", "heads": ["x"]}]})",
            "run spec: receivers[0].heads[0]: x: is not a head");
        row("mlps", R"({"method": "path_patch", "receivers": [], "direct_includes_mlps": 1})",
            "run spec: direct_includes_mlps: should be true or false");
        row("metric", R"({"method": "act_patch", "metric": "logits"})", "run spec: metric: \"logits\"");
        row("analysis", R"({"method": "analysis"})", "run spec: analysis: missing");
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
        QCOMPARE(cache_key(a), cache_key(b));
        b.as<ActPatch>()->direction = Direction::Noise;
        QVERIFY(cache_key(a) != cache_key(b));

        // An ablation starts from the clean run whatever the direction says.
        a.as<ActPatch>()->ablation = b.as<ActPatch>()->ablation = Ablation::Zero;
        QCOMPARE(cache_key(a), cache_key(b));

        const auto path = [](const char *receivers) {
            PathPatch path;
            path.receivers = parse_ends(receivers);
            return spec_of(path);
        };
        QCOMPARE(cache_key(path("q:1.1,q:2.3")), cache_key(path("q:2.3,q:1.1")));
        QVERIFY(cache_key(path("q:1.1,q:2.3")) != cache_key(path("q:2.3,k:1.1")));
        RunSpec other = path("q:1.1,q:2.3");
        other.task.seed = 43;
        QVERIFY(cache_key(path("q:1.1,q:2.3")) != cache_key(other));
        other = path("q:1.1,q:2.3");
        other.model.processing.fold_ln = false;
        QVERIFY(cache_key(path("q:1.1,q:2.3")) != cache_key(other));
    }

    void cache_key_goes_by_the_prompts_not_by_their_file()
    {
        RunSpec a, b;
        a.task.kind = b.task.kind = "pairs";
        a.task.file = "pairs.jsonl";
        b.task.file = "copy.csv";
        a.task.sha256 = b.task.sha256 = "12";
        QCOMPARE(cache_key(a), cache_key(b));
        b = a;
        b.task.sha256 = "34"; // the file was edited
        QVERIFY(cache_key(a) != cache_key(b));
    }

    void the_base_run_is_decided_in_one_place()
    {
        ActPatch sweep;
        QVERIFY(base_is_flipped(spec_of(sweep)));
        sweep.ablation = Ablation::Zero;
        QVERIFY(!base_is_flipped(spec_of(sweep)));
        PathPatch path;
        path.ablation = Ablation::Zero; // the senders' new value; the run that it goes into is still the flipped one
        QVERIFY(base_is_flipped(spec_of(path)));
        path.direction = Direction::Noise;
        QVERIFY(!base_is_flipped(spec_of(path)));
        QVERIFY(!base_is_flipped(spec_of(Analysis{"dla", {}, nullptr})));
    }

    void grid_names_are_those_of_the_files()
    {
        ActPatch sweep;
        QCOMPARE(grid_name(spec_of(sweep), Site::Z), std::string("denoise.z"));
        sweep.positions = Positions::each();
        sweep.direction = Direction::Noise;
        QCOMPARE(grid_name(spec_of(sweep), Site::MlpOut), std::string("noise.mlp_out.by_pos"));
        sweep.positions = {};
        sweep.shared_kv = true;
        QCOMPARE(grid_name(spec_of(sweep), Site::K), std::string("noise.k_grouped"));
        sweep.ablation = Ablation::Zero;
        QCOMPARE(grid_name(spec_of(sweep), Site::Z), std::string("zero.z"));
        QCOMPARE(grid_name(spec_of(Attribution{sweep}), Site::Q), std::string("attribution.q"));
    }

    void every_grid_has_its_unit()
    {
        for (const char *run : {"denoise", "noise", "zero", "mean", "resample"})
            for (const SiteInfo &site : sites()) {
                const Quantity known = quantity_named(std::string(run) + "." + site.name);
                QVERIFY2(known.known() && known.unit == "%", known.name.c_str());
            }
        QCOMPARE(quantity_named("mean.k_grouped").title, std::string("Key (k), shared"));
        QCOMPARE(quantity_named("resample.resid_pre.by_pos").title, std::string("Residual before by position"));
        QCOMPARE(quantity_named("attribution.z").unit, std::string("logits"));
        QVERIFY(!quantity_named("attribution.z.per_prompt").known() && !quantity_named("clean").known()
                && !quantity_named("denoise.").known());
    }

    void titles_and_captions()
    {
        QCOMPARE(title(RunSpec()), std::string("Activation patching of z, denoising"));
        QCOMPARE(describe(RunSpec()),
                 std::string("The model runs on the flipped prompts with z of one head replaced by its value in the "
                             "clean run, at all "
                             "positions. The value is the change of the mean logit difference from the flipped run as "
                             "a share of the "
                             "gap between clean and flipped: 0 % nothing restored, 100 % all of it."));
        PathPatch path;
        path.direction = Direction::Noise;
        path.receivers = parse_ends("q:8.1,q:9.4");
        QCOMPARE(title(spec_of(path)), std::string("Path patching from z of each head to q of L8H1, L9H4, noising"));
    }
};

QTEST_GUILESS_MAIN(TestRunSpec)
#include "test_run_spec.moc"
