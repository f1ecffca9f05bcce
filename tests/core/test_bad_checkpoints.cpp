// Damaged, foreign and hostile checkpoints: each is refused with a message that names the file and the cause.
#include "base/memory.h"
#include "core/checkpoint_folder.h"
#include "core/error_message.h"
#include "io/mapped_file.h"
#include "model/hooked_transformer.h"

#include <QTest>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <limits>

#include <sys/resource.h>
#include <unistd.h>

using namespace patchbay;
using nlohmann::json;

namespace {

const std::string kQkv = "gpt_neox.layers.1.attention.query_key_value.weight";

struct Bad {
    const char *what;
    std::function<void(const CheckpointFolder &)> damage;
    std::vector<std::string> message; ///< parts of the error, the file's name first
};

void cut(const CheckpointFolder &folder, const std::string &file, size_t bytes)
{
    folder.write(file, folder.read(file).substr(0, bytes));
}

std::string with_length(uint64_t length, const std::string &rest)
{
    return std::string(reinterpret_cast<const char *>(&length), 8) + rest;
}

std::vector<Bad> bad_safetensors()
{
    const std::string file = "model.safetensors";
    const auto header = [](const std::function<void(json &)> &change) {
        return [=](const CheckpointFolder &f) { f.header(change); };
    };
    const auto tensor = [=](const char *key, const json &value) {
        return header([=](json &h) { h[kQkv][key] = value; });
    };
    return {
        {"cut in the data",
         [=](const auto &f) { cut(f, file, f.read(file).size() - 100); },
         {file, "offsets out of range", "truncated"}},
        {"cut in the header",
         [=](const auto &f) { cut(f, file, 500); },
         {file, "more than the file has (500)", "truncated"}},
        {"cut in the length", [=](const auto &f) { cut(f, file, 4); }, {file, "truncated", "4 bytes"}},
        {"empty", [=](const auto &f) { f.write(file, ""); }, {file, "the file is empty"}},
        {"header longer than the file",
         [=](const auto &f) { f.write(file, with_length(1 << 20, "{}")); },
         {file, "claims 1048576 bytes"}},
        {"header of absurd length",
         [=](const auto &f) { f.write(file, with_length(~uint64_t(0), "{}")); },
         {file, "claims 18446744073709551615 bytes"}},
        {"header not JSON", [=](const auto &f) { f.raw("{\"a\": ", ""); }, {file, "not valid JSON"}},
        {"header a list", [=](const auto &f) { f.raw("[1, 2]", ""); }, {file, "not a JSON object"}},
        {"header nested very deep",
         [=](const auto &f) { f.raw(std::string(200000, '['), ""); },
         {file, "not valid JSON"}},
        {"tensor twice",
         [=](const auto &f) {
             f.raw(
                 R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                 "");
         },
         {file, "has \"a\" twice"}},
        {"metadata not strings",
         header([](json &h) {
             h["__metadata__"] = {{"format", 3}};
         }),
         {file, "__metadata__", "\"format\""}},
        {"unknown dtype", tensor("dtype", "F4"), {file, kQkv, "unknown dtype \"F4\""}},
        {"dtype a number", tensor("dtype", 4), {file, kQkv, "dtype that is not a name"}},
        {"no shape", header([](json &h) { h[kQkv].erase("shape"); }), {file, kQkv, "no \"shape\""}},
        {"negative shape", tensor("shape", {-48, 16}), {file, kQkv, "something else than whole numbers"}},
        {"fractional shape", tensor("shape", {48.5, 16}), {file, kQkv, "something else than whole numbers"}},
        {"shape that overflows", tensor("shape", {uint64_t(1) << 40, uint64_t(1) << 40}), {file, kQkv, "absurd shape"}},
        {"shape larger than any file", tensor("shape", {uint64_t(1) << 62}), {file, kQkv, "does not fit its shape"}},
        {"shape that does not fit the bytes",
         tensor("shape", {48, 17}),
         {file, kQkv, "does not fit its shape [48,17] of F32"}},
        {"offsets reversed", tensor("data_offsets", {100, 50}), {file, kQkv, "offsets out of range"}},
        {"offsets beyond the file",
         tensor("data_offsets", {uint64_t(1) << 63, (uint64_t(1) << 63) + 3072}),
         {file, kQkv, "offsets out of range"}},
        {"one offset", tensor("data_offsets", {100}), {file, kQkv, "not two whole numbers"}},
        {"overlap",
         header([](json &h) {
             const auto at = h["gpt_neox.layers.0.attention.query_key_value.weight"]["data_offsets"];
             h[kQkv]["data_offsets"] = at;
         }),
         {file, kQkv, "overlapping offsets"}},
        {"bytes of no tensor",
         [=](const auto &f) { f.write(file, f.read(file) + "more"); },
         {file, "4 bytes at the end belong to no tensor"}},
        {"hole", header([](json &h) { h.erase(kQkv); }), {file, "belong to no tensor"}},
    };
}

std::vector<Bad> bad_tensors()
{
    const std::string file = "model.safetensors";
    const auto arrays = [](const std::function<void(ArrayMap &)> &change) {
        return [=](const CheckpointFolder &f) { f.tensors(change); };
    };
    const auto config = [](const char *key, const json &value) {
        return [=](const CheckpointFolder &f) { f.config([=](json &c) { c[key] = value; }); };
    };
    return {
        {"missing tensor", arrays([](ArrayMap &a) { a.erase(kQkv); }), {file, "lacks the tensor " + kQkv}},
        {"missing unembedding",
         arrays([](ArrayMap &a) { a.erase("embed_out.weight"); }),
         {file, "lacks the tensor embed_out.weight"}},
        {"extra tensor",
         arrays([](ArrayMap &a) {
             a["gpt_neox.layers.0.adapter.weight"] = {{1}, std::vector<float>{1}};
         }),
         {file, "gpt_neox.layers.0.adapter.weight", "no place for"}},
        {"more layers than config.json says",
         config("num_hidden_layers", 1),
         {file, "12 tensors", "gpt_neox.layers.1."}},
        {"fewer layers than config.json says",
         config("num_hidden_layers", 3),
         {file, "lacks the tensor gpt_neox.layers.2."}},
        {"other vocabulary",
         config("vocab_size", 24),
         {file, "gpt_neox.embed_in.weight", "[23, 16]", "asks for [24, 16]"}},
        {"gigantic vocabulary",
         config("vocab_size", 60'000'000),
         {file, "gpt_neox.embed_in.weight", "asks for [60000000, 16]"}},
        {"other MLP width",
         config("intermediate_size", 32),
         {file, "dense_h_to_4h.weight", "[24, 16]", "asks for [32, 16]"}},
        {"NaN",
         arrays([](ArrayMap &a) { a[kQkv].floats()[77] = std::numeric_limits<float>::quiet_NaN(); }),
         {file, kQkv, "1 number that is NaN or infinite"}},
        {"infinities",
         arrays([](ArrayMap &a) {
             a["embed_out.weight"].floats()[0] = std::numeric_limits<float>::infinity();
             a["embed_out.weight"].floats()[300] = -std::numeric_limits<float>::infinity();
         }),
         {file, "embed_out.weight", "2 numbers that are NaN or infinite"}},
        {"whole numbers",
         arrays([](ArrayMap &a) { a["embed_out.weight"].values = std::vector<int64_t>(size_t(23 * 16), 1); }),
         {file, "embed_out.weight", "I64"}},
    };
}

std::vector<Bad> bad_configs()
{
    const std::string file = "config.json";
    std::vector<Bad> out;
    for (const char *key : {"hidden_size", "intermediate_size", "max_position_embeddings", "num_attention_heads",
                            "num_hidden_layers", "vocab_size", "model_type"})
        out.push_back({key,
                       [=](const CheckpointFolder &f) { f.config([=](json &c) { c.erase(key); }); },
                       {file, std::string("lacks the key \"") + key + "\""}});
    const auto set = [&](const char *what, const char *key, const json &value, std::vector<std::string> message) {
        message.insert(message.begin(), {file, key});
        out.push_back(
            {what, [=](const CheckpointFolder &f) { f.config([=](json &c) { c[key] = value; }); }, std::move(message)});
    };
    set("unknown family", "model_type", "mamba", {});
    out.back().message = {file, "\"mamba\" is not supported", family_names()};
    set("unsupported activation", "hidden_act", "gelu_10", {"\"gelu_10\" is not supported"});
    set("scaled rotary embeddings", "rope_scaling", {{"type", "axial"}, {"factor", 2.0}},
        {"\"axial\" are not supported"});
    set("scaled rotary embeddings, newer", "rope_parameters", {{"rope_type", "proportional"}, {"rope_theta", 5e5}},
        {"\"proportional\" are not supported"});
    set("scaling with a setting of its own", "rope_scaling", {{"rope_type", "linear"}, {"factor", 2}, {"slope", 3}},
        {"the key \"slope\" is not known"});
    set("a choice nobody knows", "residual_gate", 0.5,
        {"the key \"residual_gate\" is not known to the family gpt_neox"});
    set("experts", "num_local_experts", 8, {"a mixture of experts"});
    set("scaling without its factor", "rope_scaling", {{"rope_type", "linear"}}, {"lacks the key \"factor\""});
    set("scaling without its context", "rope_scaling",
        {{"rope_type", "llama3"}, {"factor", 8}, {"low_freq_factor", 1}, {"high_freq_factor", 4}},
        {"lacks the key \"original_max_position_embeddings\""});
    set("scaling between no bounds", "rope_scaling",
        {{"rope_type", "llama3"},
         {"factor", 8},
         {"low_freq_factor", 4},
         {"high_freq_factor", 4},
         {"original_max_position_embeddings", 8192}},
        {"low_freq_factor is not below high_freq_factor"});
    set("scaling the other way", "rope_scaling", {{"rope_type", "linear"}, {"factor", 0.5}}, {"the factor is below 1"});
    set("heads that do not divide", "num_attention_heads", 5, {"not a multiple"});
    set("no layers", "num_hidden_layers", 0, {"not a sensible size: 0"});
    set("negative size", "hidden_size", -16, {"not a sensible size: -16"});
    set("size as text", "hidden_size", "16", {"not a sensible size"});
    set("absurd size", "hidden_size", uint64_t(1) << 62, {"not a sensible size"});
    set("absurd number of layers", "num_hidden_layers", 1'000'000'000, {});
    out.back().message = {file, "layers = 1000000000 is out of range"};
    set("eps as text", "layer_norm_eps", "small", {"not a positive number"});
    set("flag as number", "use_parallel_residual", 1, {"neither true nor false"});
    set("odd rotary dimensions", "rotary_pct", 0.75, {});
    out.back().message = {file, "3 dimensions"};
    out.push_back({"not JSON", [=](const auto &f) { f.write(file, "{"); }, {file, "not valid JSON"}});
    out.push_back({"a list", [=](const auto &f) { f.write(file, "[]"); }, {file, "not a JSON object"}});
    out.push_back(
        {"missing", [=](const auto &f) { std::filesystem::remove(f.path(file)); }, {file, "cannot be opened"}});
    out.push_back({"no weights",
                   [](const auto &f) { std::filesystem::remove(f.path("model.safetensors")); },
                   {"model", "holds no weights", "pytorch_model.bin"}});
    return out;
}

std::vector<Bad> bad_shards()
{
    const std::string index = "model.safetensors.index.json", first = "model-00001-of-00002.safetensors";
    const auto map = [=](const std::function<void(json &)> &change) {
        return [=](const CheckpointFolder &f) {
            json root = json::parse(f.read(index));
            change(root);
            f.write(index, root.dump());
        };
    };
    return {
        {"shard absent", [=](const auto &f) { std::filesystem::remove(f.path(first)); }, {first, "is missing", index}},
        {"shard truncated", [=](const auto &f) { cut(f, first, 3000); }, {first, "truncated"}},
        {"no map", map([](json &r) { r.erase("weight_map"); }), {index, "\"weight_map\""}},
        {"outside the folder",
         map([](json &r) { r["weight_map"]["model.norm.weight"] = "../other.safetensors"; }),
         {index, "model.norm.weight", "beside it"}},
        {"tensor not where the index says",
         map([=](json &r) { r["weight_map"]["model.norm.weight"] = first; }),
         {first, "lacks the tensor model.norm.weight"}},
        {"tensor not in the index",
         map([](json &r) { r["weight_map"].erase("model.norm.weight"); }),
         {index, "lacks the tensor model.norm.weight"}},
    };
}

std::vector<Bad> bad_pytorch()
{
    const std::string file = "pytorch_model.bin";
    // Stored entries can be changed in place: libzip does not check their sum unless they are read to the end.
    const auto swap = [=](const std::string &from, const std::string &to) {
        return [=](const CheckpointFolder &f) {
            std::string bytes = f.read(file);
            const size_t at = bytes.find(from);
            if (at == std::string::npos || from.size() != to.size())
                throw std::logic_error("nothing to change");
            f.write(file, bytes.replace(at, to.size(), to));
        };
    };
    return {
        {"old format",
         [=](const auto &f) {
             f.write(file, std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02", 17));
         },
         {file, "before version 1.6"}},
        {"not PyTorch", [=](const auto &f) { f.write(file, "hello"); }, {file, "not a file that torch.save wrote"}},
        {"empty", [=](const auto &f) { f.write(file, ""); }, {file, "empty"}},
        {"truncated", [=](const auto &f) { cut(f, file, f.read(file).size() / 2); }, {file, "zip"}},
        {"a call of something else",
         swap("torch._utils\n_rebuild_tensor_v2", "subprocess12\n_rebuild_tensor_v2"),
         {file}},
        {"unknown storage", swap("FloatStorage", "ComplStorage"), {file}},
    };
}

} // namespace

class TestBadCheckpoints : public QObject {
    Q_OBJECT

    std::vector<Bad> m_cases;
    static void rows(const std::vector<Bad> &cases)
    {
        QTest::addColumn<int>("index");
        for (size_t i = 0; i < cases.size(); ++i)
            QTest::newRow(cases[i].what) << int(i);
    }
    static void check(const std::vector<Bad> &cases, const std::string &model)
    {
        QFETCH(int, index);
        const Bad &bad = cases[size_t(index)];
        const CheckpointFolder folder(model);
        QCOMPARE(folder.error(), std::string()); // what is not damaged loads
        bad.damage(folder);
        const std::string error = folder.error();
        QVERIFY2(!error.empty(), "it loaded");
        for (const std::string &part : bad.message)
            QVERIFY2(error.find(part) != std::string::npos, (error + "\n   lacks: " + part).c_str());
    }

private Q_SLOTS:
    void safetensors_data() { rows(bad_safetensors()); }
    void safetensors() { check(bad_safetensors(), "tiny-neox"); }
    void tensors_data() { rows(bad_tensors()); }
    void tensors() { check(bad_tensors(), "tiny-neox"); }
    void configs_data() { rows(bad_configs()); }
    void configs() { check(bad_configs(), "tiny-neox"); }
    void shards_data() { rows(bad_shards()); }
    void shards() { check(bad_shards(), "tiny-llama"); }
    void pytorch_data() { rows(bad_pytorch()); }
    void pytorch() { check(bad_pytorch(), "tiny-gpt2"); }

    void unsupported_llama_and_gpt2_choices()
    {
        const CheckpointFolder llama("tiny-llama");
        llama.config([](json &c) { c["mlp_bias"] = true; });
        QVERIFY(llama.error().find("lacks the tensor model.layers.0.mlp.gate_proj.bias") != std::string::npos);
        llama.config([](json &c) { c["mlp_bias"] = false, c["num_key_value_heads"] = 3; });
        QVERIFY(llama.error().find("cannot share 3 key/value heads") != std::string::npos);
        const CheckpointFolder gpt2("tiny-gpt2");
        gpt2.config([](json &c) { c["scale_attn_by_inverse_layer_idx"] = true; });
        QVERIFY(gpt2.error().find("\"scale_attn_by_inverse_layer_idx\": true is not supported") != std::string::npos);
    }

    // A file that there is no room to map is no bad file: memory has run out, and that is what is said.
    void a_file_for_which_there_is_no_address_space()
    {
        constexpr uint64_t size = uint64_t(4) << 30;
        const QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath(QStringLiteral("large")).toStdString();
        std::ofstream(path) << 'x';
        std::filesystem::resize_file(path, size); // takes no room on the disk
        uint64_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        rlimit before{};
        QCOMPARE(getrlimit(RLIMIT_AS, &before), 0);
        const rlimit limit{pages * uint64_t(sysconf(_SC_PAGESIZE)) + size / 2, before.rlim_max};
        QCOMPARE(setrlimit(RLIMIT_AS, &limit), 0);
        bool told = false;
        try {
            const MappedFile mapped(path);
        } catch (const std::exception &error) {
            told = means_out_of_memory(error);
        }
        setrlimit(RLIMIT_AS, &before);
        QVERIFY(told);
    }

    void a_refused_file_is_not_hashed_to_its_end()
    {
        // A tensor that no one asked for, of 16 GB that take no room on the disk.
        constexpr uint64_t size = uint64_t(16) << 30;
        const CheckpointFolder folder;
        folder.header([=](json &h) {
            uint64_t end = 0;
            for (const auto &[tensor, entry] : h.items())
                if (entry.contains("data_offsets"))
                    end = std::max(end, entry["data_offsets"][1].get<uint64_t>());
            h["extra"] = {{"dtype", "U8"}, {"shape", {size}}, {"data_offsets", {end, end + size}}};
        });
        const std::filesystem::path file = folder.path("model.safetensors");
        std::filesystem::resize_file(file, std::filesystem::file_size(file) + size);
        const std::clock_t begun = std::clock();
        VERIFY_MESSAGE(Model::load({folder.path(), {}, true}), "no place for: extra");
        const double seconds = double(std::clock() - begun) / CLOCKS_PER_SEC; // of processor time, all threads together
        QVERIFY2(seconds < 3, qPrintable(QStringLiteral("%1 s").arg(seconds)));
    }

    void absent_folder()
    {
        try {
            Model::load({"/nonexistent/model", {}, true});
            QFAIL("it loaded");
        } catch (const Error &error) {
            QCOMPARE(
                std::string(error.what()),
                std::string("/nonexistent/model: does not exist; give the folder with config.json and the weights"));
        }
    }

    void prompts_that_do_not_fit()
    {
        const HookedTransformer transformer(CheckpointFolder().load());
        const auto error = [&](const Tokens &tokens) -> std::string {
            try {
                transformer.run(tokens, {});
            } catch (const Error &error) {
                return error.what();
            }
            return {};
        };
        QCOMPARE(error({1, 17, std::vector<int64_t>(17, 1)}),
                 std::string("prompts: the longest prompt has 17 tokens; this model's context is 16"));
        QCOMPARE(error({2, 3, {0, 1, 2, 3, 4, 23}}),
                 std::string("prompt 2: token id 23 at position 2 is outside the vocabulary of 23"));
        QCOMPARE(error({1, 2, {0, -1}}),
                 std::string("prompt 1: token id -1 at position 1 is outside the vocabulary of 23"));
        QVERIFY(error({2, 3, {0, 1}}).find("do not fit") != std::string::npos);
        QVERIFY(error({0, 0, {}}).find("no tokens") != std::string::npos);
        QCOMPARE(error({1, 16, std::vector<int64_t>(16, 1)}), std::string());
    }
};

QTEST_GUILESS_MAIN(TestBadCheckpoints)
#include "test_bad_checkpoints.moc"
