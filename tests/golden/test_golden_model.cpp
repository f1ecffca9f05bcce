// Processed weights, logits and every activation against TransformerLens' float64 numbers.
#include "golden/golden.h"
#include "model/weight_arrays.h"

using namespace patchbay;

class TestGoldenModel : public QObject {
    Q_OBJECT

    static std::shared_ptr<const Model> load(const QString &name, bool raw)
    {
        LoadOptions options;
        options.path = golden::model(name);
        if (raw)
            options.processing = Processing::none();
        return Model::load(options);
    }
    // Every tensor of the golden file; the run must have the same, and nothing is left unread.
    static void compare(const ArrayMap &actual, const ArrayMap &expected)
    {
        int compared = 0;
        for (const auto &[name, array] : expected) {
            if (name == "prompt_rows")
                continue;
            QVERIFY2(actual.contains(name), name.c_str());
            const QString wrong = golden::difference(actual.at(name), array);
            QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(name) + ": " + wrong));
            ++compared;
        }
        QVERIFY(compared > 0);
    }
    static void compare_cache(const QString &name, const char *file, const char *which, bool raw, bool split = false)
    {
        const ArrayMap expected = golden::file(name, file);
        const HookedTransformer transformer(load(name, raw));
        HookedTransformer::Options options;
        options.logits = false;
        options.ungroup_kv = true;
        options.split_qkv = split;
        for (const auto &[hook, array] : expected)
            if (hook != "prompt_rows")
                options.keep.push_back(hook);
        compare(transformer
                    .run(golden::tokens(golden::file(name, "batch"), which, expected.at("prompt_rows").ints()), options)
                    .cache,
                expected);
    }
    static void compare_logits(const QString &name, bool raw)
    {
        const HookedTransformer transformer(load(name, raw));
        const ArrayMap batch = golden::file(name, "batch");
        ArrayMap actual;
        for (const char *which : {"clean", "flipped"})
            actual[which] = transformer.run(golden::tokens(batch, which), {}).logits;
        compare(actual, golden::file(name, raw ? "raw_logits" : "logits"));
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (golden::absent())
            QSKIP(golden::kAbsent);
    }

    void processed_weights_data() { golden::models_as_rows(); }
    void processed_weights()
    {
        QFETCH(QString, model);
        const ArrayMap actual = weight_arrays(*load(model, false)), expected = golden::file(model, "weights_processed");
        compare(actual, expected);
        QCOMPARE(actual.size(), expected.size());
    }

    void logits_data() { golden::models_as_rows(); }
    void logits()
    {
        QFETCH(QString, model);
        compare_logits(model, false);
    }

    void raw_logits_data() { golden::models_as_rows(); }
    void raw_logits()
    {
        QFETCH(QString, model);
        compare_logits(model, true);
    }

    void cache_clean_data() { golden::models_as_rows(); }
    void cache_clean()
    {
        QFETCH(QString, model);
        compare_cache(model, "cache_clean", "clean", false);
    }

    void cache_flipped_data() { golden::models_as_rows(); }
    void cache_flipped()
    {
        QFETCH(QString, model);
        compare_cache(model, "cache_flipped", "flipped", false);
    }

    void raw_cache_clean_data() { golden::models_as_rows(); }
    void raw_cache_clean()
    {
        QFETCH(QString, model);
        compare_cache(model, "raw_cache_clean", "clean", true);
    }

    void cache_clean_split_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : {"llama-gqa-4x8", "neox-3x4"})
            QTest::newRow(name) << name;
    }
    void cache_clean_split()
    {
        QFETCH(QString, model);
        compare_cache(model, "cache_clean_split", "clean", false, true);
    }

    void every_golden_hook_is_listed_data() { golden::models_as_rows(); }
    void every_golden_hook_is_listed()
    {
        QFETCH(QString, model);
        const HookedTransformer transformer(load(model, false));
        ArrayMap expected = golden::file(model, "cache_clean");
        expected.erase("prompt_rows");
        for (const std::string &name : transformer.hook_names())
            QVERIFY2(expected.erase(name) == 1 || name.ends_with("_input") || name.ends_with("hook_attn_in"),
                     name.c_str());
        QVERIFY2(expected.empty(), expected.empty() ? "" : expected.begin()->first.c_str());
    }
};

QTEST_GUILESS_MAIN(TestGoldenModel)
#include "test_golden_model.moc"
