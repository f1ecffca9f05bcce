// Patterns of tokenizer.json cut text as the library that they are written for does, and end where they run away.
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

class TestPattern : public QObject {
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
        // What other engines read otherwise: repeated intervals, hexadecimal digits, a dot over lines, text segments,
        // no quoting, calls.
        row(R"(\p{N}{1,3}+)", "1234567a", {"1234567", "a"});
        row(R"(a{2}?)", "aaab", {"aa", "a", "b"});
        row(R"([\h]+)", "xab1z", {"x", "ab1", "z"});
        row(R"(\Qa.\E)", "Qa-Ea", {"Qa-E", "a"});
        row(R"((?<n>a|b\g<n>c)+)", "xbacab", {"x", "baca", "b"});
        row(R"(\Ga)", "aaba", {"a", "a", "ba"});
        row(R"((?m:a.b))", "a\nba", {"aĊb", "a"});
        row(R"((?ix) a b )", "aBc", {"aB", "c"});
        row(R"([[:xdigit:]]+)", "xab1z", {"x", "ab1", "z"});
        row(R"(\X)", "e\u0301a", {"eÌģ", "a"});
        row(R"(\R)", "a\r\nb\n", {"a", "čĊ", "b", "Ċ"});
        row(R"(a++b|a)", "aab", {"aab"});
        row(R"(^.)", "ab\ncd", {"a", "bĊ", "c", "d"});
        row(R"(.$)", "ab\ncd", {"a", "b", "Ċc", "d"});
        row(R"((?=b))", "abab", {"a", "ba", "b"});
        row(R"(x*)", "axxb", {"a", "xx", "b"});
        row(R"((?<=a)b)", "abb", {"a", "b", "b"});
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

    void what_is_no_pattern_is_named()
    {
        for (const char *regex : {"\\", "[", "[[:punct", "(?", "(a", "\\p{", "\\p{^", "\\p{Nonsense}", "[\\", "*",
                                  "(?<n>a)\\k<m>", "(?<n>a|\\g<n>\\g<n>)*d", "a{2,100001}"}) {
            const std::string message =
                error_message_of([&] { Tokenizer::from_json(with_pattern(regex).dump(), "tokenizer.json"); });
            QVERIFY2(message.starts_with("tokenizer.json: pre_tokenizer.pretokenizers[0].pattern.Regex: is not a "
                                         "regular expression that Oniguruma understands ("),
                     (std::string(regex) + ": " + message).c_str());
        }
    }

    void a_pattern_that_runs_away_ends_in_an_error()
    {
        const std::string letters(200, 'a');
        for (const char *regex : {"(a+)+b", "(a|a)*b", "(a*)*b", "(?:a?){100}a{100}b"}) {
            const auto tokenizer = Tokenizer::from_json(with_pattern(regex).dump(), "tokenizer.json");
            const std::string message = error_message_of([&] { tokenizer->encode(letters); });
            if (std::string(regex) == "(a+)+b") // others it may be clever about; they end, that is all
                QVERIFY2(message.starts_with("tokenizer.json: a pattern fails on a text of 200 bytes: retry-limit-in-"),
                         message.c_str());
        }
    }

    void a_long_text_is_no_runaway()
    {
        // Each search goes over the whole text and back.
        const auto tokenizer = Tokenizer::from_json(with_pattern(R"(\s+(?!\S)|\s+|[0-9]{3})").dump(), "tokenizer.json");
        QVERIFY(!tokenizer->encode(std::string(3'000'000, ' ') + "a").empty());
        QVERIFY(!tokenizer->encode(std::string(3'000'000, 'a')).empty());
    }
};

QTEST_GUILESS_MAIN(TestPattern)
#include "test_pattern.moc"
