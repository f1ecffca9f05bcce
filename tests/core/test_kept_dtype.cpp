// Weights that are kept in 16 bits and widened when they are used: the same numbers, bit for bit, as if they were kept
// in float32.
#include "core/checkpoint_folder.h"
#include "model/weight_arrays.h"
#include "patching/session.h"
#include "spec/run_spec.h"
#include "task/prompts.h"
#include "text/tokenizer.h"

#include <QTest>

#include <algorithm>

using namespace patchbay;

class TestKeptDtype : public QObject {
    Q_OBJECT

    static std::shared_ptr<const Model> load(const CheckpointFolder &folder, std::optional<DType> dtype,
                                             const Processing &processing)
    {
        LoadOptions options;
        options.path = folder.path();
        options.processing = processing;
        options.dtype = dtype;
        return Model::load(options);
    }
    static std::vector<Processing> processings()
    {
        Processing folded = Processing::none(), centred = Processing::none(), written = Processing::none();
        folded.fold_ln = true;
        centred.center_unembed = true;
        written.center_writing = true;
        return {Processing{}, Processing::none(), folded, centred, written};
    }
    static void store(const CheckpointFolder &folder, DType dtype)
    {
        if (!std::filesystem::exists(folder.path("model.safetensors")))
            return; // tiny-llama is in bfloat16
        if (dtype == DType::F16)
            store_as<uint16_t>(folder, "F16", float16_bits);
        else
            store_as<uint16_t>(folder, "BF16", bfloat16_bits);
    }
    static PromptBatch batch(const QString &model)
    {
        return batch_from_arrays(
            read_arrays(std::string(PATCHBAY_SOURCE_DIR "/tests/data/") + model.toStdString() + "/patching.safetensors")
                .arrays,
            "patching.safetensors");
    }
    static void models()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("dtype");
        QTest::newRow("GPT-NeoX, float16") << "tiny-neox" << int(DType::F16);
        QTest::newRow("GPT-NeoX, bfloat16") << "tiny-neox" << int(DType::BF16);
        QTest::newRow("Llama, bfloat16, two files") << "tiny-llama" << int(DType::BF16);
    }

    /// Whether all weights are the same, kept in 16 bits or not.
    static void compare(const CheckpointFolder &folder, DType dtype)
    {
        for (const Processing &processing : processings()) {
            const auto kept = load(folder, {}, processing), wide = load(folder, DType::F32, processing);
            QCOMPARE(kept->trust().kept_dtype, name(dtype));
            QCOMPARE(wide->trust().kept_dtype, std::string("F32"));
            QVERIFY(!kept->trust().rounded && !wide->trust().rounded);
            QCOMPARE(kept->trust().max_logprob_change, wide->trust().max_logprob_change);
            const ArrayMap a = weight_arrays(*kept), b = weight_arrays(*wide);
            QCOMPARE(a.size(), b.size());
            for (const auto &[tensor, array] : a) {
                QVERIFY(b.contains(tensor));
                QVERIFY2(array.shape == b.at(tensor).shape && array.floats() == b.at(tensor).floats(), tensor.c_str());
            }
        }
    }

private Q_SLOTS:
    void weights_are_the_same_data() { models(); }
    void weights_are_the_same()
    {
        QFETCH(QString, model);
        QFETCH(int, dtype);
        const CheckpointFolder folder(model.toStdString());
        store(folder, DType(dtype));
        compare(folder, DType(dtype));
    }

    // What is multiplied, or counts from 1, is so when it is widened.
    void multipliers_too()
    {
        CheckpointFolder granite("tiny-llama"), gemma("tiny-llama");
        granite.config([](nlohmann::json &c) {
            c["model_type"] = "granite";
            c["embedding_multiplier"] = 3;
            c["residual_multiplier"] = 0.3;
            c["attention_multiplier"] = 0.2;
            c["logits_scaling"] = 7;
        });
        compare(granite, DType::BF16);
        gemma.config([](nlohmann::json &c) { c["model_type"] = "gemma"; });
        compare(gemma, DType::BF16);
    }

    // With room for widened layers, with none but the last, and read from float32.
    void runs_are_the_same_data() { models(); }
    void runs_are_the_same()
    {
        QFETCH(QString, model);
        QFETCH(int, dtype);
        const CheckpointFolder folder(model.toStdString());
        store(folder, DType(dtype));
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Q, Site::V, Site::MlpOut, Site::ResidPre};
        std::vector<RunResult> results;
        for (const auto &[kept, widened] :
             {std::pair<std::optional<DType>, size_t>{DType::F32, 0}, {std::nullopt, 1 << 20}, {std::nullopt, 1}}) {
            Resources resources;
            resources.threads = 1;
            resources.widened_bytes = widened;
            Session session(load(folder, kept, {}), batch(model), resources);
            RunSpec spec;
            spec.method = sweep;
            results.push_back(session.run(spec));
        }
        for (size_t i = 1; i < results.size(); ++i) {
            QCOMPARE(results[i].grids.size(), results[0].grids.size());
            for (size_t g = 0; g < results[0].grids.size(); ++g)
                QCOMPARE(results[i].grids[g].per_prompt, results[0].grids[g].per_prompt);
        }
    }

    void another_type_rounds_and_says_so()
    {
        const CheckpointFolder folder; // float32
        const auto model = load(folder, DType::BF16, {});
        QCOMPARE(model->trust().source_dtype, std::string("F32"));
        QCOMPARE(model->trust().kept_dtype, std::string("BF16"));
        QVERIFY(model->trust().rounded);
        const auto &hazards = model->trust().hazards;
        QVERIFY(std::any_of(hazards.begin(), hazards.end(),
                            [](const std::string &text) { return text.find("rounded to BF16") != std::string::npos; }));
        QVERIFY(weight_arrays(*model).at("embed.W_E").floats()
                != weight_arrays(*load(folder, {}, {})).at("embed.W_E").floats());
    }

    void a_spec_carries_it()
    {
        RunSpec spec;
        const std::string plain = cache_key(spec);
        spec.model.dtype = DType::BF16;
        QCOMPARE(to_json(spec)["model"]["dtype"].get<std::string>(), std::string("bfloat16"));
        QCOMPARE(*run_spec_from_json(to_json(spec)).model.dtype, DType::BF16);
        QVERIFY(cache_key(spec) != plain);
    }
};

QTEST_GUILESS_MAIN(TestKeptDtype)
#include "test_kept_dtype.moc"
