// Patterns of tokenizer.json cut text as Oniguruma does, for which they are written, also where ICU would cut it otherwise.
#include "core/error_message.h"
#include "io/array_files.h"
#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <QtTest>

using namespace patchbay;
using nlohmann::json;

namespace {

json with_pattern(const std::string &regex)
{
    json file = json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json"));
    file["normalizer"] = nullptr;
    file["added_tokens"] = json::array();
    file["pre_tokenizer"] = {{"type", "Sequence"},
                             {"pretokenizers",
                              {{{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}},
                               {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
    return file;
}

} // namespace

class TestRegexDialect : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void pieces_data()
    {
        // Pieces in the byte alphabet, as pre_tokenize_str of the library that these files are written for gives them.
        QTest::addColumn<QByteArray>("regex");
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QStringList>("pieces");
        const auto row = [](const char *regex, const char *text, const QStringList &pieces) {
            QTest::newRow(regex) << QByteArray(regex) << QByteArray(text) << pieces;
        };
        // U+200D, which joins emoji, is no word character.
        row(R"(\w+)", "ab\u200dc d\u200d", {"ab", "âĢį", "c", "Ġ", "d", "âĢį"});
        row(R"(\W)", "a\u200d\u200d!?", {"a", "âĢį", "âĢį", "!", "?"});
        row(R"([\w\-]+)", "a-b_c\u200d-d", {"a-b_c", "âĢį", "-d"});
        row(R"([^\w\s]+)", "a!\u200d! b", {"a", "!âĢį!", "Ġb"});
        row(R"([[:word:]]+)", "ab\u200dc", {"ab", "âĢį", "c"});
        // Boundaries see combining marks.
        row(R"(\b)", "e\u0301a b", {"eÌģa", "Ġ", "b"});
        row(R"(\B)", "e\u0301a  b", {"e", "Ìģ", "aĠ", "Ġb"});
        // Symbols of ASCII are punctuation.
        row(R"([[:punct:]]+)", "a$+.<b!", {"a", "$+.<", "b", "!"});
        row(R"([^[:punct:]]+)", "a$+.<b!", {"a", "$+.<", "b", "!"});
        row(R"([[:^punct:]b]+)", "a$+.b!", {"a", "$+.", "b", "!"});
        // Other spellings.
        row(R"(\p{^L}+)", "ab12c", {"ab", "12", "c"});
        row(R"(\P{^L}+)", "ab12c", {"ab", "12", "c"});
        row(R"(a{,2}b)", "aaabb", {"a", "aab", "b"});
        row(R"(\v)", "a\x0b\nb", {"a", "ċ", "Ċb"});
        // What both understand is left alone.
        row(R"((?i:'s|'t))", "a'S'tt", {"a", "'S", "'t", "t"});
        row(R"(\p{N}{1,3})", "1234567", {"123", "456", "7"});
        row(R"((?<x>a)\k<x>)", "aaab", {"aa", "ab"});
        row(R"([\x{61}-\x{63}]+)", "abcd", {"abc", "d"});
        row(R"([^\]\[]+)", "[ab]c", {"[", "ab", "]", "c"});
        row(R"(\s+(?!\S)|\s+)", "a  b   ", {"a", "Ġ", "Ġ", "b", "ĠĠĠ"});
    }

    void pieces()
    {
        QFETCH(QByteArray, regex);
        QFETCH(QByteArray, text);
        QFETCH(QStringList, pieces);
        // Every piece is a token, found whole; so are two neighbours, so that it shows when they were not cut.
        json vocabulary = json::object();
        std::vector<int64_t> expected;
        for (qsizetype i = 0; i < pieces.size(); ++i) {
            vocabulary.emplace(pieces[i].toStdString(), vocabulary.size());
            if (i > 0)
                vocabulary.emplace((pieces[i - 1] + pieces[i]).toStdString(), vocabulary.size());
        }
        for (const QString &piece : pieces)
            expected.push_back(vocabulary[piece.toStdString()]);
        json file = with_pattern(regex.toStdString());
        file["model"]["vocab"] = vocabulary;
        file["model"]["merges"] = json::array();
        file["model"]["ignore_merges"] = true;
        QCOMPARE(Tokenizer::from_json(file.dump(), "tokenizer.json")->encode(text.toStdString()), expected);
    }

    void whatHasNoCounterpartIsNamed()
    {
        for (const auto &[regex, named] : std::vector<std::pair<std::string, std::string>>{
                 {R"(\p{N}{1,3}+)", "{1,3}+"}, // repeated, not possessive
                 {R"(a{2}?)", "{2}?"},         // optional, not reluctant
                 {R"([\h]+)", R"(\h)"},        // hexadecimal digits, not horizontal space
                 {R"(\Qa\E)", R"(\Q)"},
                 {R"(\y)", R"(\y)"},
                 {R"(\R)", R"(\R)"},
                 {R"(\Ga)", R"(\G)"},
                 {R"((?m:a.b))", "(?m"}, // the dot matches line ends, not the anchors
                 {R"((?ix)a)", "(?x"},
                 {R"([[:xdigit:]])", "[:xdigit:]"}}) {
            const std::string message
                = error_message_of([&, &pattern = regex] { Tokenizer::from_json(with_pattern(pattern).dump(), "tokenizer.json"); });
            const std::string wanted = "tokenizer.json: pre_tokenizer.pretokenizers[0].pattern.Regex: uses " + named + ", which is not supported";
            QVERIFY2(message.starts_with(wanted), message.c_str());
        }
        // A pattern that ends in the middle is ICU's to explain.
        for (const char *regex : {"\\", "[", "[[:punct", "(?", "a{", "\\p{", "\\p{^", "[\\"}) {
            const std::string message = error_message_of([&] { Tokenizer::from_json(with_pattern(regex).dump(), "tokenizer.json"); });
            QVERIFY2(message.starts_with("tokenizer.json: pre_tokenizer.pretokenizers[0].pattern.Regex: ") || std::string(regex) == "a{", message.c_str());
        }
    }
};

QTEST_GUILESS_MAIN(TestRegexDialect)
#include "test_regex_dialect.moc"
