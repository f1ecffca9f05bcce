// Copy-suppression-preserving ablation: against a float64 reference written from the definition, and on a model in
// which a head does nothing but suppress.
#include "analysis/analysis.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "checkpoint_folder.h"
#include "error_message.h"
#include "io/array_files.h"
#include "model/hooked_transformer.h"
#include "small_case.h"
#include "task/task_source.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <random>

using namespace patchbay;

namespace {

const std::string data = PATCHBAY_SOURCE_DIR "/tests/data/";

RunResult run(std::shared_ptr<const Model> model, std::vector<Head> heads, nlohmann::json options,
              const Resources &resources = {})
{
    Session session(model, load_batch(no_task(), *model), resources);
    return run_analysis(session, spec_of(Analysis{"cspa", std::move(heads), std::move(options)}));
}

std::vector<float> logits_of(const std::shared_ptr<const Model> &model)
{
    return HookedTransformer(model).run({1, 2, {3, 4}}, {}).logits.floats();
}

double apart(const Array &actual, const Array &expected)
{
    if (actual.shape != expected.shape)
        return 1e9;
    double most = 0;
    for (size_t i = 0; i < expected.floats().size(); ++i) {
        const double difference = std::abs(double(actual.floats()[i]) - double(expected.floats()[i]));
        if (std::isnan(difference))
            return difference;
        most = std::max(most, difference);
    }
    return most;
}

/// GPT-2 with one layer whose stream holds its own token, which it therefore predicts: head 0 looks at the same token
/// wherever it stood before and writes against it; head 1 moves whatever it sees in random directions.
class Suppressor {
public:
    static constexpr int vocab = 15, heads = 4, d = 16, D = heads * d;
    Suppressor()
    {
        std::mt19937 random(3);
        std::normal_distribution<float> normal;
        const auto zeros = [](std::vector<int64_t> shape, float value = 0) {
            Array array{std::move(shape), {}};
            array.values = std::vector<float>(size_t(array.count()), value);
            return array;
        };
        Array tokens = zeros({vocab, D}), qkv = zeros({D, 3 * D}), out = zeros({D, D});
        for (int t = 0; t < vocab; ++t) {
            tokens.floats()[size_t(t * D + t)] = 1;
            qkv.floats()[size_t(t * 3 * D + t)] = qkv.floats()[size_t(t * 3 * D + D + t)] = 3;
            qkv.floats()[size_t(t * 3 * D + 2 * D + t)] = 1;
            out.floats()[size_t(t * D + t)] = -0.2f;
        }
        for (int row = 0; row < D; ++row)
            for (int column = d; column < 2 * d; ++column) {
                qkv.floats()[size_t(row * 3 * D + 2 * D + column)] = 0.3f * normal(random);
                out.floats()[size_t(column * D + row)] = 0.05f * normal(random);
            }
        const ArrayMap arrays{{"transformer.wte.weight", tokens},
                              {"transformer.wpe.weight", zeros({32, D})},
                              {"transformer.h.0.ln_1.weight", zeros({D}, 1)},
                              {"transformer.h.0.ln_1.bias", zeros({D})},
                              {"transformer.h.0.attn.c_attn.weight", qkv},
                              {"transformer.h.0.attn.c_attn.bias", zeros({3 * D})},
                              {"transformer.h.0.attn.c_proj.weight", out},
                              {"transformer.h.0.attn.c_proj.bias", zeros({D})},
                              {"transformer.h.0.ln_2.weight", zeros({D}, 1)},
                              {"transformer.h.0.ln_2.bias", zeros({D})},
                              {"transformer.h.0.mlp.c_fc.weight", zeros({D, 8})},
                              {"transformer.h.0.mlp.c_fc.bias", zeros({8})},
                              {"transformer.h.0.mlp.c_proj.weight", zeros({8, D})},
                              {"transformer.h.0.mlp.c_proj.bias", zeros({D})},
                              {"transformer.ln_f.weight", zeros({D}, 1)},
                              {"transformer.ln_f.bias", zeros({D})}};
        write_arrays(path("model.safetensors"), arrays);
        const nlohmann::json config{{"model_type", "gpt2"},
                                    {"n_layer", 1},
                                    {"n_head", heads},
                                    {"n_embd", D},
                                    {"n_inner", 8},
                                    {"n_positions", 32},
                                    {"vocab_size", vocab},
                                    {"n_ctx", 32},
                                    {"layer_norm_epsilon", 1e-5},
                                    {"tie_word_embeddings", true},
                                    {"activation_function", "gelu_new"}};
        write_file(path("config.json"), config.dump());
        const auto rows = [&](int count) {
            Array ids{{count, 18}, std::vector<int64_t>()};
            std::vector<int64_t> values;
            for (int i = 0; i < count * 18; ++i)
                values.push_back(int64_t(random() % vocab));
            ids.values = values;
            return ids;
        };
        write_arrays(path("texts.safetensors"), {{"mean", rows(60)}, {"texts", rows(8)}});
    }
    std::filesystem::path path(const std::string &file = {}) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / file;
    }

private:
    QTemporaryDir m_folder;
};

} // namespace

class TestCspa : public QObject {
    Q_OBJECT

private Q_SLOTS:
    // A group of one row, too, leaves the model as it was.
    void textsOfOneToken()
    {
        ModelConfig config = testing::small_config(2, 2, 8, 40);
        config.norm = Norm::RmsNorm; // no bias before the unembedding
        const auto model = Model::random(config, 4);
        QTemporaryDir folder;
        const std::string file = folder.filePath(QStringLiteral("one.safetensors")).toStdString();
        write_arrays(file,
                     {{"texts", {{3, 1}, std::vector<int64_t>{5, 7, 9}}},
                      {"mean", {{2, 1}, std::vector<int64_t>{1, 2}}},
                      {"function", {{1}, std::vector<int64_t>{0}}}});
        Resources alone;
        alone.memory_budget = 1; // a text at a time
        const std::vector<float> before = logits_of(model);
        const RunResult first = run(model, {}, {{"tokens", file}}, alone);
        QVERIFY(logits_of(model) == before);
        QVERIFY(first.arrays.at("cspa.kl_ablated").floats()
                == run(model, {}, {{"tokens", file}}, alone).arrays.at("cspa.kl_ablated").floats());
    }

    void equalsTheReference_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("budget");
        for (const char *model : {"tiny-llama", "tiny-gemma2"}) { // grouped; post norms, windows and soft caps
            QTest::newRow(model) << QString::fromUtf8(model) << (1 << 20);
            QTest::addRow("%s, a text at a time", model) << QString::fromUtf8(model) << 1;
        }
    }
    void equalsTheReference()
    {
        QFETCH(QString, model);
        QFETCH(int, budget);
        const std::filesystem::path folder = data + model.toStdString(), file = folder / "cspa.safetensors";
        Resources resources;
        resources.memory_budget = size_t(budget) << 10;
        const ArrayMap expected = read_arrays(file).arrays;
        const RunResult result =
            run(Model::load({folder, {}, false}), {},
                {{"tokens", file.string()}, {"top_percent", expected.at("top_percent").floats()[0]}}, resources);
        for (const char *name : {"cspa", "cspa.kl", "cspa.kl_ablated", "cspa.by_text"}) {
            const double most = apart(result.arrays.at(name), expected.at(name));
            QVERIFY2(most < 1e-5, qPrintable(QStringLiteral("%1: %2 apart").arg(QLatin1String(name)).arg(most)));
        }
        QCOMPARE(result.summary.at("positions").get<int>(), 39);
        // Kept with and without weight processing: what is measured is the logits.
        const RunResult raw =
            run(Model::load({folder, Processing::none(), false}), {}, {{"tokens", file.string()}, {"top_percent", 20}});
        QVERIFY(apart(raw.arrays.at("cspa.kl_ablated"), expected.at("cspa.kl_ablated")) < 1e-5);
    }

    void someHeadsAreAsAmongAll()
    {
        const std::filesystem::path folder = data + "tiny-llama", file = folder / "cspa.safetensors";
        const auto model = Model::load({folder, {}, false});
        const nlohmann::json options{{"tokens", file.string()}, {"top_percent", 20}, {"text", 1}};
        const RunResult all = run(model, {}, options), some = run(model, {{1, 2}, {0, 1}}, options);
        const auto &of_all = all.arrays.at("cspa").floats(), &of_some = some.arrays.at("cspa").floats();
        QVERIFY(std::abs(of_all[1] - of_some[1]) < 1e-6 && std::abs(of_all[6] - of_some[6]) < 1e-6);
        QVERIFY(std::isnan(of_some[0]) && std::isnan(of_some[7]));
        const Array &matrix = some.arrays.at("cspa.suppressed.1.2");
        QCOMPARE(matrix.shape, (std::vector<int64_t>{13, 13}));
        float least = 0;
        for (int q = 0; q < 13; ++q)
            for (int k = 0; k < 13; ++k) {
                const float value = matrix.floats()[size_t(q * 13 + k)];
                least = std::min(least, value);
                QVERIFY(value <= 0 && (k <= q || value == 0));
            }
        QVERIFY(least < 0);
        const auto &views = some.summary.at("matrices").at("views");
        QCOMPARE(views.size(), size_t(2));
        QCOMPARE(views[1].at("head").get<std::string>(), std::string("1.2"));
        QCOMPARE(views[1].at("tokens").size(), size_t(13));
        QCOMPARE(views[1].at("text").get<int>(), 1);
        // Of all heads those are kept of which most is: here, of eight, all.
        const Array &among_all = all.arrays.at("cspa.suppressed.1.2");
        QVERIFY(apart(among_all, matrix) < 1e-6);
        const auto strongest = all.summary.at("matrices").at("views")[0].at("head").get<std::string>();
        const Head first = parse_head(strongest);
        QCOMPARE(of_all[size_t(first.layer * 4 + first.head)], *std::max_element(of_all.begin(), of_all.end()));
        // The table says each text's share, of the same heads.
        const auto &table = all.summary.at("by_text");
        QCOMPARE(table.at("columns")[2].get<std::string>(), label(first));
        const Array &by_text = all.arrays.at("cspa.by_text");
        QCOMPARE(int64_t(table.at("rows").size()), by_text.shape[2]);
        const std::string share = table.at("rows")[1][2].get<std::string>(); // "12.3 %"
        const std::optional<double> said = parse_number(share.substr(0, share.find(' ')));
        const float kept = by_text.floats()[size_t((first.layer * 4 + first.head) * by_text.shape[2] + 1)];
        QVERIFY2(said && std::abs(*said - 100 * double(kept)) < 0.051, share.c_str());
    }

    void aHeadThatOnlySuppressesIsKept()
    {
        const Suppressor made;
        const RunResult result =
            run(Model::load({made.path(), {}, false}), {}, {{"tokens", made.path("texts.safetensors").string()}});
        const auto &percent = result.arrays.at("cspa.percent").floats();
        QVERIFY2(percent[0] > 95, qPrintable(QString::number(double(percent[0]))));
        QVERIFY2(percent[1] < 10, qPrintable(QString::number(double(percent[1]))));
        QVERIFY(std::isnan(percent[2])); // it writes nothing: there is no effect to keep a share of
    }

    void otherTextsAreRefused()
    {
        const std::filesystem::path folder = data + "tiny-llama", file = folder / "cspa.safetensors";
        const auto model = Model::load({folder, {}, false});
        const RunResult first = run(model, {}, {{"tokens", file.string()}});
        const std::string sha = first.summary.at("texts_sha256");
        run(model, {}, {{"tokens", file.string()}, {"sha256", sha}});
        QTemporaryDir folder_of_others;
        const std::string others = folder_of_others.filePath(QStringLiteral("t.safetensors")).toStdString();
        ArrayMap arrays = read_arrays(file).arrays;
        std::get<1>(arrays.at("texts").values)[3] += 1;
        write_arrays(others, arrays);
        const nlohmann::json same{{"tokens", others}, {"sha256", sha}};
        VERIFY_MESSAGE(run(model, {}, same), others + ": gives other token ids");
    }

    void whatIsWrongIsNamed_data()
    {
        QTest::addColumn<QString>("options");
        QTest::addColumn<QString>("expected");
        QTest::newRow("share") << QStringLiteral(R"({"top_percent": 0})") << QStringLiteral("options.top_percent");
        QTest::newRow("text") << QStringLiteral(R"({"text": 3})") << QStringLiteral("options.text");
        QTest::newRow("both") << QStringLiteral(R"({"texts": "short"})") << QStringLiteral("either texts or tokens");
        QTest::newRow("file") << QStringLiteral(R"({"tokens": "/nowhere/x.safetensors"})")
                              << QStringLiteral("/nowhere/x.safetensors");
        QTest::newRow("tokenizer") << QStringLiteral(R"({"tokens": "", "texts": "short"})")
                                   << QStringLiteral("tokenizer");
        QTest::newRow("name") << QStringLiteral(R"({"top": 5})") << QStringLiteral("options.top: is not a parameter");
    }
    void whatIsWrongIsNamed()
    {
        QFETCH(QString, options);
        QFETCH(QString, expected);
        nlohmann::json given{{"tokens", data + "tiny-llama/cspa.safetensors"}};
        given.update(nlohmann::json::parse(options.toStdString()));
        const auto model = Model::load({data + "tiny-llama", {}, false});
        VERIFY_MESSAGE(run(model, {}, given), expected.toStdString());
    }
};

QTEST_GUILESS_MAIN(TestCspa)
#include "test_cspa.moc"
