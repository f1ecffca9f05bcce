// Files of prompt pairs: JSON lines and lists, tables as others write them, token ids, encodings, and what is refused.
#include "core/error_message.h"
#include "io/array_files.h"
#include "spec/run_spec.h"
#include "task/csv_table.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;

class TestPairsFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void jsonl();
    void csv();
    void what_is_written_is_read();
    void tables_in_the_wild_data();
    void tables_in_the_wild();
    void json_lists();
    void answer_sets();
    void token_ids();
    void eap_ig();
    void mib();
    void encodings();
    void bad_pairs_files_data();
    void bad_pairs_files();

private:
    std::unique_ptr<Tokenizer> m_tokenizer;
    QTemporaryDir m_folder;
    fs::path file(const std::string &name) const { return fs::path(m_folder.path().toStdString()) / name; }
};

void TestPairsFiles::init()
{
    m_tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");
}

void TestPairsFiles::jsonl()
{
    const fs::path path = file("pairs.jsonl");
    write_file(
        path,
        "{\"clean\": \"When Anna went to\", \"flipped\": \"When Boris went to\", \"answer\": \" Anna\", \"wrong\": \" "
        "Boris\"}\n\n"
        "{\"wrong\": \" a\", \"clean\": \"x\", \"flipped\": \"y\", \"answer\": \" the\", \"note\": 3}\r\n");
    const auto pairs = read_pairs_file(path);
    QCOMPARE(pairs.size(), size_t(2));
    QCOMPARE(pairs[0].flipped, std::string("When Boris went to"));
    QCOMPARE(pairs[1].answer, std::string(" the"));
}

void TestPairsFiles::csv()
{
    const fs::path path = file("pairs.CSV");
    write_file(
        path,
        "\xEF\xBB\xBF"
        "answer,id,\"clean\",flipped,wrong\r\n Anna,1,\"When Anna, went \"\"to\"\"\",When Boris went to, Boris\r\n"
        "\" Anna\",2,\"two\nlines\",b, Boris");
    const auto pairs = read_pairs_file(path);
    QCOMPARE(pairs.size(), size_t(2));
    QCOMPARE(pairs[0].clean, std::string("When Anna, went \"to\""));
    QCOMPARE(pairs[0].answer, std::string(" Anna"));
    QCOMPARE(pairs[0].wrong, std::string(" Boris"));
    QCOMPARE(pairs[1].clean, std::string("two\nlines"));
}

void TestPairsFiles::tables_in_the_wild_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("content");
    const QByteArray utf16 = [] {
        QByteArray bytes("\xFF\xFE");
        for (const char c : QByteArray("clean\tflipped\tanswer\twrong\r\nAnna, x\ty\t Anna\t Boris\r\n"))
            bytes.append(c).append('\0');
        return bytes;
    }();
    QTest::newRow("semicolon") << "a.csv"
                               << QByteArray("\xEF\xBB\xBF"
                                             "clean;flipped;answer;wrong\r\nAnna, x;y; Anna; Boris\r\n");
    QTest::newRow("quoted header") << "a.csv"
                                   << QByteArray(
                                          "\"clean\";\"flipped\";\"answer\";\"wrong\"\n\"Anna, x\";y; Anna; Boris");
    QTest::newRow("tabs") << "a.csv" << QByteArray("clean\tflipped\tanswer\twrong\nAnna, x\ty\t Anna\t Boris\n");
    QTest::newRow("tsv") << "a.TSV" << QByteArray("clean\tflipped\tanswer\twrong\nAnna, x\ty\t Anna\t Boris\n");
    QTest::newRow("bars") << "a.txt" << QByteArray("clean|flipped|answer|wrong\nAnna, x|y| Anna| Boris\n");
    QTest::newRow("sep line") << "a.csv"
                              << QByteArray("sep=;\r\nclean;flipped;answer;wrong\r\nAnna, x;y; Anna; Boris\r\n");
    QTest::newRow("sep line of a tab") << "a.csv"
                                       << QByteArray(
                                              "SEP=\t\nclean\tflipped\tanswer\twrong\nAnna, x\ty\t Anna\t Boris\n");
    QTest::newRow("another separator than any known")
        << "a.csv" << QByteArray("sep=^\nclean^flipped^answer^wrong\nAnna, x^y^ Anna^ Boris\n");
    QTest::newRow("spaces") << "a.csv"
                            << QByteArray(
                                   "clean , flipped, answer,\twrong\n\"Anna, x\" , \"y\",\" Anna\",\" Boris\"\n");
    QTest::newRow("capitals") << "a.csv"
                              << QByteArray("CLEAN,Flipped,Answer,INCORRECT Answer\n\"Anna, x\",y, Anna, Boris\n");
    QTest::newRow("old Mac") << "a.csv" << QByteArray("clean,flipped,answer,wrong\r\"Anna, x\",y, Anna, Boris\r");
    QTest::newRow("empty rows") << "a.csv"
                                << QByteArray(
                                       "\n;;;\nclean;flipped;answer;wrong\n;;;\nAnna, x;y; Anna; Boris\n ; ;;\n");
    QTest::newRow("other names")
        << "a.csv"
        << QByteArray("label,clean_prefix,patch_prefix,clean_answer,patch_answer\n1,\"Anna, x\",y, Anna, Boris\n");
    QTest::newRow("UTF-16") << "a.csv" << utf16;
}

void TestPairsFiles::tables_in_the_wild()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, content);
    write_file(file(name.toStdString()), content.toStdString());
    const auto pairs = read_pairs_file(file(name.toStdString()));
    QCOMPARE(pairs.size(), size_t(1));
    QCOMPARE(pairs[0].clean, std::string("Anna, x"));
    QCOMPARE(pairs[0].flipped, std::string("y"));
    QCOMPARE(pairs[0].answer, std::string(" Anna"));
    QCOMPARE(pairs[0].wrong, std::string(" Boris"));
}

void TestPairsFiles::what_is_written_is_read()
{
    const std::vector<std::vector<std::string>> rows{{"clean", "flipped", "answer"},
                                                     {"a,b", "he said \"no\"", ""},
                                                     {"two\nlines", "\r", " plain "},
                                                     {"\"", ",", "\"\""}};
    std::string text;
    for (const std::vector<std::string> &row : rows)
        text += csv_row(row);
    const std::vector<CsvRecord> read = read_csv_table(text, "a.csv", [](const std::string &) { return true; });
    QCOMPARE(read.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i)
        QCOMPARE(read[i].fields, rows[i]);
    QCOMPARE(csv_row({"as", "it is"}), std::string("as,it is\n"));
}

void TestPairsFiles::json_lists()
{
    const std::string pair = R"({"clean": "x", "Corrupted": "y", "answers": [" Anna"], "wrong_answers": [" Boris"]})";
    const std::string broken = R"({"clean": "x", "flipped": "y", "wrong": "d"})";
    for (const std::string &text :
         {"[\n " + pair + ",\n " + pair + "\n]", "{\"prompts\": [" + pair + ", " + pair + "], \"seq_labels\": []}",
          pair + "\n" + pair + "\n"}) {
        write_file(file("list.json"), text);
        const auto pairs = read_pairs_file(file("list.json"));
        QCOMPARE(pairs.size(), size_t(2));
        QCOMPARE(pairs[1].flipped, std::string("y"));
        QCOMPARE(pairs[1].answer, std::string(" Anna"));
    }
    const std::string path = file("list.json").string();
    const auto refused = [&](const std::string &text, const std::string &message) {
        write_file(path, text);
        VERIFY_MESSAGE(read_pairs_file(path), path + ": " + message);
    };
    refused("[" + pair + ", " + broken + "]", "pair 2: answer: missing");
    refused("[" + pair + ", 3]", "pair 2: should be an object");
    refused("[" + pair + ",\n]", "is not valid JSON: parse error at line 2");
    refused("[]", "holds no prompt pairs");
    refused(R"({"clean": "x", "flipped": "y", "corrupted": "z", "answer": "a", "wrong": "b"})",
            "line 1: \"flipped\" says again");
    refused(R"({"clean": "x", "flipped": "y", "answers": [], "wrong": "b"})", "line 1: answers: is empty");
}

void TestPairsFiles::answer_sets()
{
    write_file(
        file("sets.json"),
        R"([{"clean": "x Anna", "flipped": "x Boris", "answers": [" Anna", " the"], "wrong_answers": [" Boris", " a"]},
                   {"clean": "x Anna", "flipped": "x Boris", "answer": " Anna", "wrong": " Boris"}])");
    std::vector<PromptPair> pairs = read_pairs_file(file("sets.json"));
    QCOMPARE(pairs[0].more_answers, std::vector<std::string>{" the"});
    for (PromptPair &pair : pairs)
        tokenize_pair(pair, *m_tokenizer);
    QVERIFY2(pairs[0].problem.empty(), pairs[0].problem.c_str());
    const PromptBatch batch = make_batch(pairs, m_tokenizer.get(), 0);
    const auto id = [&](const char *text) { return m_tokenizer->single(text).value(); };
    QCOMPARE(batch.answers, (std::vector<std::vector<int64_t>>{{id(" Anna"), id(" the")}, {id(" Anna")}}));
    QCOMPARE(batch.wrongs, (std::vector<std::vector<int64_t>>{{id(" Boris"), id(" a")}, {id(" Boris")}}));
    PromptBatch without = batch;
    without.answers[0].pop_back();
    QVERIFY(hash_of(without) != hash_of(batch));
    // Kept in a task and read again, they are the same.
    const std::vector<PromptPair> again = pairs_from_json(pairs_to_json(pairs), "kept");
    QCOMPARE(again[0].more_answers, pairs[0].more_answers);
    QCOMPARE(again[0].more_wrongs, pairs[0].more_wrongs);
    // By their ids, too.
    TaskRef task;
    task.kind = "pairs";
    task.file = file("ids.json").string();
    write_file(task.file,
               "[{\"clean\": \"x Anna\", \"flipped\": \"x Boris\", \"answer_id\": [" + std::to_string(id(" Anna"))
                   + ", " + std::to_string(id(" the")) + "], \"wrong_id\": " + std::to_string(id(" Boris")) + "}]");
    QCOMPARE(load_batch(task, m_tokenizer.get(), 0).answers, (std::vector<std::vector<int64_t>>{batch.answers[0]}));
    // Right and wrong at once, or two tokens: the pair says so and stays out.
    pairs[0].more_wrongs = {" the"};
    tokenize_pair(pairs[0], *m_tokenizer);
    QVERIFY(QString::fromStdString(pairs[0].problem).contains(QStringLiteral("named twice")));
    pairs[0].more_wrongs = {" a the"};
    tokenize_pair(pairs[0], *m_tokenizer);
    QVERIFY(QString::fromStdString(pairs[0].problem).contains(QStringLiteral("an answer should be one")));
}

void TestPairsFiles::token_ids()
{
    const int64_t anna = *m_tokenizer->single(" Anna"), boris = *m_tokenizer->single(" Boris");
    const std::string a = std::to_string(anna), b = std::to_string(boris);
    TaskRef ref;
    ref.kind = "pairs";
    ref.file = file("ids.csv").string();
    for (const std::string &row : {a + "," + b, "[" + a + "],\"[" + b + "]\""}) {
        write_file(ref.file,
                   "clean,corrupted,correct_idx,incorrect_idx\nWhen Anna went to,When Boris went to," + row + "\n");
        const auto pairs = load_pairs(ref, *m_tokenizer);
        QCOMPARE(pairs[0].problem, std::string());
        QCOMPARE(pairs[0].answer, std::string(" Anna"));
        QCOMPARE(pairs[0].wrong_id, boris);
    }
    write_file(ref.file,
               "clean,corrupted,correct_idx,incorrect_idx\nWhen Anna went to,When Boris went to,9999999," + b + "\n");
    QCOMPARE(load_pairs(ref, *m_tokenizer)[0].problem,
             std::string("the answer is given as token 9999999, which this tokenizer does not have"));
    write_file(ref.file, "clean,corrupted,correct_idx,incorrect_idx\nx,y,\"[1, x]\",3\n");
    VERIFY_MESSAGE(read_pairs_file(ref.file),
                   ref.file + ": line 2: correct_idx: \"[1, x]\" is neither a token id nor a list of them");
}

// As its data sets are written: an index without a name, a column that nothing here reads, sets in one cell.
void TestPairsFiles::eap_ig()
{
    const auto id = [&](const char *text) { return std::to_string(*m_tokenizer->single(text)); };
    TaskRef ref;
    ref.kind = "pairs";
    ref.file = file("ioi.csv").string();
    write_file(ref.file,
               ",clean,corrupted,corrupted_hard,correct_idx,incorrect_idx\n470,\"When Anna went to\",\"When Boris went "
               "to\",\"When Clara went to\","
                   + id(" Anna") + "," + id(" Boris")
                   + "\n184,\"When Boris went to\",\"When Anna went to\",\"When Clara went to\",\"[" + id(" Boris")
                   + ", " + id(" the") + "]\"," + id(" Anna") + "\n");
    const PromptBatch batch = load_batch(ref, m_tokenizer.get());
    QCOMPARE(batch.prompts, 2);
    QCOMPARE(batch.io, (std::vector<int64_t>{*m_tokenizer->single(" Anna"), *m_tokenizer->single(" Boris")}));
    QCOMPARE(batch.answers[1].size(), size_t(2));
    QCOMPARE(batch.answers[0].size(), size_t(1));
    // Texts in one cell.
    write_file(ref.file,
               "clean,flipped,answer,wrong\nWhen Anna went to,When Boris went to,\"[\"\" Anna\"\", \"\" "
               "the\"\"]\", Boris\nWhen Anna [x,When Boris [x,[x], Boris\n");
    const std::vector<PromptPair> pairs = read_pairs_file(ref.file);
    QCOMPARE(pairs[0].more_answers, std::vector<std::string>{" the"});
    QCOMPARE(pairs[1].answer, std::string("[x]")); // no list
}

void TestPairsFiles::mib()
{
    const std::string ioi = R"({"prompt": "As Anna and Boris left, Boris gave a ring to", "template": "As …",
        "metadata": {"subject": "Boris", "indirect_object": "Anna", "object": "ring"},
        "choices": ["Anna", "Boris"], "answerKey": 0,
        "abc_counterfactual": {"prompt": "As Clara and David left, Emma gave a ring to", "choices": ["a", "b"],
                               "answerKey": 0},
        "s2_io_flip_counterfactual": {"prompt": "As Anna and Boris left, Anna gave a ring to",
                                      "choices": ["Anna", "Boris"], "answerKey": 1}})";
    std::string lines = ioi;
    std::replace(lines.begin(), lines.end(), '\n', ' ');
    lines += "\n"
             R"({"prompt": "Which? A. red B. blue Answer:", "choices": {"label": [" A", " B"], "text": ["x", "y"]}, )"
             R"("answerKey": 1, "answerPosition_counterfactual": {"prompt": "no", "choices": {"label": ["x"]}, )"
             R"("answerKey": 0}, "symbol_counterfactual": {"prompt": "Which? A. blue B. red Answer:", )"
             R"("choices": {"label": [" A", " B"], "text": ["x", "y"]}, "answerKey": 0}})";
    lines += "\n"
             R"({"prompt": "The sum of 13 and 25 is", "label": 38, "random_counterfactual": )"
             R"({"prompt": "The sum of 10 and 20 is", "label": "30"}})"
             "\n";
    const std::string path = file("mib.jsonl").string();
    write_file(path, lines);
    const std::vector<PromptPair> pairs = read_pairs_file(path);
    QCOMPARE(pairs.size(), size_t(3));
    QCOMPARE(pairs[0].flipped, std::string("As Anna and Boris left, Anna gave a ring to"));
    QCOMPARE(pairs[0].answer + pairs[0].wrong, std::string(" Anna Boris"));
    QCOMPARE(pairs[1].flipped, std::string("Which? A. blue B. red Answer:"));
    QCOMPARE(pairs[1].answer + pairs[1].wrong, std::string(" B A"));
    QCOMPARE(pairs[2].answer + " " + pairs[2].wrong, std::string("38 30"));
    write_file(path, lines.substr(0, lines.find('\n')));
    QCOMPARE(read_pairs_file(path, {}, "abc")[0].flipped, std::string("As Clara and David left, Emma gave a ring to"));
    VERIFY_MESSAGE(read_pairs_file(path, {}, "random"),
                   path + ": line 1: has no \"random_counterfactual\"; it has abc_counterfactual and s2_io_flip");
    write_file(path, R"({"prompt": "x", "abc_counterfactual": {"prompt": "y"}})");
    VERIFY_MESSAGE(read_pairs_file(path), path + ": line 1: has neither metadata with an indirect_object");
    write_file(path, R"({"prompt": "x", "choices": ["a"], "answerKey": 3, "abc_counterfactual": {"prompt": "y"}})");
    VERIFY_MESSAGE(read_pairs_file(path), path + ": line 1: answerKey: should be an integer from 0 to 0");
    // Which one is chosen stands in the specification.
    RunSpec spec = spec_of(ActPatch{});
    spec.task.kind = "pairs";
    spec.task.file = path;
    spec.task.counterfactual = "abc";
    QVERIFY(run_spec_from_json(json::parse(to_json(spec).dump())) == spec);
}

void TestPairsFiles::encodings()
{
    const std::string head = "clean,flipped,answer,wrong\n", row = "Zo\xEB went,Bo went, a, b\n";
    const std::string path = file("latin1.csv").string(), lines = file("latin1.jsonl").string();
    write_file(path, head + row);
    write_file(lines, "{}\n{\"clean\": \"Zo\xEB\"}");
    VERIFY_MESSAGE(read_pairs_file(path),
                   path + ": line 2, byte 3 (0xEB): is not UTF-8; save the file as UTF-8, or name its encoding");
    VERIFY_MESSAGE(read_pairs_file(lines), lines + ": line 2, byte 14 (0xEB): is not UTF-8");
    for (const char *name : {"latin1", "ISO-8859-1", "windows-1252"})
        QCOMPARE(read_pairs_file(path, name)[0].clean, std::string("Zo\xC3\xAB went"));
    VERIFY_MESSAGE(read_pairs_file(path, "klingon"), path + ": the encoding \"klingon\" is not known");
    VERIFY_MESSAGE(read_pairs_file(path, "utf8"), path + ": line 2, byte 3 (0xEB): is not UTF-8");
    VERIFY_MESSAGE(read_pairs_file(path, "US-ASCII"), path + ": line 2, byte 3 (0xEB): is not US-ASCII");
    // Another program's UTF-16 without a mark: no text, not a table with odd names.
    write_file(path, std::string("c\0l\0", 4));
    VERIFY_MESSAGE(read_pairs_file(path), path + ": line 1, byte 2 (0x00): a zero byte is no text");
    // A mark is surer than what was said.
    write_file(path, "\xEF\xBB\xBF" + head + "Zo\xC3\xAB went,Bo went, a, b\n");
    QCOMPARE(read_pairs_file(path, "latin1")[0].clean, std::string("Zo\xC3\xAB went"));
    // A long text crosses the converter's buffer.
    std::string name(5000, 'x');
    write_file(path, head + name + "\xEB,y, a, b\n");
    QCOMPARE(read_pairs_file(path, "latin1")[0].clean, name + "\xC3\xAB");
}

void TestPairsFiles::bad_pairs_files_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("message");
    const QByteArray good = "{\"clean\": \"a\", \"flipped\": \"b\", \"answer\": \"c\", \"wrong\": \"d\"}\n";
    QTest::newRow("empty") << "e.jsonl" << QByteArray("\n") << "holds no prompt pairs";
    QTest::newRow("no field") << "f.jsonl" << good + "\n{\"clean\": \"a\", \"flipped\": \"b\", \"wrong\": \"d\"}"
                              << "line 3: answer: missing";
    QTest::newRow("kind") << "f.jsonl"
                          << good + "{\"clean\": 1, \"flipped\": \"b\", \"answer\": \"c\", \"wrong\": \"d\"}"
                          << "line 2: clean: should be a text";
    QTest::newRow("no object") << "f.jsonl" << good + "[]"
                               << "line 2: should be an object";
    QTest::newRow("no JSON") << "f.jsonl" << good + "clean"
                             << "line 2: is not valid JSON";
    QTest::newRow("no column") << "f.csv" << QByteArray("clean,flipped,answer\na,b,c\n")
                               << "line 1: the header has no column \"wrong\"";
    QTest::newRow("fields") << "f.csv" << QByteArray("clean,flipped,answer,wrong\na,b,c,d\na,b,c\n")
                            << "line 3: has 3 fields, the header 4";
    QTest::newRow("fields after lines") << "f.csv" << QByteArray("clean,flipped,answer,wrong\n\"a\n\na\",b,c,d\na\n")
                                        << "line 5: has 1 fields, the header 4";
    QTest::newRow("quote") << "f.csv" << QByteArray("clean,flipped,answer,wrong\na,\"b,c,d\n\n")
                           << "line 2: a quote is opened and not closed";
    QTest::newRow("after quote") << "f.csv" << QByteArray("clean,flipped,answer,wrong\na,\"b\"x,c,d\n")
                                 << "line 2: text follows a closing quote";
    QTest::newRow("header only") << "f.csv" << QByteArray("clean,flipped,answer,wrong\n") << "holds no prompt pairs";
}

void TestPairsFiles::bad_pairs_files()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, content);
    QFETCH(QString, message);
    const fs::path path = file(name.toStdString());
    write_file(path, content.toStdString());
    VERIFY_MESSAGE(read_pairs_file(path), path.string() + ": " + message.toStdString());
}

QTEST_GUILESS_MAIN(TestPairsFiles)
#include "test_pairs_files.moc"
