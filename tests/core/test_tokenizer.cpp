// Tokenizers: every golden case of three published files, and every component on a small file of our own.
#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "text/tokenizer.h"

#include <QTemporaryDir>
#include <QtTest>

#include <ctime>
#include <fstream>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

const fs::path small_file = PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json";

json small_json()
{
    return json::parse(read_file(small_file));
}

std::unique_ptr<Tokenizer> tokenizer_of(const json &file)
{
    return Tokenizer::from_json(file.dump(), "tokenizer.json");
}

Strings tokens_of(const Tokenizer &tokenizer, const std::string &text)
{
    Strings result;
    for (const int64_t id : tokenizer.encode(text))
        result.push_back(tokenizer.token(id));
    return result;
}

/// Makes a token of two others, and the merge for it, as a pair or as a text.
void add_merge(json &file, const std::string &left, const std::string &right)
{
    json &vocab = file["model"]["vocab"];
    if (!vocab.contains(left + right))
        vocab[left + right] = 1000 + vocab.size(); // beyond the added tokens
    file["model"]["merges"].push_back({left, right});
}

} // namespace

class TestTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void golden_data();
    void golden();
    void words();
    void added_tokens();
    void normal_forms();
    void ill_formed_text();
    void splits_data();
    void splits();
    void llama_style();
    void published_patterns();
    void ignore_merges();
    void unknown_token();
    void long_inputs();
    void special_ids();
};

void TestTokenizer::golden_data()
{
    QTest::addColumn<QString>("folder");
    for (const char *name : {"neox", "gpt2", "smollm2"})
        QTest::newRow(name) << QStringLiteral(PATCHBAY_SOURCE_DIR "/../shared/fixtures/tokenizers/") + name;
}

void TestTokenizer::golden()
{
    QFETCH(QString, folder);
    const fs::path path = folder.toStdString();
    if (!fs::exists(path))
        QSKIP("../shared/fixtures/tokenizers is not there");
    const auto tokenizer = Tokenizer::load(path / "tokenizer.json");
    std::ifstream cases(path / "cases.jsonl");
    int count = 0, wrong = 0;
    for (std::string line; std::getline(cases, line); ++count) {
        const auto expected = json::parse(line);
        const std::string text = expected["text"];
        const auto ids = tokenizer->encode(text);
        Strings tokens;
        for (const int64_t id : expected["ids"].get<std::vector<int64_t>>())
            tokens.push_back(tokenizer->token(id));
        if (ids != expected["ids"].get<std::vector<int64_t>>() || tokens != expected["tokens"].get<Strings>()
            || tokenizer->decode(ids) != expected["decoded"].get<std::string>()) {
            ++wrong;
            qWarning("case %d (%s): %s", count, expected["group"].get<std::string>().c_str(), in_quotes(text).c_str());
        }
    }
    QCOMPARE(wrong, 0);
    QCOMPARE(count, 714);
    // Padded with the end-of-text token, as the data sets in fixtures/ioi are.
    const std::map<std::string, int64_t> pads{{"neox", 0}, {"gpt2", 50256}, {"smollm2", 2}};
    QCOMPARE(tokenizer->pad_id().value(), pads.at(path.filename()));
    QCOMPARE(tokenizer->bos_id().value(), path.filename() == "smollm2" ? 1 : pads.at(path.filename()));
}

void TestTokenizer::words()
{
    const auto tokenizer = Tokenizer::load(small_file);
    const std::string text = "When Anna and Boris went to the shop, Anna gave a ring to";
    QCOMPARE(tokens_of(*tokenizer, text),
             (Strings{"When", " Anna", " and", " Boris", " went", " to", " the", " shop", ",", " Anna", " gave", " a",
                      " ring", " to"}));
    QCOMPARE(tokenizer->decode(tokenizer->encode(text)), text);
    QVERIFY(tokenizer->single(" Felix").has_value());
    QCOMPARE(tokenizer->token(*tokenizer->single(" Felix")), std::string(" Felix"));
    QVERIFY(!tokenizer->single(" Gregor").has_value());
    QVERIFY(!tokenizer->single("").has_value());
    QCOMPARE(tokenizer->encode("").size(), size_t(0));
    QVERIFY(tokenizer->contains(0));
    QVERIFY(!tokenizer->contains(-1));
    QVERIFY(!tokenizer->contains(tokenizer->size()));
    QVERIFY_THROWS_EXCEPTION(Error, tokenizer->token(tokenizer->size()));
}

void TestTokenizer::added_tokens()
{
    const auto tokenizer = Tokenizer::load(small_file);
    QCOMPARE(tokens_of(*tokenizer, "a<|end|>b"), (Strings{"a", "<|end|>", "b"}));
    QCOMPARE(tokens_of(*tokenizer, "a<|end|b"), (Strings{"a", "<", "|", "e", "n", "d", "|", "b"}));
    // lstrip and rstrip take in the white space beside the token, and only on their side.
    QCOMPARE(tokens_of(*tokenizer, "a  <left> b"), (Strings{"a", "<left>", " b"}));
    QCOMPARE(tokens_of(*tokenizer, "a <right>  b"), (Strings{"a", " ", "<right>", "b"}));
    QCOMPARE(tokens_of(*tokenizer, "<right>  <left>"), (Strings{"<right>", "<left>"}));
    // single_word: not inside another word.
    QCOMPARE(tokens_of(*tokenizer, "word"), (Strings{"word"}));
    QCOMPARE(tokens_of(*tokenizer, "(word)"), (Strings{"(", "word", ")"}));
    QCOMPARE(tokens_of(*tokenizer, "word_"), (Strings{"w", "o", "r", "d", "_"}));
    QCOMPARE(tokens_of(*tokenizer, "swords"), (Strings{"s", "w", "o", "r", "d", "s"}));
    // The longest of two that begin alike.
    json file = small_json();
    for (const char *content : {"<x", "<x>y"})
        file["added_tokens"].push_back(
            {{"id", 900 + file["added_tokens"].size()}, {"content", content}, {"special", true}});
    const auto more = tokenizer_of(file);
    QCOMPARE(tokens_of(*more, "<x>y<x>z<x"), (Strings{"<x>y", "<x", ">", "z", "<x"}));
}

void TestTokenizer::normal_forms()
{
    const std::string composed = "\u00e9", decomposed = "e\u0301";
    // NFC: both spellings are the one token that the file has for the composed one.
    const auto nfc = Tokenizer::load(small_file);
    QCOMPARE(tokens_of(*nfc, decomposed), (Strings{composed}));
    json file = small_json();
    file["normalizer"] = nullptr;
    QCOMPARE(tokenizer_of(file)->decode(tokenizer_of(file)->encode(composed)), composed);
    QCOMPARE(tokens_of(*tokenizer_of(file), composed), (Strings{composed}));
    // Compatibility forms change what NFC leaves alone: the ligature fi, a circled letter.
    for (const char *form : {"NFKC", "NFKD"}) {
        file["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", form}}}}};
        QCOMPARE(tokenizer_of(file)->decode(tokenizer_of(file)->encode("\ufb01\u24d0")), std::string("fia"));
    }
    file["normalizer"] = {{"type", "NFD"}};
    QCOMPARE(tokens_of(*tokenizer_of(file), "\u00e9").front(), std::string("e"));
    // A raw added token is found before normalization, a normalized one after it.
    file = small_json();
    file["added_tokens"].push_back({{"id", 901}, {"content", "[" + decomposed + "]"}, {"normalized", false}});
    file["added_tokens"].push_back({{"id", 902}, {"content", "{" + decomposed + "}"}, {"normalized", true}});
    const auto both = tokenizer_of(file);
    QCOMPARE(both->encode("[" + decomposed + "]"), std::vector<int64_t>{901});
    QVERIFY(both->encode("[" + composed + "]") != std::vector<int64_t>{901});
    QCOMPARE(both->encode("{" + composed + "}"), std::vector<int64_t>{902});
    QCOMPARE(both->encode("{" + decomposed + "}"), std::vector<int64_t>{902});
}

void TestTokenizer::ill_formed_text()
{
    const auto tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");
    // What is not UTF-8 is read as U+FFFD, whose bytes EF BF BD this vocabulary does not have: they vanish.
    QCOMPARE(tokens_of(*tokenizer, "a\xFFz"), (Strings{"a", "z"}));
    // A token that is part of a character shows as U+FFFD; together they are the character.
    const auto ids = tokenizer->encode("\u044f");
    QCOMPARE(ids.size(), size_t(2));
    QCOMPARE(tokenizer->token(ids[0]), std::string("\ufffd"));
    QCOMPARE(tokenizer->decode(ids), std::string("\u044f"));
    QCOMPARE(tokenizer->decode(std::vector<int64_t>{ids[0], ids[0]}), std::string("\ufffd\ufffd"));
}

void TestTokenizer::splits_data()
{
    QTest::addColumn<QString>("behavior");
    QTest::addColumn<bool>("invert");
    QTest::addColumn<QStringList>("tokens");
    // "e-f--c", split at "-". Which pieces there are shows in what BPE joins: every two neighbours are a token here.
    QTest::newRow("isolated") << "Isolated" << false << QStringList{"e", "-", "f", "-", "-", "c"};
    QTest::newRow("removed") << "Removed" << false << QStringList{"e", "f", "c"};
    QTest::newRow("previous") << "MergedWithPrevious" << false << QStringList{"e-", "f-", "-", "c"};
    QTest::newRow("next") << "MergedWithNext" << false << QStringList{"e", "-f", "-", "-c"};
    QTest::newRow("contiguous") << "Contiguous" << false << QStringList{"e", "-", "f", "--", "c"};
    QTest::newRow("inverted") << "Removed" << true << QStringList{"-", "-", "-"};
    QTest::newRow("inverted previous") << "MergedWithPrevious" << true << QStringList{"e", "-f", "-", "-c"};
}

void TestTokenizer::splits()
{
    QFETCH(QString, behavior);
    QFETCH(bool, invert);
    QFETCH(QStringList, tokens);
    json file = small_json();
    for (const char *pair : {"e-", "-f", "f-", "--", "-c"})
        add_merge(file, std::string(1, pair[0]), std::string(1, pair[1]));
    for (const json &pattern : {json{{"String", "-"}}, json{{"Regex", "-"}}}) {
        const json split{
            {"type", "Split"}, {"pattern", pattern}, {"behavior", behavior.toStdString()}, {"invert", invert}};
        file["pre_tokenizer"] = {
            {"type", "Sequence"},
            {"pretokenizers", {split, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
        QStringList ours;
        for (const std::string &token : tokens_of(*tokenizer_of(file), "e-f--c"))
            ours.append(QString::fromStdString(token));
        QCOMPARE(ours, tokens);
    }
}

void TestTokenizer::llama_style()
{
    json file = small_json();
    add_merge(file, "1", "2");
    add_merge(file, "12", "3");
    add_merge(file, "123", "4");
    const json split{
        {"type", "Split"},
        {"pattern",
         {{"Regex",
           R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}}},
        {"behavior", "Isolated"},
        {"invert", false}};
    file["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers", {split, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
    file["post_processor"] = {{"type", "Sequence"},
                              {"processors", {{{"type", "ByteLevel"}}, {{"type", "TemplateProcessing"}}}}};
    const auto tokenizer = tokenizer_of(file);
    QCOMPARE(tokens_of(*tokenizer, "1234"), (Strings{"123", "4"})); // three digits at most
    QCOMPARE(tokens_of(*tokenizer, "When Anna"), (Strings{"When", " Anna"}));
    // GPT-2's pattern takes the whole number.
    file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
    QCOMPARE(tokens_of(*tokenizer_of(file), "1234"), (Strings{"1234"}));
    for (const bool individual : {true, false}) {
        const json digits{{"type", "Digits"}, {"individual_digits", individual}};
        file["pre_tokenizer"] = {{"type", "Sequence"},
                                 {"pretokenizers", {digits, {{"type", "ByteLevel"}, {"add_prefix_space", false}}}}};
        QCOMPARE(tokens_of(*tokenizer_of(file), "1234"),
                 individual ? (Strings{"1", "2", "3", "4"}) : (Strings{"1234"}));
    }
    // A space is put before a text that has none, when the file asks for it.
    file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}};
    QCOMPARE(tokens_of(*tokenizer_of(file), "Anna"), (Strings{" Anna"}));
}

void TestTokenizer::published_patterns()
{
    // Patterns of other families that people will load: they must at least compile and lose nothing.
    for (
        const char *regex : {
            R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
            R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
            R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
        }) {
        json file = small_json();
        const json split{
            {"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}};
        file["pre_tokenizer"] = {
            {"type", "Sequence"},
            {"pretokenizers", {split, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
        const std::string text = "Then, Anna's book (12) is at   the shop. ";
        const auto tokenizer = tokenizer_of(file);
        QCOMPARE(tokenizer->decode(tokenizer->encode(text)), text);
    }
}

void TestTokenizer::ignore_merges()
{
    json file = small_json();
    file["model"]["vocab"]["zebra"] = 1000; // a token that no merge leads to
    QCOMPARE(tokens_of(*tokenizer_of(file), "zebra").size(), size_t(5));
    file["model"]["ignore_merges"] = true;
    QCOMPARE(tokens_of(*tokenizer_of(file), "zebra"), (Strings{"zebra"}));
    QCOMPARE(tokens_of(*tokenizer_of(file), "zebras").size(), size_t(6));
}

void TestTokenizer::unknown_token()
{
    json file = small_json();
    file["model"]["unk_token"] = "?";
    QCOMPARE(tokens_of(*tokenizer_of(file), "a\x01\x02z"), (Strings{"a", "?", "?", "z"}));
    file["model"]["fuse_unk"] = true;
    QCOMPARE(tokens_of(*tokenizer_of(file), "a\x01\x02z"), (Strings{"a", "?", "z"}));
}

void TestTokenizer::long_inputs()
{
    const auto tokenizer = Tokenizer::load(small_file);
    const std::clock_t begun = std::clock();
    // One piece of 300,000 letters, and a million white-space characters: neither may take quadratic time or overflow a
    // stack.
    QCOMPARE(tokenizer->encode(std::string(300'000, 'a')).size(), size_t(300'000));
    QCOMPARE(tokenizer->encode(std::string(1'000'000, '\t')).size(), size_t(0)); // no token for a tab
    std::string words;
    for (int i = 0; i < 50'000; ++i)
        words += " Anna";
    QCOMPARE(tokenizer->encode(words).size(), size_t(50'000));
    // Processor time, with room for sanitizers: quadratic work would take minutes.
    QVERIFY2(double(std::clock() - begun) / CLOCKS_PER_SEC < 20, "tokenizing a few megabytes took more than 20 s");
}

void TestTokenizer::special_ids()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    fs::copy_file(small_file, path / "tokenizer.json");
    QVERIFY(!Tokenizer::load(path / "tokenizer.json")->pad_id().has_value());
    const int64_t end = *Tokenizer::load(small_file)->single("<|end|>");
    write_file(path / "tokenizer_config.json", R"({"eos_token": {"content": "<|end|>"}, "bos_token": null})");
    QCOMPARE(Tokenizer::load(path / "tokenizer.json")->pad_id().value(), end);
    QCOMPARE(Tokenizer::load(path / "tokenizer.json")->eos_id().value(), end);
    QVERIFY(!Tokenizer::load(path / "tokenizer.json")->bos_id().has_value());
    write_file(path / "tokenizer_config.json", R"({"eos_token": "<|end|>", "pad_token": "a"})");
    QCOMPARE(Tokenizer::load(path / "tokenizer.json")->token(*Tokenizer::load(path / "tokenizer.json")->pad_id()),
             std::string("a"));
    write_file(path / "tokenizer_config.json", "{");
    QCOMPARE(Tokenizer::load(path / "tokenizer.json")->warnings().size(), size_t(1)); // test_tokenizer_files
}

QTEST_GUILESS_MAIN(TestTokenizer)
#include "test_tokenizer.moc"
