// Tokenizer files that cannot be read: each says which file, which place in it, and what is wrong there.
#include "core/error_message.h"
#include "io/array_files.h"
#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <QtTest>

using namespace patchbay;
using nlohmann::json;

class TestTokenizerErrors : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bad_files_data();
    void bad_files();
    void bad_json();
};

void TestTokenizerErrors::bad_files_data()
{
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QString>("value"); // empty: the member is taken out
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const char *pointer, const char *value, const char *message) {
        QTest::newRow(name) << pointer << value << message;
    };
    row("no model", "/model", "", "tokenizer.json: model: missing");
    row("no vocabulary", "/model/vocab", "", "tokenizer.json: model.vocab: missing");
    row("empty vocabulary", "/model/vocab", "{}",
        "model.vocab: should be an object of tokens and their ids, and not empty");
    row("no merges", "/model/merges", "", "tokenizer.json: model.merges: missing");
    row("model type", "/model/type", "\"Magic\"",
        "model.type: \"Magic\" is not supported (only BPE, Unigram, WordPiece, WordLevel)");
    row("no list", "/model/type", "\"Unigram\"",
        "model.vocab: should be an array of tokens with their scores, and not empty");
    row("scores", "/model", R"({"type": "Unigram", "vocab": [["a", -1.5], ["b"]]})",
        "model.vocab: entry 1 should be a token and its score");
    row("unk_id", "/model", R"({"type": "Unigram", "vocab": [["a", -1.5]], "unk_id": 1})",
        "model.unk_id: should be an integer from 0 to 0");
    row("sampling", "/model", R"({"type": "Unigram", "vocab": [["a", -1.5]], "alpha": 0.1})",
        "model.alpha: is not supported: it makes tokens random");
    row("no unknown word", "/model", R"({"type": "WordPiece", "vocab": {"a": 0}})",
        "model: unk_token: \"[UNK]\" is not in model.vocab");
    row("id", "/model/vocab/a", "-1", "model.vocab[\"a\"]: should be an integer from 0 to 16777215");
    row("huge id", "/model/vocab/a", "99999999999999999999", "model.vocab[\"a\"]: should be an integer");
    row("text id", "/model/vocab/a", "\"1\"", "model.vocab[\"a\"]: should be an integer");
    row("merge", "/model/merges/0", "\"abc\"", "model.merges: entry 0 (\"abc\") should be two tokens");
    row("merge of unknown", "/model/merges/0", "[\"a\", \"qq\"]",
        "model.merges: entry 0 needs the token \"qq\", which is not in model.vocab");
    row("merge into unknown", "/model/merges/0", "\"q q\"",
        "model.merges: entry 0 needs the token \"qq\", which is not in model.vocab");
    row("merge kind", "/model/merges/0", "7", "model.merges: entry 0 should be two tokens");
    row("dropout", "/model/dropout", "0.1", "model.dropout: is not supported");
    row("prefix", "/model/continuing_subword_prefix", "\"##\"",
        "model.merges: entry 0 goes on with \"A\", which has no \"##\" before it");
    row("unknown token", "/model/unk_token", "\"<unk>\"", "model.unk_token: \"<unk>\" is not in model.vocab");
    row("normalizer", "/normalizer", R"({"type": "Magic"})", "normalizer.type: \"Magic\" is not supported");
    row("normalizer in sequence", "/normalizer",
        R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend"}]})",
        "normalizer.normalizers[1].prepend: missing");
    row("no map", "/normalizer", R"({"type": "Precompiled"})", "normalizer.precompiled_charsmap: missing");
    row("map in another alphabet", "/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "§§§§"})",
        "normalizer.precompiled_charsmap: is not a map of characters in Base64");
    row("map that is cut", "/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "AAEAAAAAAAA="})",
        "normalizer.precompiled_charsmap: is not a map of characters: its tree does not fit");
    row("replacement of nothing", "/normalizer", R"({"type": "Replace", "pattern": {}, "content": "a"})",
        "normalizer.pattern.String: missing");
    row("pre-tokenizer", "/pre_tokenizer", R"({"type": "Magic"})", "pre_tokenizer.type: \"Magic\" is not supported");
    row("no visible space", "/pre_tokenizer", R"({"type": "Metaspace"})", "pre_tokenizer.replacement: missing");
    row("scheme", "/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "often"})",
        "pre_tokenizer.prepend_scheme: \"often\" is not supported (only always, first, never)");
    row("delimiter", "/pre_tokenizer", R"({"type": "CharDelimiterSplit", "delimiter": "ab"})",
        "pre_tokenizer.delimiter: should be one character");
    row("length", "/pre_tokenizer", R"({"type": "FixedLength", "length": 0})",
        "pre_tokenizer.length: should be an integer from 1");
    row("pattern", "/pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"})",
        "pre_tokenizer.pattern.Regex: is not a regular expression that Oniguruma understands");
    row("behavior", "/pre_tokenizer", R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Glued"})",
        "pre_tokenizer.behavior: \"Glued\" is not supported");
    row("decoder", "/decoder", R"({"type": "CTC"})", "decoder.type: \"CTC\" is not supported");
    row("decoder of spaces", "/decoder", R"({"type": "Metaspace"})", "decoder.replacement: missing");
    row("post-processor", "/post_processor", R"({"type": "Magic"})", "post_processor.type: \"Magic\" is not supported");
    row("template", "/post_processor",
        R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}], "special_tokens": {}})",
        "post_processor.special_tokens.<s>: missing");
    row("pair", "/post_processor", R"({"type": "BertProcessing", "cls": ["[CLS]"]})",
        "post_processor.cls: should be a token and its id");
    row("added token", "/added_tokens/0", R"({"id": 5})", "added_tokens[0].content: missing");
    row("added token id", "/added_tokens/0", R"({"id": "x", "content": "y"})",
        "added_tokens[0].id: should be an integer");
    row("added tokens", "/added_tokens", "5", "added_tokens: should be an array");
}

void TestTokenizerErrors::bad_files()
{
    QFETCH(QString, pointer);
    QFETCH(QString, value);
    QFETCH(QString, message);
    json file = json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json"));
    const json::json_pointer place(pointer.toStdString());
    if (value.isEmpty())
        file[place.parent_pointer()].erase(place.back());
    else
        file[place] = json::parse(value.toStdString());
    const std::string ours = error_message_of([&] { Tokenizer::from_json(file.dump(), "tokenizer.json"); });
    QVERIFY2(ours.starts_with("tokenizer.json: ") && ours.find(message.toStdString()) != std::string::npos,
             ours.c_str());
}

void TestTokenizerErrors::bad_json()
{
    for (const char *text : {"", "{", "[1,", "\xFF\xFE", "{\"model\": {\"vocab\": {\"a\": 1,}}}"}) {
        try {
            Tokenizer::from_json(text, "folder/tokenizer.json");
            QFAIL("accepted");
        } catch (const Error &error) {
            QVERIFY2(std::string(error.what())
                         .starts_with("folder/tokenizer.json: is not valid JSON: parse error at line 1"),
                     error.what());
        }
    }
    for (const char *text : {"[]", "3", "null", "\"x\""}) {
        try {
            Tokenizer::from_json(text, "f");
            QFAIL("accepted");
        } catch (const Error &error) {
            QCOMPARE(error.what(), "f: should be an object");
        }
    }
    try {
        Tokenizer::load("/nowhere/tokenizer.json");
        QFAIL("accepted");
    } catch (const Error &error) {
        QCOMPARE(error.subject(), std::string("/nowhere/tokenizer.json"));
    }
}

QTEST_GUILESS_MAIN(TestTokenizerErrors)
#include "test_tokenizer_errors.moc"
