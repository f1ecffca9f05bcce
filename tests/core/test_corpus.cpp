// Heads on running text, against the plain pass's own activations.
#include "analysis/analysis.h"
#include "base/plain_text.h"
#include "error_message.h"
#include "io/array_files.h"
#include "model/hooked_transformer.h"
#include "model/weight_arrays.h"
#include "task/task_source.h"
#include "task/texts_file.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <map>
#include <random>

using namespace patchbay;

namespace {

constexpr int texts = 4, width = 12;

class TestCorpusData {
public:
    explicit TestCorpusData(
        std::shared_ptr<const Model> of = Model::load({PATCHBAY_SOURCE_DIR "/tests/data/tiny-neox", {}, false}))
        : model(std::move(of))
    {
        std::mt19937 random(5);
        for (int i = 0; i < texts * width; ++i)
            ids.push_back(int64_t(random() % 11)); // few, so that some come again
        file = m_folder.filePath(QStringLiteral("texts.safetensors")).toStdString();
        write_arrays(file, {{"texts", {{texts, width}, ids}}, {"function", {{2}, std::vector<int64_t>{3, 5}}}});
    }
    RunResult run(nlohmann::json options) const
    {
        options["tokens"] = file;
        Session session(model, load_batch(no_task(), *model));
        return run_analysis(session, spec_of(Analysis{"corpus", {{1, 1}, {0, 2}}, options}));
    }
    Array cache(const std::string &hook) const
    {
        HookedTransformer::Options options;
        options.keep = {hook};
        options.logits = false;
        return HookedTransformer(model).run({texts, width, ids}, options).cache.at(hook);
    }
    int64_t id(int text, int pos) const { return ids[size_t(text * width + pos)]; }

    std::shared_ptr<const Model> model;
    std::vector<int64_t> ids;
    std::string file;

private:
    QTemporaryDir m_folder;
};

} // namespace

class TestCorpus : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void attentionIsThatOfThePatterns()
    {
        const TestCorpusData data;
        const RunResult result = data.run({});
        const int H = data.model->config().n_heads;
        for (int l = 0; l < data.model->config().n_layers; ++l) {
            const Array pattern = data.cache("blocks." + std::to_string(l) + ".attn.hook_pattern"); // [N, H, T, T]
            for (int h = 0; h < H; ++h) {
                double entropy = 0, previous = 0, same = 0, after = 0, back_two = 0;
                int rows = 0, with_same = 0, with_after = 0, far = 0;
                for (int n = 0; n < texts; ++n)
                    for (int q = 1; q < width; ++q) {
                        const float *row = pattern.floats().data() + ((n * H + h) * width + q) * width;
                        double row_same = 0, row_after = 0;
                        bool any_same = false, any_after = false;
                        for (int k = 0; k <= q; ++k) {
                            entropy -= double(row[k]) * std::log(double(row[k]));
                            if (k < q && data.id(n, k) == data.id(n, q)) {
                                any_same = true;
                                row_same += double(row[k]);
                            }
                            if (k > 0 && k < q && data.id(n, k - 1) == data.id(n, q)) {
                                any_after = true;
                                row_after += double(row[k]);
                            }
                        }
                        ++rows;
                        previous += double(row[q - 1]);
                        same += row_same;
                        after += row_after;
                        with_same += any_same;
                        with_after += any_after;
                        if (q >= 2) {
                            back_two += double(row[q - 2]);
                            ++far;
                        }
                    }
                const auto near = [&](const char *name, double expected) {
                    return std::abs(double(result.arrays.at(name).floats()[size_t(l * H + h)]) - expected) < 1e-5;
                };
                QVERIFY(near("corpus.entropy", entropy / rows));
                QVERIFY(near("corpus.previous_token", previous / rows));
                QVERIFY(near("corpus.duplicate_token", same / with_same));
                QVERIFY(near("corpus.induction", after / with_after));
                const Array &distance = result.arrays.at("corpus.by_distance");
                QVERIFY(std::abs(double(distance.floats()[size_t(l * H + h) * 32 + 2]) - back_two / far) < 1e-5);
                QVERIFY(std::isnan(distance.floats()[size_t(l * H + h) * 32 + width]));
            }
        }
    }

    void activityIsOfWhatTheHeadWrites()
    {
        const TestCorpusData data;
        const ModelConfig &c = data.model->config();
        const Array result = data.cache("blocks.1.attn.hook_result"),
                    pattern = data.cache("blocks.1.attn.hook_pattern"),
                    scale = data.cache("ln_final.hook_scale");              // [N, T, H, D], [N, H, T, T], [N, T, 1]
        const Array unembed = weight_arrays(*data.model).at("unembed.W_U"); // [D, V]
        const RunResult norm = data.run({{"by", "norm"}, {"most", 5}}), effect = data.run({{"by", "effect"}}),
                        previous = data.run({{"by", "attention"}}),
                        function = data.run({{"by", "attention"}, {"to", "function"}});
        float largest = 0;
        for (int n = 0; n < texts; ++n)
            for (int q = 0; q < width; ++q) {
                const float *writes = result.floats().data() + ((n * width + q) * c.n_heads + 1) * c.d_model;
                const float *row = pattern.floats().data() + ((n * c.n_heads + 1) * width + q) * width;
                const auto value = [&](const RunResult &of) {
                    return of.arrays.at("corpus.activity.1.1").floats()[size_t(n * width + q)];
                };
                if (q == 0) {
                    QVERIFY(std::isnan(value(norm)) && std::isnan(value(previous)));
                    continue;
                }
                double squares = 0, along = 0, to_function = 0;
                const int64_t next = q + 1 < width ? data.id(n, q + 1) : 0;
                for (int i = 0; i < c.d_model; ++i) {
                    squares += double(writes[i]) * double(writes[i]);
                    along += double(writes[i]) * double(unembed.floats()[size_t(int64_t(i) * c.d_vocab + next)]);
                }
                for (int k = 0; k <= q; ++k)
                    to_function += data.id(n, k) == 3 || data.id(n, k) == 5 ? double(row[k]) : 0;
                QVERIFY(std::abs(double(value(norm)) - std::sqrt(squares)) < 1e-5);
                QVERIFY(std::abs(double(value(previous)) - double(row[q - 1])) < 1e-6);
                QVERIFY(std::abs(double(value(function)) - to_function) < 1e-5);
                if (q + 1 < width)
                    QVERIFY(std::abs(double(value(effect)) - along / double(scale.floats()[size_t(n * width + q)]))
                            < 1e-5);
                else
                    QVERIFY(std::isnan(value(effect)));
                largest = std::max(largest, value(norm));
            }
        // The table has the strongest first, of each head in turn.
        const nlohmann::json &rows = norm.summary.at("rows");
        QCOMPARE(rows.size(), size_t(10));
        QCOMPARE(rows[0][0].get<std::string>(), std::string("L1H1"));
        QCOMPARE(rows[5][0].get<std::string>(), std::string("L0H2"));
        QVERIFY(std::abs(*parse_number(rows[0][1].get<std::string>()) - largest) < 1e-3);
        QCOMPARE(norm.summary.at("columns").size(), rows[0].size());
        // Beside each of them its text's attention.
        const auto &views = norm.summary.at("matrices").at("views");
        QCOMPARE(views.size(), rows.size());
        for (size_t i = 0; i < 5; ++i) {
            const int text = views[i].at("text"), token = views[i].at("token");
            QCOMPARE(std::to_string(text), rows[i][2].get<std::string>());
            QCOMPARE(std::to_string(token), rows[i][3].get<std::string>());
            const Array &kept = norm.arrays.at(views[i].at("array").get<std::string>());
            QCOMPARE(kept.shape, (std::vector<int64_t>{width, width}));
            for (int q = 0; q < width; ++q)
                for (int k = 0; k <= q; ++k) {
                    const size_t at = size_t(((text * c.n_heads + 1) * width + q) * width + k);
                    QVERIFY(std::abs(double(kept.floats()[size_t(q * width + k)]) - double(pattern.floats()[at]))
                            < 1e-6);
                }
        }
    }

    // A token's mean value through W_O and the unembedding, from the plain pass; ranks, and the shares of places.
    void whatIsCopiedIsThatOfTheValues()
    {
        const TestCorpusData data;
        const ModelConfig &c = data.model->config();
        const Array values = data.cache("blocks.1.attn.hook_v"); // [N, T, G, d]
        const ArrayMap weights = weight_arrays(*data.model);
        const Array unembed = weights.at("unembed.W_U"), out = weights.at("blocks.1.attn.W_O"); // [D, V], [H, d, D]
        const int head = 1, d = c.d_head, D = c.d_model, V = c.d_vocab;
        std::map<int64_t, std::pair<int, std::vector<double>>> seen;
        for (int n = 0; n < texts; ++n)
            for (int pos = 0; pos < width; ++pos) {
                auto &[times, sum] = seen[data.id(n, pos)];
                sum.resize(size_t(d));
                ++times;
                for (int i = 0; i < d; ++i)
                    sum[size_t(i)] += double(values.floats()[size_t(((n * width + pos) * c.n_heads + head) * d + i)]);
            }
        const RunResult result = data.run({{"sources", 100}});
        const auto &rows = result.summary.at("copied_and_suppressed").at("rows");
        double copied = 0, places = 0;
        for (const auto &row : rows) {
            if (row[0] != "L1H1" || row[1] == "all of them")
                continue;
            const int64_t token = std::stoll(row[1].get<std::string>());
            const auto &[times, sum] = seen.at(token);
            std::vector<double> writes(static_cast<size_t>(D)), logits(static_cast<size_t>(V));
            for (int i = 0; i < d; ++i)
                for (int j = 0; j < D; ++j)
                    writes[size_t(j)] += sum[size_t(i)] / times * double(out.floats()[size_t((head * d + i) * D + j)]);
            for (int j = 0; j < D; ++j)
                for (int v = 0; v < V; ++v)
                    logits[size_t(v)] += writes[size_t(j)] * double(unembed.floats()[size_t(j * V + v)]);
            const auto above =
                std::count_if(logits.begin(), logits.end(), [&](double one) { return one > logits[size_t(token)]; });
            const int own = int(above <= V - 1 - above ? above + 1 : above - V);
            QCOMPARE(row[2].get<std::string>(), std::to_string(times));
            QCOMPARE(row[3].get<std::string>(), std::to_string(own));
            QCOMPARE(row[4].get<std::string>(), std::string(own > 0 && own <= 5 ? "yes" : ""));
            QCOMPARE(row[5].get<std::string>(), std::string(own < 0 && own >= -5 ? "yes" : ""));
            const auto most = std::max_element(logits.begin(), logits.end()) - logits.begin();
            QVERIFY(row[6].get<std::string>().starts_with("\u201c" + std::to_string(most) + "\u201d"));
            copied += own > 0 && own <= 5 ? times : 0;
            places += times;
        }
        QVERIFY(places > 0 && !seen.contains(100));
        const Array &share = result.arrays.at("corpus.copied");
        QVERIFY(std::abs(double(share.floats()[size_t(c.n_heads + head)]) - 100 * copied / places) < 1e-3);
        QVERIFY(std::isnan(share.floats()[0]));
    }

    void textsAreRead()
    {
        QVERIFY(read_texts(texts_path("short", {})).size() >= 50);
        QVERIFY(read_texts(texts_path({}, "demo")).size() >= 100);
        QTemporaryDir folder;
        const auto file = [&](const char *name, const std::string &text) {
            const std::string path = folder.filePath(QString::fromUtf8(name)).toStdString();
            write_file(path, text);
            return path;
        };
        using Texts = std::vector<std::string>;
        QCOMPARE(read_texts(file("a.txt", "one\r\ntwo \n\n")), (Texts{"one", "two"}));
        QCOMPARE(read_texts(file("b.txt", "\none\nmore\n\n\ntwo\n")), (Texts{"one more", "two"}));
        QCOMPARE(read_texts(file("c.jsonl", "{\"text\": \"one\"}\n\n\"two\"\n")), (Texts{"one", "two"}));
        QCOMPARE(read_texts(file("d.json", "[\"one\", {\"text\": \"two\"}, \" \"]")), (Texts{"one", "two"}));
        VERIFY_MESSAGE(read_texts(file("e.txt", " \n\n")), "e.txt: holds no text");
        VERIFY_MESSAGE(read_texts(file("f.jsonl", "\"one\"\n{\"words\": 2}\n")), "f.jsonl line 2");
        VERIFY_MESSAGE(read_texts(file("g.txt", "one\xff")), "g.txt");
    }
};

QTEST_GUILESS_MAIN(TestCorpus)
#include "test_corpus.moc"
