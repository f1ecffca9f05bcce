// What people open in place of a model's folder: each is opened where it can be, otherwise the message says what it is
// and what to do.
#include "core/checkpoint_folder.h"
#include "core/error_message.h"
#include "model/model_folder.h"
#include "model/weight_arrays.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QtTest>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path kCases = PATCHBAY_SOURCE_DIR "/../shared/cases";
const std::string kPointer =
    "version https://git-lfs.github.com/spec/v1\noid "
    "sha256:abababababababababababababababababababababababababababababababab\nsize 166029852\n";

struct Foreign {
    const char *what;
    std::function<void(const CheckpointFolder &)> change;
    std::vector<std::string> message;
};

std::vector<Foreign> foreign()
{
    const auto file = [](const char *name, const std::string &text) {
        return [=](const CheckpointFolder &f) { f.write(name, text); };
    };
    const auto instead = [](const char *name, const std::string &text = "x") {
        return [=](const CheckpointFolder &f) { fs::remove(f.path("model.safetensors")), f.write(name, text); };
    };
    const auto config = [](const char *key, const json &value) {
        return [=](const CheckpointFolder &f) { f.config([=](json &c) { c[key] = value; }); };
    };
    const auto tensor = [](const char *name) {
        return [=](const CheckpointFolder &f) {
            f.tensors([=](ArrayMap &a) { a[name] = {{1}, std::vector<float>{1}}; });
        };
    };
    const std::string unquantised = "open the checkpoint that it was made from";
    std::vector<Foreign> out = {
        {"weights pointer",
         file("model.safetensors", kPointer),
         {"model.safetensors: is a Git LFS pointer, not the file: run git lfs pull"}},
        {"config pointer", file("config.json", kPointer), {"config.json: is a Git LFS pointer"}},
        {"index pointer",
         instead("model.safetensors.index.json", kPointer),
         {"model.safetensors.index.json: is a Git LFS pointer"}},
        {"PyTorch pointer", instead("pytorch_model.bin", kPointer), {"pytorch_model.bin: is a Git LFS pointer"}},
        {"GPTQ",
         config("quantization_config", {{"quant_method", "gptq"}, {"bits", 4}}),
         {"is quantised (GPTQ)", unquantised}},
        {"AWQ", config("quantization_config", {{"quant_method", "awq"}}), {"is quantised (AWQ)", unquantised}},
        {"bitsandbytes",
         config("quantization_config", {{"load_in_4bit", true}}),
         {"is quantised (bitsandbytes)", unquantised}},
        {"FP8", config("quantization_config", {{"quant_method", "fp8"}}), {"is quantised (FP8)", unquantised}},
        {"MXFP4", config("quantization_config", {{"quant_method", "mxfp4"}}), {"is quantised (MXFP4)", unquantised}},
        {"unknown method",
         config("quantization_config", {{"quant_method", "hqq"}}),
         {"is quantised (hqq)", unquantised}},
        {"MLX", config("quantization", {{"bits", 4}, {"group_size", 64}}), {"is quantised (MLX)", unquantised}},
        {"GPTQ tensors",
         tensor("gpt_neox.layers.0.mlp.dense_h_to_4h.qweight"),
         {"is quantised (GPTQ or AWQ)", "qweight"}},
        {"bitsandbytes tensors",
         tensor("gpt_neox.layers.0.mlp.dense_h_to_4h.weight.quant_state.bitsandbytes__nf4"),
         {"is quantised (bitsandbytes)"}},
        {"8-bit tensors", tensor("gpt_neox.layers.0.mlp.dense_h_to_4h.SCB"), {"is quantised (bitsandbytes)"}},
        {"FP8 tensors", tensor("gpt_neox.layers.0.mlp.dense_h_to_4h.weight_scale_inv"), {"is quantised (FP8"}},
        {"FP8 numbers",
         [](const CheckpointFolder &f) {
             f.header([](json &h) { h["gpt_neox.embed_in.weight"]["dtype"] = "F8_E4M3"; });
         },
         {"gpt_neox.embed_in.weight", "\"F8_E4M3\": an FP8 checkpoint"}},
        {"value head",
         tensor("v_head.summary.weight"),
         {"has a value head", "pretrained_model.save_pretrained", "v_head.summary.weight"}},
        {"classification head", tensor("score.weight"), {"has a classification head"}},
        {"adapter's tensors",
         tensor("base_model.model.gpt_neox.layers.0.attention.dense.lora_A.weight"),
         {"adapter (LoRA)", "merge_and_unload"}},
        {"classifier",
         config("architectures", {"GPTNeoXForSequenceClassification"}),
         {"GPTNeoXForSequenceClassification is a classifier"}},
        {"encoder", config("model_type", "bert"), {"\"bert\" is an encoder", family_names()}},
        {"sentence encoder", file("modules.json", "[]"), {"is a sentence encoder"}},
        {"encoder and decoder", config("model_type", "t5"), {"\"t5\" is an encoder and a decoder"}},
        {"another encoder and decoder", config("is_encoder_decoder", true), {"is an encoder and a decoder"}},
        {"adapter with a configuration",
         instead("adapter_config.json", R"({"base_model_name_or_path": "EleutherAI/pythia-70m"})"),
         {"holds an adapter (LoRA) of \"EleutherAI/pythia-70m\"", "merge_and_unload"}},
        {"GGUF beside",
         instead("model-q4.gguf"),
         {"model-q4.gguf: is a quantised or converted model in llama.cpp's format GGUF"}},
        {"Keras", instead("tf_model.h5"), {"weights of TensorFlow or Keras (tf_model.h5)", "from_tf=True"}},
        {"Flax", instead("flax_model.msgpack"), {"weights of Flax (flax_model.msgpack)", "from_flax=True"}},
        {"ONNX", instead("model.onnx"), {"weights of another program (model.onnx)"}},
        {"a shard alone",
         instead("model-00001-of-00002.safetensors"),
         {"holds a part of a model", "model.safetensors.index.json"}},
        {"PyTorch shard alone",
         instead("pytorch_model-00001-of-00002.bin"),
         {"holds a part of a model", "pytorch_model.bin.index.json"}},
        {"unfinished download", instead("abc.incomplete"), {"did not finish (abc.incomplete)"}},
        {"checkpoint of one's own",
         instead("best.pt"),
         {"weights under a name of their own (best.pt)", "save_pretrained"}},
    };
    // Without a config.json.
    const auto without = [&](const char *what, const std::function<void(const CheckpointFolder &)> &change,
                             std::vector<std::string> message) {
        out.push_back({what,
                       [=](const CheckpointFolder &f) {
                           fs::remove(f.path("config.json")), fs::remove(f.path("model.safetensors")), change(f);
                       },
                       std::move(message)});
    };
    const auto model_in = [](const CheckpointFolder &f, const std::string &name) {
        fs::create_directories(f.path(name));
        f.write(name + "/config.json", "{}");
    };
    without("adapter", file("adapter_config.json", "{}"), {"holds an adapter (LoRA), not a model"});
    without("GGUF", file("q4.gguf", "GGUF"), {"q4.gguf: is a quantised or converted model"});
    without("Llama as Meta published it", file("consolidated.00.pth", "x"),
            {"as Meta first published them", "convert_llama_weights_to_hf.py"});
    without("cache", [](const auto &f) { fs::create_directories(f.path("models--gpt2/snapshots/1")); },
            {"is the root of a Hugging Face cache", "models--gpt2"});
    without("above the cache", [](const auto &f) { fs::create_directories(f.path("hub/models--gpt2/snapshots/1")); },
            {"is the root of a Hugging Face cache", "hub/models--gpt2"});
    without("folder above", [=](const auto &f) { model_in(f, "checkpoint-20"), model_in(f, "checkpoint-10"); },
            {"folders in it do; open one of them: checkpoint-10, checkpoint-20"});
    without("nothing known", [](const auto &) {}, {"config.json: cannot be opened"});
    return out;
}

std::string read_bytes(const fs::path &path)
{
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
}

/// A cache with one model in it, of which snapshots of these names are there.
fs::path cached(const CheckpointFolder &f, std::initializer_list<const char *> snapshots)
{
    const fs::path root = f.path() / "models--EleutherAI--pythia-tiny";
    fs::create_directories(root / "blobs");
    fs::create_directories(root / "snapshots");
    for (const char *snapshot : snapshots)
        fs::copy(PATCHBAY_SOURCE_DIR "/tests/data/tiny-neox", root / "snapshots" / snapshot);
    return root;
}

} // namespace

class TestForeignCheckpoints : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void what_is_no_model_is_named_data()
    {
        QTest::addColumn<int>("index");
        const auto cases = foreign();
        for (size_t i = 0; i < cases.size(); ++i)
            QTest::newRow(cases[i].what) << int(i);
    }
    void what_is_no_model_is_named()
    {
        QFETCH(int, index);
        const Foreign foreign_case = foreign()[size_t(index)];
        const CheckpointFolder folder;
        foreign_case.change(folder);
        const std::string error = folder.error();
        for (const std::string &part : foreign_case.message)
            QVERIFY2(error.find(part) != std::string::npos, ("\"" + error + "\"\n   lacks: " + part).c_str());
        QVERIFY2(error.find(folder.path().string()) == 0, error.c_str());
    }

    void files_instead_of_folders()
    {
        const CheckpointFolder folder;
        folder.write("q8.gguf", "GGUF");
        VERIFY_MESSAGE(Model::load({folder.path("q8.gguf"), {}, false}), "q8.gguf: is a quantised or converted model");
        VERIFY_MESSAGE(Model::load({folder.path("model.safetensors"), {}, false}),
                       "is a file of a model, not its folder: give " + folder.path().string());
    }

    void a_cached_model_is_opened_where_one_snapshot_is_meant()
    {
        const CheckpointFolder folder;
        const fs::path one = cached(folder, {"abc123"});
        QCOMPARE(model_folder(one.string()), one / "snapshots" / "abc123");
        QCOMPARE(model_folder((one / "snapshots").string()), one / "snapshots" / "abc123");
        QCOMPARE(Model::load({one, {}, false})->config().n_layers, 2);
        for (const fs::path &path : {one, one / "snapshots" / "abc123", one / "snapshots" / "abc123" / ""})
            QCOMPARE(model_name(path.string()), std::string("pythia-tiny"));
        fs::copy(one / "snapshots" / "abc123", one / "snapshots" / "def456");
        VERIFY_MESSAGE(model_folder(one.string()),
                       "holds 2 snapshots of a model; open one of them, in its folder snapshots: abc123, def456");
        fs::create_directories(one / "refs");
        write_file(one / "refs" / "main", "def456\n");
        QCOMPARE(model_folder(one.string()), one / "snapshots" / "def456");
        fs::remove_all(one / "snapshots");
        fs::create_directories(one / "snapshots");
        VERIFY_MESSAGE(model_folder(one.string()), "no snapshot was downloaded");
    }

    void missing_shards_are_counted()
    {
        const CheckpointFolder folder("tiny-llama");
        fs::remove(folder.path("model-00001-of-00002.safetensors"));
        fs::remove(folder.path("model-00002-of-00002.safetensors"));
        const std::string error = folder.error();
        QVERIFY2(error.find("model-00001-of-00002.safetensors: is missing, and so are 1 more; "
                            "model.safetensors.index.json names 2 files: download")
                     != std::string::npos,
                 error.c_str());
    }

    void names_of_models()
    {
        const CheckpointFolder folder;
        const fs::path before = fs::current_path();
        fs::create_directory_symlink(folder.path(), folder.path() / "link");
        fs::current_path(folder.path());
        for (const char *path : {".", "./", "", "./.", "../model", "../model/", "link", "link/", "../model//"})
            if (*path)
                QCOMPARE(model_name(path), std::string("model"));
        QCOMPARE(model_folder(".").filename(), fs::path("."));
        QCOMPARE(fs::path(absolute_model_path("../model/")).lexically_relative(folder.path()), fs::path("."));
        fs::current_path(before);
        QCOMPARE(model_name("demo"), std::string("demo"));
        QCOMPARE(absolute_model_path("demo"), std::string("demo"));
        QCOMPARE(model_name("/nowhere/pythia-160m/"), std::string("pythia-160m"));
        // A path that a spec names may be meant from where the spec is.
        QCOMPARE(model_path_in(folder.path().parent_path() / "spec.json", "model"), folder.path().string());
        QCOMPARE(model_path_in(folder.path().parent_path(), "./model"),
                 folder.path().parent_path().string() + "/./model");
        QCOMPARE(model_path_in(folder.path() / "spec.json", "demo"), std::string("demo"));
        VERIFY_MESSAGE(model_folder("model"), "does not exist");
    }

    void an_alias_stands_for_its_tensor()
    {
        const CheckpointFolder folder("tiny-llama");
        // The two shards as one file, in which only the unembedding's name stands for the embedding.
        ArrayMap all;
        for (const char *shard : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
            all.merge(read_arrays(folder.path(shard)).arrays);
        const ArrayMap before = weight_arrays(*Model::load({folder.path(), Processing::none(), false}));
        all["lm_head.weight"] = all.at("model.embed_tokens.weight");
        all.erase("model.embed_tokens.weight");
        fs::remove(folder.path("model.safetensors.index.json"));
        write_arrays(
            folder.path("model.safetensors"), all,
            {{"format", "pt"}, {"model.embed_tokens.weight", "lm_head.weight"}, {"another.name", "lm_head.weight"}});
        const auto loaded = Model::load({folder.path(), Processing::none(), true});
        const ArrayMap after = weight_arrays(*loaded);
        QCOMPARE(after.size(), before.size());
        for (const auto &[name, array] : before)
            QCOMPARE(after.at(name).floats(), array.floats());
        for (const std::string &hazard : loaded->trust().hazards) // there is no second embedding
            QVERIFY2(hazard.find("lm_head") == std::string::npos, hazard.c_str());
        QCOMPARE(loaded->trust().parameters,
                 Model::load({PATCHBAY_SOURCE_DIR "/tests/data/tiny-llama", {}, true})->trust().parameters);
    }

    void a_tokenizer_that_cannot_be_read_leaves_the_rest()
    {
        const CheckpointFolder folder;
        const TaskRef text;
        const auto check = [&](const std::string &reason) {
            const auto model = Model::load({folder.path(), {}, true});
            QVERIFY(!model->tokenizer());
            QVERIFY2(model->trust().tokenizer.find(reason) != std::string::npos, model->trust().tokenizer.c_str());
            const std::string message = error_message_of([&] { load_batch(text, *model); });
            QVERIFY2(message.starts_with(folder.path().string() + ": its tokenizer cannot be used, so only token ids"),
                     message.c_str());
            QVERIFY2(message.find(reason) != std::string::npos, message.c_str());
            QVERIFY(std::any_of(model->trust().hazards.begin(), model->trust().hazards.end(),
                                [&](const std::string &hazard) { return hazard.find(reason) != std::string::npos; }));
        };
        folder.write("tokenizer.json", "{}");
        check("tokenizer.json: model: missing");
        folder.write("tokenizer.json", kPointer);
        check("tokenizer.json: is a Git LFS pointer");
        folder.write("tokenizer.json", R"({"model": {"type": "Magic"}})");
        check("model.type: \"Magic\" is not supported");
        fs::remove(folder.path("tokenizer.json"));
        folder.write("tokenizer.model", "\n\x0e\n\x05<unk>");
        check("tokenizer.model: is a SentencePiece model");
        fs::remove(folder.path("tokenizer.model"));
        const auto model = Model::load({folder.path(), {}, true});
        QCOMPARE(model->trust().tokenizer, std::string("none"));
        VERIFY_MESSAGE(load_batch(text, *model),
                       "has no tokenizer.json, nor vocab.json with merges.txt: only token ids");
    }

    void a_tokenizer_config_that_is_no_json_is_said()
    {
        const CheckpointFolder folder;
        folder.write("tokenizer.json", read_file(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json"));
        folder.write("tokenizer_config.json", "{\"add_bos_token\": ");
        const auto model = Model::load({folder.path(), {}, true});
        QVERIFY(model->tokenizer());
        QVERIFY(
            std::any_of(model->trust().hazards.begin(), model->trust().hazards.end(), [](const std::string &hazard) {
                return hazard.find("tokenizer_config.json: is not valid JSON") != std::string::npos;
            }));
    }

    void the_cases_open_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("tokenizer"); // a part of what is said about it
        for (const char *name : {"llama2", "llama2-metaspace"})
            QTest::newRow(name) << QStringLiteral("tokenizers-other-than-byte-level-bpe/") + name << "ok";
        for (const char *name : {"unigram", "wordpiece", "wordlevel"}) // characters without a token, spaces, capitals
            QTest::newRow(name) << QStringLiteral("tokenizers-other-than-byte-level-bpe/") + name
                                << "decoding what was encoded differs from";
        QTest::newRow("tokenizer.model") << "tokenizers-other-than-byte-level-bpe/tokenizer-model-only"
                                         << "is a SentencePiece model";
        QTest::newRow("pointer") << "git-lfs-pointer/tok"
                                 << "is a Git LFS pointer";
        QTest::newRow("none") << "tokenizers-other-than-byte-level-bpe/base"
                              << "none";
        QTest::newRow("tied") << "tied-save-model/model"
                              << "none";
    }
    void the_cases_open()
    {
        if (!fs::exists(kCases))
            QSKIP("../shared/cases is not there");
        QFETCH(QString, folder);
        QFETCH(QString, tokenizer);
        // Files that several cases share lie in one of them; in the others stands the way there.
        const QTemporaryDir dir;
        const fs::path from = kCases / folder.toStdString(), copy = dir.path().toStdString();
        for (const auto &entry : fs::directory_iterator(from)) {
            const std::string link = fs::file_size(entry) < 100 ? read_bytes(entry) : "";
            fs::copy_file(link.starts_with("../") ? from / link : entry.path(), copy / entry.path().filename());
        }
        const auto model = Model::load({copy, {}, true});
        QVERIFY2(model->trust().tokenizer.find(tokenizer.toStdString()) != std::string::npos,
                 model->trust().tokenizer.c_str());
    }
};

QTEST_GUILESS_MAIN(TestForeignCheckpoints)
#include "test_foreign_checkpoints.moc"
