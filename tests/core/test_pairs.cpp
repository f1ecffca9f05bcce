// Prompt pairs: where they come from, what can be wrong with them, and the batches made of them. Files of pairs:
// test_pairs_files.cpp.
#include "core/error_message.h"
#include "core/made_tokenizers.h"
#include "io/array_files.h"
#include "task/ioi_roles.h"
#include "task/ioi_task.h"
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
    void batches();
    void excluded();
    void too_long();
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
    QCOMPARE(pairs[0].roles.at("io"), 1);
    QCOMPARE(pairs[0].roles.at("s1"), 3);
    QCOMPARE(pairs[0].roles.at("s2"), 9);
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
        QCOMPARE(json(batch.role("io")), data["word_idx"]["IO"]);
        QCOMPARE(json(batch.role("s1")), data["word_idx"]["S1"]);
        QCOMPARE(json(batch.role("s2")), data["word_idx"]["S2"]);
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
    // In generated prompts such a name is left out, and that is said; in a user's own pair it marks that pair.
    std::vector<std::string> notes;
    const auto pairs = load_pairs(ref, *m_tokenizer, 0, &notes);
    for (const PromptPair &pair : pairs) {
        QVERIFY2(pair.usable(), pair.problem.c_str());
        QVERIFY((pair.clean + pair.flipped + pair.answer).find("Gregor") == std::string::npos);
    }
    QCOMPARE(notes.size(), size_t(1));
    QVERIFY2(notes.front().find("Gregor") != std::string::npos, notes.front().c_str());
    QCOMPARE(make_batch(pairs, m_tokenizer.get(), 0).prompts, ref.prompts);
    PromptPair own;
    own.clean = "When Anna and Boris went, Boris gave to";
    own.flipped = "When Anna and Boris went, Anna gave to";
    own.answer = " Gregor";
    own.wrong = " Boris";
    tokenize_pair(own, *m_tokenizer, 0, Bos::Auto);
    QVERIFY2(own.problem.find("\" Gregor\" is 7 tokens (") != std::string::npos, own.problem.c_str());
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
    QCOMPARE(pair.roles.at("s2"), 9);
    pair.flipped += " the";
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY(!pair.usable());
    QVERIFY(pair.roles.empty());
    pair.flipped = "Anna and Boris went to the shop, When Anna gave a ring to";
    pair.clean = "Anna and Boris went to the shop, When Boris gave a ring to";
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY2(pair.usable(), pair.problem.c_str());
    QCOMPARE(pair.roles.at("io"), 0); // a name that begins the text has no space before it
    QCOMPARE(pair.roles.at("s1"), 2);
    pair.answer = " the"; // not a task of three names: no roles
    tokenize_pair(pair, *m_tokenizer);
    pair.wrong = " a";
    tokenize_pair(pair, *m_tokenizer);
    QVERIFY2(pair.usable(), pair.problem.c_str());
    QVERIFY(pair.roles.empty());
}

void TestPairs::beginning()
{
    TaskRef ref;
    ref.kind = "pairs";
    ref.pairs = {{{"clean", "When Mary and John went to the shop, John gave a ring to"},
                  {"flipped", "When Mary and John went to the shop, Mary gave a ring to"},
                  {"answer", " Mary"},
                  {"wrong", " John"}}};
    for (const char *name : {"llama2", "mistral", "gemma", "t5", "qwen"}) {
        const auto tokenizer = testing::made_tokenizer(name);
        const auto ids_with = [&](Bos bos) {
            ref.bos = bos;
            const PromptPair pair = load_pairs(ref, *tokenizer)[0];
            [&] { QVERIFY2(pair.usable(), (std::string(name) + ": " + pair.problem).c_str()); }();
            [&] {
                QCOMPARE(pair.clean_ids[size_t(pair.roles.at(ioi::io))], pair.answer_id);
                QCOMPARE(pair.clean_ids[size_t(pair.roles.at(ioi::s1))], pair.wrong_id);
                QCOMPARE(pair.clean_ids[size_t(pair.roles.at(ioi::s2))], pair.wrong_id);
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
    const auto tokenizer = testing::made_tokenizer("mistral");
    PromptPair pair = pair_of("<s>When Mary and John went, John gave to", "<s>When Mary and John went, Mary gave to");
    tokenize_pair(pair, *tokenizer, 0, Bos::Auto);
    QCOMPARE(pair.clean_ids[0], int64_t(1));
    QVERIFY(pair.clean_ids[1] != 1);
    // A batch holds what it holds.
    TaskRef batch;
    batch.kind = "batch";
    QCOMPARE(bos_used(batch, tokenizer.get()), Bos::Auto);
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
    QVERIFY(batch.roles.empty()); // not known for both
    QCOMPARE(batch.tokens[1], (std::vector<std::string>{"When", " Anna", " went", " to"}));
    QCOMPARE(batch.flipped_tokens[1][1], std::string(" Boris"));
    pairs[1].excluded = true;
    batch = make_batch(pairs, nullptr, 5);
    QCOMPARE(batch.prompts, 1);
    QCOMPARE(batch.role("s2"), std::vector<int>{6});
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

void TestPairs::task_refs()
{
    TaskRef ref;
    ref.kind = "sentences";
    VERIFY_MESSAGE(load_pairs(ref, *m_tokenizer), "task: \"sentences\" is not a kind of task; one of ioi");
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
