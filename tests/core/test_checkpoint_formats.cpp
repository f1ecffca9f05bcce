// The same model in other spellings: number formats, tensor names, shards, keys of older and newer configurations.
#include "core/checkpoint_folder.h"
#include "model/weight_arrays.h"

#include <QTest>

#include <cmath>

using namespace patchbay;
using nlohmann::json;

class TestCheckpointFormats : public QObject {
    Q_OBJECT

    static ArrayMap weights(const CheckpointFolder &folder)
    {
        return weight_arrays(*Model::load({folder.path(), Processing::none(), false}));
    }
    static bool equal(const ArrayMap &a, const ArrayMap &b, float within = 0)
    {
        if (a.size() != b.size())
            return false;
        for (const auto &[name, array] : a) {
            if (!b.contains(name) || b.at(name).shape != array.shape)
                return false;
            for (size_t i = 0; i < array.floats().size(); ++i)
                if (!(std::abs(array.floats()[i] - b.at(name).floats()[i]) <= within))
                    return false;
        }
        return true;
    }
    static void rename(const CheckpointFolder &folder, const std::string &from, const std::string &to)
    {
        folder.tensors([&](ArrayMap &arrays) {
            ArrayMap renamed;
            for (auto &[name, array] : arrays)
                renamed[name.starts_with(from) ? to + name.substr(from.size()) : name] = array;
            arrays = renamed;
        });
    }

private Q_SLOTS:
    void half_precision_is_widened()
    {
        const CheckpointFolder folder;
        const ArrayMap before = weights(folder);
        store_as<uint16_t>(folder, "F16", float16_bits);
        const ArrayMap after = weights(folder);
        QVERIFY(equal(before, after, 2e-3f));
        QVERIFY(!equal(before, after));
        QCOMPARE(folder.load()->trust().source_dtype, std::string("F16"));
    }

    void special_half_precision_numbers()
    {
        const CheckpointFolder folder;
        json header{{"x", {{"dtype", "F16"}, {"shape", {8}}, {"data_offsets", {0, 16}}}}};
        const uint16_t bits[] = {0x0000, 0x8000, 0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0xfc00};
        folder.raw(header.dump(), std::string(reinterpret_cast<const char *>(bits), 16), "x.safetensors");
        const std::vector<float> values = read_arrays(folder.path("x.safetensors")).arrays.at("x").floats();
        const float expected[] = {0, -0.0f, 1, -2, 0x1p-24f, -1023 * 0x1p-24f, 65504, -INFINITY};
        for (size_t i = 0; i < 8; ++i)
            QVERIFY2(values[i] == expected[i] && std::signbit(values[i]) == std::signbit(expected[i]),
                     qPrintable(QString::number(i)));
    }

    void bfloat16_and_double_are_read()
    {
        const CheckpointFolder folder;
        const ArrayMap before = weights(folder);
        store_as<double>(folder, "F64", [](float value) { return double(value); });
        QVERIFY(equal(before, weights(folder)));
        store_as<uint16_t>(folder, "BF16", bfloat16_bits);
        QVERIFY(equal(before, weights(folder), 2e-2f));
        QCOMPARE(folder.load()->trust().source_dtype, std::string("BF16"));
    }

    void names_without_the_prefix()
    {
        const CheckpointFolder folder;
        const ArrayMap before = weights(folder);
        rename(folder, "gpt_neox.", "");
        QVERIFY(equal(before, weights(folder)));
    }

    void gpt2_in_safetensors_with_the_prefix_buffers_and_a_second_copy_of_the_embedding()
    {
        const CheckpointFolder folder("tiny-gpt2");
        const ArrayMap before = weights(folder);
        ArrayMap tensors;
        // Back from TransformerLens' layout: only what the matrices are called and how heads lie differs.
        const auto put = [&](const std::string &name, const Array &array) { tensors["transformer." + name] = array; };
        put("wte.weight", before.at("embed.W_E"));
        put("wpe.weight", before.at("pos_embed.W_pos"));
        for (int layer = 0; layer < 2; ++layer) {
            const std::string b = "blocks." + std::to_string(layer) + ".", h = "h." + std::to_string(layer) + ".";
            for (const char *ln : {"1", "2"}) {
                put(h + "ln_" + ln + ".weight", before.at(b + "ln" + ln + ".w"));
                put(h + "ln_" + ln + ".bias", before.at(b + "ln" + ln + ".b"));
            }
            Array qkv{{16, 48}, std::vector<float>(16 * 48)}, bias{{48}, std::vector<float>(48)};
            for (int part = 0; part < 3; ++part)
                for (int head = 0; head < 4; ++head)
                    for (int e = 0; e < 4; ++e) {
                        const std::string letter(1, "QKV"[part]);
                        const int column = part * 16 + head * 4 + e;
                        bias.floats()[size_t(column)] =
                            before.at(b + "attn.b_" + letter).floats()[size_t(head * 4 + e)];
                        for (int row = 0; row < 16; ++row)
                            qkv.floats()[size_t(row * 48 + column)] =
                                before.at(b + "attn.W_" + letter).floats()[size_t((head * 16 + row) * 4 + e)];
                    }
            put(h + "attn.c_attn.weight", qkv);
            put(h + "attn.c_attn.bias", bias);
            put(h + "attn.c_proj.weight", {{16, 16}, before.at(b + "attn.W_O").values});
            put(h + "attn.c_proj.bias", before.at(b + "attn.b_O"));
            put(h + "mlp.c_fc.weight", before.at(b + "mlp.W_in"));
            put(h + "mlp.c_fc.bias", before.at(b + "mlp.b_in"));
            put(h + "mlp.c_proj.weight", before.at(b + "mlp.W_out"));
            put(h + "mlp.c_proj.bias", before.at(b + "mlp.b_out"));
            put(h + "attn.masked_bias", {{}, std::vector<float>{-1e4f}});
        }
        put("ln_f.weight", before.at("ln_final.w"));
        put("ln_f.bias", before.at("ln_final.b"));
        tensors["lm_head.weight"] = before.at("embed.W_E");
        write_arrays(folder.path("model.safetensors"), tensors);
        std::filesystem::remove(folder.path("pytorch_model.bin"));
        QVERIFY(equal(before, weights(folder)));
    }

    void an_untied_llama_has_its_own_unembedding()
    {
        const CheckpointFolder folder("tiny-llama");
        folder.config([](json &c) { c["tie_word_embeddings"] = false; });
        QVERIFY(folder.error().find("lacks the tensor lm_head.weight") != std::string::npos);
        folder.tensors(
            [](ArrayMap &a) {
                a["lm_head.weight"] = {{23, 16}, std::vector<float>(23 * 16, 0.5f)};
            },
            "model-00002-of-00002.safetensors");
        json index = json::parse(folder.read("model.safetensors.index.json"));
        index["weight_map"]["lm_head.weight"] = "model-00002-of-00002.safetensors";
        folder.write("model.safetensors.index.json", index.dump());
        QCOMPARE(weights(folder).at("unembed.W_U").floats(), std::vector<float>(16 * 23, 0.5f));
    }

    void shards_hold_the_same_model_as_one_file()
    {
        const CheckpointFolder folder("tiny-llama");
        const ArrayMap before = weights(folder);
        ArrayMap all;
        for (const char *shard : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
            all.merge(read_arrays(folder.path(shard)).arrays);
        std::filesystem::remove(folder.path("model.safetensors.index.json"));
        write_arrays(folder.path("model.safetensors"), all);
        QVERIFY(equal(before, weights(folder)));
    }

    void keys_of_older_and_newer_configurations()
    {
        const CheckpointFolder folder;
        const auto config = [&](const std::function<void(json &)> &change) {
            folder.config(change);
            return read_config(folder.path("config.json"));
        };
        const auto erase = [](json &c) {
            for (const char *key :
                 {"rotary_pct", "rotary_emb_base", "partial_rotary_factor", "rope_theta", "rope_parameters"})
                c.erase(key);
        };
        ModelConfig read = config([&](json &c) { erase(c), c["rotary_pct"] = 0.5, c["rotary_emb_base"] = 5000; });
        QCOMPARE(read.rotary_dim, 2);
        QCOMPARE(read.rotary_base, 5000.0);
        read = config([&](json &c) { erase(c), c["partial_rotary_factor"] = 1.0, c["rope_theta"] = 20000; });
        QCOMPARE(read.rotary_dim, 4);
        QCOMPARE(read.rotary_base, 20000.0);
        read = config([&](json &c) {
            erase(c);
            c["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 30000}, {"partial_rotary_factor", 0.5}};
            c["rope_scaling"] = nullptr;
        });
        QCOMPARE(read.rotary_dim, 2);
        QCOMPARE(read.rotary_base, 30000.0);
        QVERIFY(read.rotary_scaling.type == RotaryScaling::Type::None);
        read = config([&](json &c) {
            erase(c), c["rotary_pct"] = 0.5, c["rope_scaling"] = {{"type", "linear"}, {"factor", 4}};
        });
        QVERIFY(read.rotary_scaling.type == RotaryScaling::Type::Linear);
        QCOMPARE(read.rotary_scaling.factor, 4.0);
        read = config([&](json &c) {
            c["rope_scaling"] = nullptr;
            c["rope_parameters"] = {{"rope_type", "llama3"}, {"rope_theta", 5e5},
                                    {"factor", 8},           {"low_freq_factor", 2},
                                    {"high_freq_factor", 5}, {"original_max_position_embeddings", 4096}};
        });
        QVERIFY(read.rotary_scaling.type == RotaryScaling::Type::Llama3);
        QCOMPARE(read.rotary_base, 5e5);
        QCOMPARE(read.rotary_scaling.low_freq_factor, 2.0);
        QCOMPARE(read.rotary_scaling.high_freq_factor, 5.0);
        QCOMPARE(read.rotary_scaling.original_ctx, 4096.0);
        QVERIFY(read.parallel);
        QVERIFY(!config([&](json &c) { c["use_parallel_residual"] = false; }).parallel);
        QCOMPARE(config([&](json &c) { c["hidden_act"] = "gelu_fast"; }).activation, Activation::GeluNew);

        const CheckpointFolder gpt2("tiny-gpt2");
        gpt2.config([](json &c) { c.erase("n_inner"), c.erase("n_ctx"), c["n_positions"] = 16; });
        read = read_config(gpt2.path("config.json"));
        QCOMPARE(read.d_mlp, 64);
        QCOMPARE(read.n_ctx, 16);
        QVERIFY(read.tied_embedding);

        const CheckpointFolder llama("tiny-llama");
        llama.config([](json &c) { c.erase("num_key_value_heads"), c.erase("head_dim"), c["head_dim"] = nullptr; });
        read = read_config(llama.path("config.json"));
        QCOMPARE(read.n_kv_heads, 4);
        QCOMPARE(read.d_head, 4);
        QCOMPARE(read.norm, Norm::RmsNorm);
    }
};

QTEST_GUILESS_MAIN(TestCheckpointFormats)
#include "test_checkpoint_formats.moc"
