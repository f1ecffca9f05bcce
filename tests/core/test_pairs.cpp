// Prompt pairs: where they come from, what can be wrong with them, and the batches made of them.
#include "core/error_message.h"
#include "io/array_files.h"
#include "task/ioi_task.h"
#include "task/pair_diff.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path shared = PATCHBAY_SOURCE_DIR "/../shared/fixtures";
const std::string small_task = PATCHBAY_SOURCE_DIR "/tests/data/task/small.json";

PromptPair pair_of(const std::string &clean, const std::string &flipped, const std::string &answer = " Anna",
                   const std::string &wrong = " Boris")
{
    PromptPair pair;
    pair.clean = clean;
    pair.flipped = flipped;
    pair.answer = answer;
    pair.wrong = wrong;
    return pair;
}

} // namespace

class TestPairs : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void generated();
    void fixtures_data();
    void fixtures();
    void several_token_names();
    void problems_data();
    void problems();
    void editing();
    void beginning();
    void differences();
    void batches();
    void excluded();
    void jsonl();
    void csv();
    void tables_in_the_wild_data();
    void tables_in_the_wild();
    void json_lists();
    void token_ids();
    void encodings();
    void too_long();
    void bad_pairs_files_data();
    void bad_pairs_files();
    void task_refs();

private:
    std::unique_ptr<Tokenizer> m_tokenizer;
    QTemporaryDir m_folder;
    fs::path file(const std::string &name) const { return fs::path(m_folder.path().toStdString()) / name; }
};

void TestPairs::init()
{
    m_tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");
}

void TestPairs::generated()
{
    TaskRef ref;
    ref.file = small_task;
    ref.prompts = 6;
    ref.seed = 7;
    const auto pairs = load_pairs(ref, *m_tokenizer);
    QCOMPARE(pairs.size(), size_t(6));
    QCOMPARE(pairs[0].clean, std::string("Then Clara and Emma went to the park. Emma gave the ring to"));
    QCOMPARE(pairs[0].flipped, std::string("Then Clara and Emma went to the park. Clara gave the ring to"));
    QCOMPARE(pairs[0].answer, std::string(" Clara"));
    QCOMPARE(pairs[0].wrong, std::string(" Emma"));
    QCOMPARE(pairs[0].end(), 13);
    QCOMPARE(pairs[0].io_pos, 1);
    QCOMPARE(pairs[0].s1_pos, 3);
    QCOMPARE(pairs[0].s2_pos, 9);
    for (const PromptPair &pair : pairs)
        QVERIFY2(pair.usable(), pair.problem.c_str());
    ref.type = "ABC";
    VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer), "has a third name and cannot be flipped");
    ref.type = "mixed";
    ref.file = "/nowhere.json";
    VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer), "/nowhere.json");
}

void TestPairs::fixtures_data()
{
    QTest::addColumn<QString>("tokenizer");
    QTest::newRow("neox") << "neox";
    QTest::newRow("gpt2") << "gpt2";
}

// Pairs are the data sets' rows without the final name, with the same positions.
void TestPairs::fixtures()
{
    QFETCH(QString, tokenizer);
    const fs::path folder = shared / "ioi" / tokenizer.toStdString();
    if (!fs::exists(folder))
        QSKIP("../shared/fixtures/ioi is not there");
    const auto tokens = Tokenizer::load(shared / "tokenizers" / tokenizer.toStdString() / "tokenizer.json");
    const json data = json::parse(read_file(folder / "mixed_n70_s42.json"));
    for (const auto &[flip, flipped] : data["flips"].items()) {
        TaskRef ref;
        ref.file = (shared / "ioi/reference_task.json").string();
        ref.flip = flip;
        const PromptBatch batch = load_batch(ref, tokens.get());
        QCOMPARE(batch.prompts, 70);
        QCOMPARE(batch.width, data["max_len"].get<int>() - 1);
        QCOMPARE(json(batch.io), data["io_tokenIDs"]);
        QCOMPARE(json(batch.s), data["s_tokenIDs"]);
        QCOMPARE(json(batch.end), data["word_idx"]["end"]);
        QCOMPARE(json(batch.io_pos), data["word_idx"]["IO"]);
        QCOMPARE(json(batch.s1_pos), data["word_idx"]["S1"]);
        QCOMPARE(json(batch.s2_pos), data["word_idx"]["S2"]);
        for (int prompt = 0; prompt < 70; ++prompt)
            for (int position = 0; position <= batch.end[size_t(prompt)]; ++position) {
                QCOMPARE(batch.at(false, prompt, position),
                         data["toks"][size_t(prompt)][size_t(position)].get<int64_t>());
                QCOMPARE(batch.at(true, prompt, position),
                         flipped["toks"][size_t(prompt)][size_t(position)].get<int64_t>());
            }
    }
}

void TestPairs::several_token_names()
{
    const std::string path = file("names.json").string();
    json task = json::parse(read_file(small_task));
    task["names"] = {"Anna", "Boris", "Gregor", "Clara"};
    write_file(path, task.dump());
    TaskRef ref;
    ref.file = path;
    const auto pairs = load_pairs(ref, *m_tokenizer);
    int good = 0, bad = 0;
    for (const PromptPair &pair : pairs) {
        const bool gregor = (pair.clean + pair.flipped + pair.answer).find("Gregor") != std::string::npos;
        QCOMPARE(pair.usable(), !gregor);
        if (gregor)
            QVERIFY2(pair.problem.find("the name \" Gregor\" is 7 tokens (") != std::string::npos,
                     pair.problem.c_str());
        ++(gregor ? bad : good);
    }
    QVERIFY(good > 5 && bad > 5); // marked, not dropped
    QCOMPARE(make_batch(pairs, m_tokenizer.get(), 0).prompts, good);
}

void TestPairs::problems_data()
{
    QTest::addColumn<QStringList>("texts");
    QTest::addColumn<QString>("problem");
    const auto row = [](const char *name, const QStringList &texts, const char *problem) {
        QTest::newRow(name) << texts << problem;
    };
    row("good",
        {"When Anna and Boris went, Boris gave to", "When Anna and Boris went, Anna gave to", " Anna", " Boris"}, "");
    row("lengths", {"When Anna went to", "When Anna and Boris went to", " Anna", " Boris"},
        "the flipped prompt has 6 tokens, the clean one 4");
    row("same", {"When Anna went to", "When Anna went to", " Anna", " Boris"},
        "nothing is flipped: both prompts are the same");
    row("answer", {"When Anna went to", "When Boris went to", " Gregor", " Boris"},
        "\" Gregor\" is 7 tokens (\" \", \"G\", \"r\", \"e\", \"g\", \"o\", \"r\"), but an answer should be one");
    row("wrong answer", {"When Anna went to", "When Boris went to", " Anna", "qq"},
        "\"qq\" is 2 tokens (\"q\", \"q\"), but an answer should be one");
    row("same answers", {"When Anna went to", "When Boris went to", " Anna", " Anna"},
        "the answer and the wrong answer are the same: \" Anna\"");
    row("no clean", {"", "When Boris went to", " Anna", " Boris"}, "the clean prompt is empty");
    row("no flipped", {"When Anna went to", "", " Anna", " Boris"}, "the flipped prompt is empty");
    row("no answer", {"When Anna went to", "When Boris went to", "", " Boris"}, "the answer is empty");
    row("no wrong answer", {"When Anna went to", "When Boris went to", " Anna", ""}, "the wrong answer is empty");
    row("space at the end", {"When Anna went ", "When Boris went ", "the", " Boris"}, "\"the\" is 3 tokens");
    row("joined answer", {"When Anna went ", "When Boris went ", "e", "o"}, ""); // the space is a token, and stays one
    row("answer joins the prompt", {"When Anna gave ", "When Boris gave ", "a", "e"},
        "the prompt with \"a\" behind it is not the prompt's tokens and that one: end the prompt before the space");
    row("answer without its space", {"Then to Ann", "Then the Ann", "a", " Boris"},
        "the prompt with \"a\" behind it is not the prompt's tokens and that one: the answer may need a space before "
        "it");
}

void TestPairs::problems()
{
    QFETCH(QStringList, texts);
    QFETCH(QString, problem);
    PromptPair pair =
        pair_of(texts[0].toStdString(), texts[1].toStdString(), texts[2].toStdString(), texts[3].toStdString());
    tokenize_pair(pair, *m_tokenizer);
    if (problem.isEmpty())
        QCOMPARE(pair.problem, std::string());
    QVERIFY2(pair.problem.find(problem.toStdString()) != std::string::npos, pair.problem.c_str());
}

void TestPairs::editing()
{
    PromptPair pair = pair_of("When Anna and Boris went to the shop, Boris gave a ring to",
                              "When Anna and Boris went to the shop, Anna gave a ring to");
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY(pair.usable());
    QCOMPARE(pair.s2_pos, 9);
    pair.flipped += " the";
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY(!pair.usable());
    QCOMPARE(pair.s2_pos, -1);
    pair.flipped = "Anna and Boris went to the shop, When Anna gave a ring to";
    pair.clean = "Anna and Boris went to the shop, When Boris gave a ring to";
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY2(pair.usable(), pair.problem.c_str());
    QCOMPARE(pair.io_pos, 0); // a name that begins the text has no space before it
    QCOMPARE(pair.s1_pos, 2);
    pair.answer = " the"; // not a task of three names: no roles
    tokenize_pair(pair, *m_tokenizer);
    pair.wrong = " a";
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY2(pair.usable(), pair.problem.c_str());
    QCOMPARE(pair.io_pos, -1);
}

void TestPairs::beginning()
{
    const auto of = [](const char *name) {
        const json file =
            json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/tokenizers/" + std::string(name) + ".json"));
        return Tokenizer::from_json(file["tokenizer"].dump(), name);
    };
    TaskRef ref;
    ref.kind = "pairs";
    ref.pairs = {{{"clean", "When Mary and John went to the shop, John gave a ring to"},
                  {"flipped", "When Mary and John went to the shop, Mary gave a ring to"},
                  {"answer", " Mary"},
                  {"wrong", " John"}}};
    for (const char *name : {"llama2", "mistral", "gemma", "t5", "qwen"}) {
        const auto tokenizer = of(name);
        const auto ids_with = [&](Bos bos) {
            ref.bos = bos;
            const PromptPair pair = load_pairs(ref, *tokenizer)[0];
            [&] { QVERIFY2(pair.usable(), (std::string(name) + ": " + pair.problem).c_str()); }();
            [&] {
                QCOMPARE(pair.clean_ids[size_t(pair.io_pos)], pair.answer_id);
                QCOMPARE(pair.clean_ids[size_t(pair.s1_pos)], pair.wrong_id);
                QCOMPARE(pair.clean_ids[size_t(pair.s2_pos)], pair.wrong_id);
            }();
            return pair.clean_ids;
        };
        const auto plain = ids_with(Bos::No), own = ids_with(Bos::Auto);
        QCOMPARE(plain, tokenizer->encode(ref.pairs[0]["clean"].get<std::string>()));
        std::vector<int64_t> with = plain;
        if (tokenizer->bos_id())
            with.insert(with.begin(), *tokenizer->bos_id());
        const bool usual =
            name == std::string("llama2") || name == std::string("mistral") || name == std::string("gemma");
        QCOMPARE(own, usual ? with : plain);
        ref.bos = Bos::Auto;
        QCOMPARE(bos_used(ref, tokenizer.get()), usual ? Bos::Yes : Bos::No);
        if (tokenizer->bos_id())
            QCOMPARE(ids_with(Bos::Yes), with);
        else
            VERIFY_MESSAGE(ids_with(Bos::Yes), "names no token that a text begins with (BOS)");
        // It is another set of prompts, and counts among the tokens that have to fit.
        if (usual) {
            const std::string hash = hash_of(load_batch(ref, tokenizer.get()));
            VERIFY_MESSAGE(load_batch(ref, tokenizer.get(), int(plain.size())), "more than the model's context");
            ref.bos = Bos::No;
            QVERIFY(hash_of(load_batch(ref, tokenizer.get())) != hash);
            QCOMPARE(load_batch(ref, tokenizer.get(), int(plain.size())).prompts, 1);
        }
    }
    // One that is written out is not doubled.
    const auto tokenizer = of("mistral");
    PromptPair pair = pair_of("<s>When Mary and John went, John gave to", "<s>When Mary and John went, Mary gave to");
    tokenize_pair(pair, *tokenizer, 0, Bos::Auto);
    QCOMPARE(pair.clean_ids[0], int64_t(1));
    QVERIFY(pair.clean_ids[1] != 1);
    // A batch holds what it holds.
    TaskRef batch;
    batch.kind = "batch";
    QCOMPARE(bos_used(batch, tokenizer.get()), Bos::Auto);
}

void TestPairs::differences()
{
    PromptPair pair = pair_of("When Anna and Boris went, Boris gave to", "When Anna and Boris went, Anna gave to");
    tokenize_pair(pair, *m_tokenizer);
    PairDiff diff = diff_pair(pair, *m_tokenizer);
    QCOMPARE(diff.clean[6], std::string(" Boris"));
    QCOMPARE(diff.flipped[6], std::string(" Anna"));
    QCOMPARE(diff.first, 6);
    for (size_t i = 0; i < diff.clean.size(); ++i)
        QCOMPARE(diff.clean_differs[i] || diff.flipped_differs[i], i == 6);
    pair.flipped = "When Anna and the Boris went, Boris gave to"; // one token more: the rest is not painted
    tokenize_pair(pair, *m_tokenizer);
    diff = diff_pair(pair, *m_tokenizer);
    QCOMPARE(diff.first, 3);
    QCOMPARE(std::count(diff.clean_differs.begin(), diff.clean_differs.end(), true), 0);
    QCOMPARE(std::count(diff.flipped_differs.begin(), diff.flipped_differs.end(), true), 1);
    QVERIFY(diff.flipped_differs[3]);
    pair.flipped = pair.clean;
    tokenize_pair(pair, *m_tokenizer);
    QCOMPARE(diff_pair(pair, *m_tokenizer).first, -1);
}

void TestPairs::batches()
{
    std::vector<PromptPair> pairs{
        pair_of("When Anna and Boris went, Boris gave to", "When Anna and Boris went, Anna gave to"),
        pair_of("When Anna went to", "When Boris went to"), pair_of("a", "a")};
    for (PromptPair &pair : pairs)
        tokenize_pair(pair, *m_tokenizer);
    PromptBatch batch = make_batch(pairs, m_tokenizer.get(), 5);
    QCOMPARE(batch.prompts, 2);
    QCOMPARE(batch.width, 9);
    QCOMPARE(batch.end, (std::vector<int>{8, 3}));
    QCOMPARE(batch.at(false, 1, 4), int64_t(5));
    QVERIFY(batch.io_pos.empty()); // not known for both
    QCOMPARE(batch.tokens[1], (std::vector<std::string>{"When", " Anna", " went", " to"}));
    QCOMPARE(batch.flipped_tokens[1][1], std::string(" Boris"));
    pairs[1].excluded = true;
    batch = make_batch(pairs, nullptr, 5);
    QCOMPARE(batch.prompts, 1);
    QCOMPARE(batch.s2_pos, std::vector<int>{6});
    QVERIFY(batch.tokens.empty());
    pairs[0].excluded = true;
    VERIFY_MESSAGE(make_batch(pairs, nullptr, 5), "prompts: none can be used; the first problem: nothing is flipped");
    pairs.pop_back();
    VERIFY_MESSAGE(make_batch(pairs, nullptr, 5), "prompts: all of them are excluded");
    VERIFY_MESSAGE(make_batch({}, nullptr, 5), "prompts: there are none");
}

void TestPairs::excluded()
{
    TaskRef ref;
    ref.file = small_task;
    ref.prompts = 6;
    ref.excluded = {1, 4};
    const auto pairs = load_pairs(ref, *m_tokenizer);
    for (size_t i = 0; i < pairs.size(); ++i)
        QCOMPARE(pairs[i].excluded, i == 1 || i == 4);
    QCOMPARE(load_batch(ref, m_tokenizer.get()).prompts, 4);
    for (const int nowhere : {6, 99, -1}) {
        ref.excluded = {1, nowhere};
        VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer),
                       "exclude: " + std::to_string(nowhere) + " is out of range: the prompts are 0 to 5");
    }
}

void TestPairs::jsonl()
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
    // Written and read again: the same texts, without the excluded one.
    auto more = pairs;
    more.push_back(pair_of("quote \" comma , line\nend", "é\\"));
    more[0].excluded = true;
    for (const char *name : {"again.jsonl", "again.csv"}) {
        write_pairs_file(file(name), more);
        const auto again = read_pairs_file(file(name));
        QCOMPARE(again.size(), size_t(2));
        for (size_t i = 0; i < 2; ++i) {
            QCOMPARE(again[i].clean, more[i + 1].clean);
            QCOMPARE(again[i].flipped, more[i + 1].flipped);
            QCOMPARE(again[i].answer, more[i + 1].answer);
            QCOMPARE(again[i].wrong, more[i + 1].wrong);
        }
    }
}

void TestPairs::csv()
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

void TestPairs::tables_in_the_wild_data()
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

void TestPairs::tables_in_the_wild()
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

void TestPairs::json_lists()
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
    refused(R"({"clean": "x", "flipped": "y", "answers": ["a", "b"], "wrong": "b"})", "line 1: answers: has 2 entries");
}

void TestPairs::token_ids()
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
    write_file(ref.file, "clean,corrupted,correct_idx,incorrect_idx\nx,y,\"[1, 2]\",3\n");
    VERIFY_MESSAGE(read_pairs_file(ref.file), ref.file + ": line 2: correct_idx: \"[1, 2]\" is not one token id");
}

void TestPairs::encodings()
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

void TestPairs::too_long()
{
    TaskRef ref;
    ref.kind = "pairs";
    ref.file = file("long.jsonl").string();
    const std::string good =
        R"({"clean": "When Anna went to", "flipped": "When Boris went to", "answer": " Anna", "wrong": " Boris"})";
    const std::string longer =
        R"({"clean": "When Anna went to the", "flipped": "When Boris went to the", "answer": " Anna", "wrong": " Boris"})";
    write_file(ref.file, good + "\n" + longer + "\n" + good + "\n");
    const auto pairs = load_pairs(ref, *m_tokenizer, 4);
    QVERIFY(pairs[0].problem.empty() && pairs[2].problem.empty());
    QCOMPARE(pairs[1].problem, std::string("has 5 tokens, more than the model's context of 4"));
    const PromptBatch batch = load_batch(ref, m_tokenizer.get(), 4);
    QCOMPARE(batch.prompts, 2);
    QCOMPARE(batch.notes,
             (std::vector<std::string>{"prompt 2 is left out: has 5 tokens, more than the model's context of 4"}));
    QCOMPARE(load_batch(ref, m_tokenizer.get(), 5).prompts, 3);
    VERIFY_MESSAGE(load_batch(ref, m_tokenizer.get(), 3),
                   "none can be used; the first problem: has 4 tokens, more than the model's context of 3");
}

void TestPairs::bad_pairs_files_data()
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

void TestPairs::bad_pairs_files()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, content);
    QFETCH(QString, message);
    const fs::path path = file(name.toStdString());
    write_file(path, content.toStdString());
    VERIFY_MESSAGE(read_pairs_file(path), path.string() + ": " + message.toStdString());
}

void TestPairs::task_refs()
{
    TaskRef ref;
    ref.kind = "sentences";
    VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer), "task: kind \"sentences\" is unknown");
    ref.kind = "pairs";
    VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer), "task: of kind \"pairs\" needs a file");
    ref.pairs = json::parse(
        R"([{"clean": "When Anna went to", "flipped": "When Boris went to", "answer": " Anna", "wrong": " Boris"}])");
    QCOMPARE(load_pairs(ref, *m_tokenizer)[0].clean_ids.size(), size_t(4));
    QCOMPARE(pairs_to_json(load_pairs(ref, *m_tokenizer)), ref.pairs);
    ref.pairs.push_back({{"clean", "x"}});
    VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer), "pairs[1].flipped: missing");
    ref = {};
    ref.kind = "batch";
    VERIFY_MESSAGE(load_batch(ref, nullptr), "task: of kind \"batch\" needs a file");
    ref.kind = "ioi";
    VERIFY_MESSAGE(load_batch(ref, nullptr), "model: has no tokenizer.json");
}

QTEST_GUILESS_MAIN(TestPairs)
#include "test_pairs.moc"
