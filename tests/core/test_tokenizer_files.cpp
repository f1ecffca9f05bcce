// Where a folder's tokenizer comes from: tokenizer.json with what is usual in it, or vocab.json with merges.txt. Ids
// are Hugging Face's.
#include "core/error_message.h"
#include "core/made_tokenizers.h"
#include "io/array_files.h"
#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QtTest>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;
using Ids = std::vector<int64_t>;

namespace {

const fs::path kCases = PATCHBAY_SOURCE_DIR "/../shared/cases/tokenizers-other-than-byte-level-bpe";

json small_json()
{
    return json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json"));
}

/// A folder with the small tokenizer as vocab.json and merges.txt.
struct VocabFolder {
    VocabFolder()
    {
        const json model = small_json()["model"];
        json vocabulary = model["vocab"];
        vocabulary["<|endoftext|>"] = 700;
        vocabulary["<pad>"] = 701;
        std::string merges = "#version: 0.2\n";
        for (const json &merge : model["merges"])
            merges += merge.is_string() ? merge.get<std::string>() + "\n"
                                        : merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
        write("vocab.json", vocabulary.dump());
        write("merges.txt", merges + "\n");
    }
    fs::path path() const { return dir.path().toStdString(); }
    void write(const char *file, const std::string &text) const { write_file(path() / file, text); }
    std::unique_ptr<Tokenizer> open() const { return Tokenizer::open(path()); }
    QTemporaryDir dir;
};

} // namespace

class TestTokenizerFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void cases_data()
    {
        QTest::addColumn<bool>("lower");
        QTest::newRow("bytelevel-plain") << false;
        QTest::newRow("bytelevel-config-tuple") << false;
        QTest::newRow("bytelevel-lowercase") << true;
        QTest::newRow("bytelevel-no-decoder") << false;
        QTest::newRow("bytelevel-truncation-padding-saved") << false;
        QTest::newRow("vocab-merges-only") << false;
    }
    void cases()
    {
        if (!fs::exists(kCases))
            QSKIP("../shared/cases is not there");
        QFETCH(bool, lower);
        const auto tokenizer = Tokenizer::open(kCases / QTest::currentDataTag());
        const auto compare = [&](const char *text, const Ids &plain, const Ids &lowered) {
            QCOMPARE(tokenizer->encode(text), lower ? lowered : plain);
        };
        compare("When Mary and John went to the store, John gave a ring to",
                {272, 311, 271, 306, 274, 260, 270, 346, 12, 306, 273, 259, 339, 260},
                {87,  72,  258, 221, 77,  261, 89,  271, 221, 74,  294, 274,
                 260, 270, 346, 12,  221, 74,  294, 273, 259, 339, 260});
        compare(" Anna", {307}, {259, 78, 293});
        compare("  \u00c0\u00c9 \u00dcn\u00efcode \u0391\u03a3 \u03c2 \u0130 12,345!\n\t\u65e5\u672c",
                {221, 221, 128, 223, 128, 232, 221, 128, 251, 78,  128, 108, 67,  79, 68,
                 69,  221, 139, 240, 139, 97,  221, 140, 225, 221, 129, 109, 221, 17, 18,
                 12,  19,  20,  21,  1,   199, 198, 163, 246, 99,  163, 251, 106},
                {221, 221, 128, 255, 128, 103, 221, 128, 121, 78,  128, 108, 67,  79,  68,
                 69,  221, 139, 110, 140, 226, 221, 140, 225, 221, 73,  137, 230, 221, 17,
                 18,  12,  19,  20,  21,  1,   199, 198, 163, 246, 99,  163, 251, 106});
        compare("<|endoftext|>Emma<|ENDOFTEXT|>", {0, 281, 292, 28, 92, 37, 46, 36, 47, 38, 52, 37, 56, 52, 92, 30},
                {0, 69, 77, 292, 28, 92, 258, 68, 79, 70, 84, 69, 88, 84, 92, 30});
        compare("", {}, {});
        QCOMPARE(tokenizer->token(307), std::string(" Anna"));
        QCOMPARE(tokenizer->eos_id().value(), int64_t(0));
    }

    void what_a_tokenizer_json_may_leave_out()
    {
        const Ids expected = Tokenizer::from_json(small_json().dump(), "t")->encode("When Anna");
        for (const char *key : {"decoder", "normalizer", "post_processor"}) {
            json file = small_json();
            file[key] = nullptr;
            QCOMPARE(Tokenizer::from_json(file.dump(), "t")->encode("When Anna"), expected);
            file.erase(key);
            QCOMPARE(Tokenizer::from_json(file.dump(), "t")->encode("When Anna"), expected);
        }
        json file = small_json();
        file["normalizer"] = {{"type", "Lowercase"}};
        QCOMPARE(
            Tokenizer::from_json(file.dump(), "t")->decode(Tokenizer::from_json(file.dump(), "t")->encode("When ANNA")),
            std::string("when anna"));
    }

    void odd_entries_of_tokenizer_config_cost_no_tokenizer()
    {
        const VocabFolder folder;
        folder.write("tokenizer.json", small_json().dump());
        const int64_t end = *folder.open()->single("<|end|>");
        for (const char *eos : {R"(["<|end|>"])", R"("<|end|>")", R"({"content": "<|end|>"})"}) {
            folder.write("tokenizer_config.json", std::string("{\"eos_token\": ") + eos + "}");
            QCOMPARE(folder.open()->eos_id().value(), end);
        }
        for (const char *eos : {"[]", "7", "{}", "[\"a\", \"b\"]", "true"}) {
            folder.write("tokenizer_config.json", std::string("{\"eos_token\": ") + eos + "}");
            QCOMPARE(folder.open()->encode("<|end|>"), Ids{end});
        }
    }

    // What it would say is lost, and nothing else.
    void a_tokenizer_config_that_is_no_json_costs_no_tokenizer()
    {
        const VocabFolder folder;
        for (const bool whole : {false, true}) {
            if (whole)
                folder.write("tokenizer.json", small_json().dump());
            fs::remove(folder.path() / "tokenizer_config.json");
            const auto without = folder.open();
            QVERIFY(without->warnings().empty());
            for (const char *config : {"{\"add_bos_token\": ", "", "[1]", "\xFF\xFE"}) {
                folder.write("tokenizer_config.json", config);
                const auto tokenizer = folder.open();
                QCOMPARE(tokenizer->encode("When Anna"), without->encode("When Anna"));
                QCOMPARE(tokenizer->bos_id(), without->bos_id());
                QCOMPARE(tokenizer->beginning(Bos::Auto), Ids{});
                QVERIFY(tokenizer->warnings().size() >= 1);
                QVERIFY(tokenizer->warnings()[0].find("tokenizer_config.json: ") != std::string::npos);
            }
        }
    }

    void whether_a_text_begins_with_a_token()
    {
        const VocabFolder folder;
        const auto says = [&](const char *config) {
            folder.write("tokenizer_config.json", config);
            return folder.open()->beginning(Bos::Auto);
        };
        QCOMPARE(says(R"({"bos_token": "<pad>"})"), Ids{});
        QCOMPARE(says(R"({"bos_token": "<pad>", "add_bos_token": true})"), Ids{701});
        QCOMPARE(says(R"({"bos_token": "<pad>", "add_bos_token": false})"), Ids{});
        json file = small_json();
        file["post_processor"] = {{"type", "TemplateProcessing"},
                                  {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}},
                                  {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {3}}}}}}};
        folder.write("tokenizer.json", file.dump());
        QCOMPARE(says("{}"), Ids{3});
        QCOMPARE(says(R"({"add_bos_token": true})"), Ids{3});
        QCOMPARE(says(R"({"add_bos_token": false})"), Ids{});
        QCOMPARE(folder.open()->beginning(Bos::Yes), Ids{3});
    }

    void vocab_and_merges_are_the_same_tokenizer()
    {
        const VocabFolder folder;
        json file = small_json();
        file["normalizer"] = nullptr;
        file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
        const auto whole = Tokenizer::from_json(file.dump(), "t"), parts = folder.open();
        const std::string text = "When Anna and Boris went to the shop, Anna gave a ring to";
        QCOMPARE(parts->encode(text), whole->encode(text));
        QCOMPARE(parts->encode("a<|endoftext|>"), (Ids{whole->encode("a")[0], 700}));
        QCOMPARE(parts->eos_id().value(), int64_t(700));
        QCOMPARE(tokenizer_file(folder.path()), folder.path() / "vocab.json");
        // Line ends of another system.
        std::string merges = read_file(folder.path() / "merges.txt");
        for (size_t at = 0; (at = merges.find('\n', at)) != std::string::npos; at += 2)
            merges.insert(at, 1, '\r');
        folder.write("merges.txt", merges);
        QCOMPARE(folder.open()->encode(text), whole->encode(text));
    }

    void vocab_and_merges_of_qwen2()
    {
        json file = testing::made("qwen")["tokenizer"];
        file["model"]["ignore_merges"] = false;
        const auto whole = Tokenizer::from_json(file.dump(), "t");
        const VocabFolder folder;
        folder.write("vocab.json", file["model"]["vocab"].dump());
        std::string merges;
        for (const json &merge : file["model"]["merges"])
            merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
        folder.write("merges.txt", merges);
        json config = {{"tokenizer_class", "Qwen2TokenizerFast"}, {"add_prefix_space", false}};
        for (const json &token : file["added_tokens"])
            config["added_tokens_decoder"][std::to_string(token["id"].get<int>())] = token;
        folder.write("tokenizer_config.json", config.dump());
        const auto parts = folder.open();
        for (const json &text : testing::made("texts"))
            QCOMPARE(parts->encode(text.get<std::string>()), whole->encode(text.get<std::string>()));
    }

    void special_tokens_beside_vocab_and_merges()
    {
        const VocabFolder folder;
        folder.write("tokenizer_config.json",
                     R"({"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true, "pad_token": "<pad>",
            "added_tokens_decoder": {"710": {"content": "<left>", "lstrip": true, "special": true}}})");
        folder.write("added_tokens.json", R"({"<new>": 720})");
        folder.write(
            "special_tokens_map.json",
            R"({"bos_token": {"content": "<|endoftext|>"}, "additional_special_tokens": ["<new>", "<none>"]})");
        const auto tokenizer = folder.open();
        QCOMPARE(tokenizer->encode("<pad>  <left><new><|endoftext|>"), (Ids{701, 710, 720, 700}));
        QCOMPARE(tokenizer->pad_id().value(), int64_t(701));
        QCOMPARE(tokenizer->token(tokenizer->encode("Anna")[0]), std::string(" Anna"));
    }

    void what_cannot_be_read_is_named()
    {
        const VocabFolder folder;
        folder.write("tokenizer_config.json", R"({"tokenizer_class": "GemmaTokenizer"})");
        VERIFY_MESSAGE(folder.open(),
                       "vocab.json: belongs to a GemmaTokenizer, which cuts text by a pattern of its own");
        folder.write("tokenizer_config.json", "{}");
        folder.write("merges.txt", "#version: 0.2\na b c\n");
        VERIFY_MESSAGE(folder.open(),
                       "vocab.json with merges.txt: model.merges: entry 0 (\"a b c\") should be two tokens");
        fs::remove(folder.path() / "merges.txt");
        VERIFY_MESSAGE(folder.open(),
                       "has no tokenizer: neither tokenizer.json nor vocab.json with merges.txt is there");
        folder.write("spiece.model", "x");
        VERIFY_MESSAGE(
            folder.open(),
            "spiece.model: is a SentencePiece model, which is not read; transformers converts it to tokenizer.json");
    }
};

QTEST_GUILESS_MAIN(TestTokenizerFiles)
#include "test_tokenizer_files.moc"
