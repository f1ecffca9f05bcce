// What families change of one another: the same tiny weights under another name.
#include "core/checkpoint_folder.h"
#include "model/hooked_transformer.h"

#include <QTest>

#include <algorithm>
#include <cmath>

using namespace patchbay;
using nlohmann::json;

class TestFamilies : public QObject {
    Q_OBJECT

    static constexpr int kLayers = 2, kWidth = 10, kVocabulary = 23;

    static std::vector<float> logits(const CheckpointFolder &folder, int64_t first = 3)
    {
        Tokens tokens{1, kWidth, {}};
        for (int64_t pos = 0; pos < kWidth; ++pos)
            tokens.ids.push_back(pos == 0 ? first : (7 * pos + 2) % kVocabulary);
        const HookedTransformer transformer(Model::load({folder.path(), Processing::none(), false}));
        return transformer.run(tokens, {}).logits.floats();
    }
    /// The largest difference at each position.
    static std::vector<float> differences(const std::vector<float> &a, const std::vector<float> &b)
    {
        std::vector<float> out(kWidth, a.size() == b.size() && a.size() == size_t(kWidth * kVocabulary) ? 0.f : 1e9f);
        for (size_t i = 0; out[0] < 1e9f && i < a.size(); ++i)
            out[i / kVocabulary] = std::max(out[i / kVocabulary], std::abs(a[i] - b[i]));
        return out;
    }
    static TrustReport trusted(const CheckpointFolder &folder)
    {
        return Model::load({folder.path(), {}, true})->trust();
    }
    static float largest(const std::vector<float> &values) { return *std::max_element(values.begin(), values.end()); }
    static CheckpointFolder &renamed(CheckpointFolder &folder, const char *type)
    {
        folder.config([&](json &c) {
            c["model_type"] = type;
            c.erase("attention_bias");
        });
        return folder;
    }
    /// In one file, whose tensors can be changed.
    static void change(const CheckpointFolder &folder, const std::function<void(ArrayMap &)> &change)
    {
        if (!std::filesystem::exists(folder.path("model.safetensors"))) {
            ArrayMap all;
            for (const auto &entry : std::filesystem::directory_iterator(folder.path()))
                if (entry.path().filename().string().starts_with("model-"))
                    all.merge(read_arrays(entry.path()).arrays);
            write_arrays(folder.path("model.safetensors"), all);
        }
        folder.tensors(change);
    }
    static std::string at(int layer, const char *name)
    {
        return "model.layers." + std::to_string(layer) + ".self_attn." + name;
    }
    static Array wave(int64_t size, float from, float by)
    {
        std::vector<float> values(static_cast<size_t>(size));
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = from + by * std::sin(float(3 * i + 1));
        return {{size}, values};
    }
    static void add_biases(ArrayMap &arrays)
    {
        for (int layer = 0; layer < kLayers; ++layer) {
            arrays[at(layer, "q_proj.bias")] = wave(24, 0, 0.5f);
            arrays[at(layer, "k_proj.bias")] = wave(12, 0, 0.7f);
            arrays[at(layer, "v_proj.bias")] = wave(12, 0, 0.3f);
        }
    }

private Q_SLOTS:
    void every_name_is_listed()
    {
        const std::string names = ", " + family_names() + ", ";
        for (const char *name :
             {"gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "gemma2", "hooked_transformer"})
            QVERIFY2(names.find(std::string(", ") + name + ", ") != std::string::npos, name);
        QCOMPARE(family_title("gpt_neox"), "GPT-NeoX");
        QCOMPARE(family_title("mamba"), "mamba");
    }

    // The family that the handbook's page on adding one adds, against transformers in float64
    // (tests/data/make_arcee.py).
    void arcee_has_the_numbers_of_transformers()
    {
        const std::string folder = PATCHBAY_SOURCE_DIR "/tests/data/tiny-arcee";
        const ArrayMap golden = read_arrays(folder + "/golden.safetensors").arrays;
        const Array &ids = golden.at("tokens"), &expected = golden.at("logits");
        const Tokens tokens{int(ids.shape[0]), int(ids.shape[1]), ids.ints()};
        const HookedTransformer raw(Model::load({folder, Processing::none(), false}));
        const Array logits = raw.run(tokens, {}).logits;
        QCOMPARE(logits.floats().size(), expected.floats().size());
        for (size_t i = 0; i < expected.floats().size(); ++i)
            QVERIFY2(std::abs(logits.floats()[i] - expected.floats()[i])
                         <= 2e-5f * (1 + std::abs(expected.floats()[i])),
                     qPrintable(QString::number(i)));
        QVERIFY(Model::load({folder, {}, true})->trust().max_logprob_change < 1e-4);
    }

    void keys_that_change_nothing_are_listed_and_others_refused()
    {
        CheckpointFolder folder("tiny-llama");
        folder.config([](json &c) {
            c["use_cache"] = true;
            c["resid_pdrop"] = 0.1;
            c["sep_token_id"] = 3;
            c["some_gate"] = false; // not switched on
            c["some_list"] = json::array();
        });
        const std::vector<std::string> ignored = folder.load()->trust().ignored_keys;
        for (const char *key : {"use_cache", "resid_pdrop", "sep_token_id", "some_gate", "some_list"})
            QVERIFY2(std::find(ignored.begin(), ignored.end(), key) != ignored.end(), key);
        QVERIFY(std::find(ignored.begin(), ignored.end(), "hidden_size") == ignored.end());
        for (const auto &[key, value] : std::vector<std::pair<const char *, json>>{
                 {"some_gate", true}, {"some_scale", 0.5}, {"sliding_window", 128}, {"query_pre_attn_scalar", 64}}) {
            CheckpointFolder other("tiny-llama");
            other.config([&](json &c) { c[key] = value; });
            const QString error = QString::fromStdString(other.error());
            QVERIFY2(error.contains(QStringLiteral("the key \"%1\" is not known").arg(key)), qPrintable(error));
        }
    }

    void what_other_models_have_is_named()
    {
        for (const auto &[type, key, missing] : {std::tuple("mixtral", "num_local_experts", "a mixture of experts"),
                                                 {"deepseek_v2", "kv_lora_rank", "latent attention"},
                                                 {"mamba", "state_size", "state spaces"},
                                                 {"paligemma", "vision_config", "pictures"}}) {
            CheckpointFolder folder("tiny-llama");
            folder.config([&, type = type, key = key](json &c) {
                c["model_type"] = type;
                c[key] = 8;
            });
            const QString error = QString::fromStdString(folder.error());
            QVERIFY2(error.contains(QStringLiteral("\"%1\" is not supported").arg(type)) && error.contains(missing),
                     qPrintable(error));
        }
    }

    void processing_that_would_change_something_is_left_off_and_said()
    {
        const auto said = [](const TrustReport &trust, const char *step) {
            return std::any_of(trust.hazards.begin(), trust.hazards.end(), [&](const std::string &hazard) {
                return hazard.starts_with(std::string(step) + " is left off: ");
            });
        };
        CheckpointFolder gemma("tiny-llama");
        gemma.config([](json &c) {
            c["model_type"] = "gemma";
            c["hidden_act"] = "gelu_pytorch_tanh";
            c.erase("attention_bias");
        });
        const TrustReport trust = trusted(gemma);
        QVERIFY(said(trust, "center_writing"));
        QVERIFY(!said(trust, "center_unembed"));
        // What is said to have been done is what was done; values have no bias here that could be folded.
        QVERIFY(trust.processing.fold_ln && trust.processing.center_unembed);
        QVERIFY(!trust.processing.center_writing && !trust.processing.fold_value_biases);
        QVERIFY(trust.max_logprob_change < 1e-4);
        QVERIFY(!said(trusted(CheckpointFolder("tiny-neox")), "center_writing"));
    }

    void what_every_model_must_do_is_checked_on_loading()
    {
        const auto check = [](const TrustReport &trust, const char *name) {
            for (const TrustCheck &one : trust.checks)
                if (one.name == name)
                    return one;
            return TrustCheck{"", false, "absent"};
        };
        CheckpointFolder folder("tiny-llama");
        const TrustReport plain = trusted(folder);
        QVERIFY(check(plain, "causal").passed);
        QVERIFY(QString::fromStdString(check(plain, "causal").found).contains("by at most"));
        QCOMPARE(check(plain, "window").found, "every layer sees all earlier tokens");
        QVERIFY(check(plain, "processing").passed);
        renamed(folder, "mistral").config([](json &c) { c["sliding_window"] = 3; });
        const TrustCheck window = check(trusted(folder), "window");
        QVERIFY(window.passed);
        QVERIFY2(QString::fromStdString(window.found).contains("out of reach"), window.found.c_str());
        folder.config([](json &c) { c["sliding_window"] = 4096; });
        QVERIFY(QString::fromStdString(check(trusted(folder), "window").found).contains("not checked"));
    }

    void qwen2_has_biases_of_queries_keys_and_values()
    {
        CheckpointFolder llama("tiny-llama"), qwen("tiny-llama");
        const std::vector<float> without = logits(llama);
        llama.config([](json &c) { c["attention_bias"] = true; });
        change(llama, [](ArrayMap &arrays) {
            add_biases(arrays);
            for (int layer = 0; layer < kLayers; ++layer)
                arrays[at(layer, "o_proj.bias")] = wave(16, 0, 0);
        });
        change(renamed(qwen, "qwen2"), add_biases);
        QCOMPARE(largest(differences(logits(qwen), logits(llama))), 0.f);
        QVERIFY(largest(differences(logits(qwen), without)) > 0.01f);

        CheckpointFolder bare("tiny-llama");
        QVERIFY(QString::fromStdString(renamed(bare, "qwen2").error())
                    .contains("lacks the tensor model.layers.0.self_attn.q_proj.bias"));
    }

    void mistral_sees_a_window()
    {
        CheckpointFolder llama("tiny-llama"), mistral("tiny-llama");
        renamed(mistral, "mistral").config([](json &c) { c["sliding_window"] = nullptr; });
        QCOMPARE(largest(differences(logits(mistral), logits(llama))), 0.f);
        mistral.config([](json &c) { c["sliding_window"] = 3; });
        QVERIFY(largest(differences(logits(mistral), logits(llama))) > 0.01f);
        // In two layers the first token reaches the position 2 (3 - 1), and no other.
        const std::vector<float> moved = differences(logits(mistral, 3), logits(mistral, 11));
        for (int pos = 0; pos < kWidth; ++pos)
            QVERIFY2((moved[size_t(pos)] > 0) == (pos <= 4), qPrintable(QString::number(pos)));
        QCOMPARE(read_config(mistral.path("config.json")).traits_of(1).window, 3);
        mistral.config([](json &c) { c.erase("sliding_window"); });
        QCOMPARE(read_config(mistral.path("config.json")).traits_of(1).window, 4096);
    }

    void qwen_has_windows_in_some_layers()
    {
        CheckpointFolder folder("tiny-llama");
        const auto windows = [&](const json &change) {
            folder.config([&](json &c) { c.merge_patch(change); });
            const ModelConfig config = read_config(folder.path("config.json"));
            return std::vector<int>{config.traits_of(0).window, config.traits_of(1).window};
        };
        renamed(folder, "qwen2");
        QCOMPARE(windows({{"sliding_window", 5}, {"use_sliding_window", false}, {"max_window_layers", 1}}),
                 (std::vector<int>{0, 0}));
        QCOMPARE(windows({{"use_sliding_window", true}}), (std::vector<int>{0, 5}));
        QCOMPARE(windows({{"max_window_layers", 0}}), (std::vector<int>{5, 5}));
        QCOMPARE(windows({{"layer_types", json::array({"sliding_attention", "full_attention"})}}),
                 (std::vector<int>{5, 0}));
        for (const auto &[types, cause] : std::vector<std::pair<json, QString>>{
                 {json::array({"full_attention"}), "is not a list of 2 names"},
                 {json("full_attention"), "is not a list of 2 names"},
                 {json::array({"full_attention", "linear_attention"}), "\"linear_attention\" is not supported"},
                 {json::array({"full_attention", 1}), "1 is not supported"}}) {
            folder.config([&](json &c) { c["layer_types"] = types; });
            const QString error = QString::fromStdString(folder.error());
            QVERIFY2(error.contains("config.json") && error.contains("layer_types") && error.contains(cause),
                     qPrintable(error));
        }
        folder.config([&](json &c) {
            c.erase("layer_types");
            c["num_hidden_layers"] = 1'000'000'000;
        });
        QVERIFY(QString::fromStdString(folder.error()).contains("layers = 1000000000 is out of range"));
    }

    void qwen3_norms_each_head()
    {
        CheckpointFolder folder("tiny-llama");
        change(renamed(folder, "qwen3"), [](ArrayMap &arrays) {
            for (int layer = 0; layer < kLayers; ++layer) {
                arrays[at(layer, "q_norm.weight")] = wave(6, 1, 0.4f);
                arrays[at(layer, "k_norm.weight")] = wave(6, 1.2f, 0.3f);
            }
        });
        folder.config([](json &c) { c["rms_norm_eps"] = 1e-9; });
        const std::vector<float> before = logits(folder);
        // One head's queries ten times as long: its norm takes that back.
        change(folder, [](ArrayMap &arrays) {
            auto &values = arrays.at(at(0, "q_proj.weight")).floats();
            for (size_t i = 6 * 16; i < 12 * 16; ++i)
                values[i] *= 10;
        });
        QVERIFY(largest(differences(logits(folder), before)) < 1e-4f);
        change(folder, [](ArrayMap &arrays) {
            for (float &value : arrays.at(at(0, "q_norm.weight")).floats())
                value *= 3;
        });
        QVERIFY(largest(differences(logits(folder), before)) > 0.01f);
    }
};

QTEST_GUILESS_MAIN(TestFamilies)
#include "test_families.moc"
