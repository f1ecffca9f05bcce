// Batches of bare token ids: read, checked, refused.
#include "core/error_message.h"
#include "io/array_files.h"
#include "task/task_source.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace patchbay;

namespace {

Array ints(std::vector<int64_t> shape, std::vector<int64_t> values)
{
    return {std::move(shape), std::move(values)};
}

} // namespace

class TestBatch : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void arrays();
    void bad_arrays();
    void limits();
    void left_padding();
    void prompts_that_do_not_fit();
};

void TestBatch::arrays()
{
    ArrayMap arrays{{"clean", ints({2, 3}, {1, 2, 3, 4, 5, 9999})},
                    {"flipped", ints({2, 3}, {1, 7, 3, 4, 6, 9999})},
                    {"end", ints({2}, {2, 1})},
                    {"io", ints({2}, {8, 9})},
                    {"s", ints({2}, {9, 8})}};
    PromptBatch batch = batch_from_arrays(arrays, "b");
    QCOMPARE(batch.width, 3);
    QCOMPARE(batch.at(true, 1, 1), int64_t(6));
    QVERIFY(batch.roles.empty());
    for (const char *key : {"io_pos", "s1_pos", "s2_pos"})
        arrays[key] = ints({2}, {0, 1});
    QTemporaryDir folder;
    const std::string path = folder.filePath("batch.safetensors").toStdString();
    const auto tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");
    // Through a file, with token strings and without a prompt.
    write_arrays(path, arrays);
    TaskRef ref;
    ref.kind = "batch";
    ref.file = path;
    batch = load_batch(ref, tokenizer.get());
    QCOMPARE(batch.role("s2"), (std::vector<int>{0, 1}));
    QCOMPARE(batch.tokens[1].size(), size_t(2));
    QCOMPARE(batch.tokens[0][0], tokenizer->token(1));
    ref.excluded = {0};
    batch = load_batch(ref, tokenizer.get());
    QCOMPARE(batch.prompts, 1);
    QCOMPARE(batch.at(false, 0, 1), int64_t(5));
    QCOMPARE(batch.io, std::vector<int64_t>{9});
    ref.excluded = {0, 1};
    VERIFY_MESSAGE(load_batch(ref, nullptr), "all of them are excluded");
    VERIFY_MESSAGE(load_pairs(ref, *tokenizer), "holds token ids, not prompts");
    QCOMPARE(token_texts(*tokenizer, std::vector<int64_t>{9999}), std::vector<std::string>{"[9999]"});
}

void TestBatch::bad_arrays()
{
    const ArrayMap good{{"clean", ints({2, 2}, {1, 2, 3, 4})},
                        {"flipped", ints({2, 2}, {1, 7, 3, 4})},
                        {"end", ints({2}, {1, 1})},
                        {"io", ints({2}, {8, 9})},
                        {"s", ints({2}, {9, 8})}};
    const auto with = [&](const std::string &key, const Array &array) {
        ArrayMap arrays = good;
        arrays[key] = array;
        return arrays;
    };
    for (const char *key : {"clean", "flipped", "end", "io", "s"}) {
        ArrayMap arrays = good;
        arrays.erase(key);
        VERIFY_MESSAGE(batch_from_arrays(arrays, "b.npz"), std::string("b.npz: has no tensor \"") + key + "\"");
        VERIFY_MESSAGE(batch_from_arrays(with(key, {{1}, std::vector<float>{1}}), "b.npz"),
                       std::string("b.npz: \"") + key + "\" should hold integers");
    }
    VERIFY_MESSAGE(batch_from_arrays(with("clean", ints({4}, {1, 2, 3, 4})), "b"),
                   "\"clean\" has the shape [4], but should have [prompts, pos]");
    VERIFY_MESSAGE(batch_from_arrays(with("clean", ints({0, 2}, {})), "b"), "\"clean\" has the shape [0, 2]");
    VERIFY_MESSAGE(batch_from_arrays(with("flipped", ints({1, 2}, {1, 2})), "b"),
                   "\"flipped\" has the shape [1, 2], but should have [2, 2]");
    VERIFY_MESSAGE(batch_from_arrays(with("io", ints({1}, {1})), "b"), "\"io\" has the shape [1], but should have [2]");
    VERIFY_MESSAGE(batch_from_arrays(with("end", ints({2}, {1, 2})), "b"),
                   "\"end\" of prompt 2 is 2, but should be from 0 to 1");
    VERIFY_MESSAGE(batch_from_arrays(with("s", ints({2}, {8, 8})), "b"),
                   "\"io\" and \"s\" of prompt 1 are the same token, 8");
    ArrayMap roles = with("io_pos", ints({2}, {0, 5}));
    roles["s1_pos"] = roles["s2_pos"] = ints({2}, {0, 0});
    VERIFY_MESSAGE(batch_from_arrays(roles, "b"), "\"io_pos\" of prompt 2 is 5, but should be from 0 to 1");
}

void TestBatch::limits()
{
    PromptBatch batch = batch_from_arrays({{"clean", ints({2, 2}, {1, 2, 3, 4})},
                                           {"flipped", ints({2, 2}, {1, 7, 3, 4})},
                                           {"end", ints({2}, {1, 0})},
                                           {"io", ints({2}, {8, 9})},
                                           {"s", ints({2}, {9, 8})}},
                                          "b");
    check_batch(batch, 10, 2);
    VERIFY_MESSAGE(check_batch(batch, 9, 2), "prompt 1: wrong answer: token 9 is not in the model's vocabulary of 9");
    VERIFY_MESSAGE(check_batch(batch, 7, 2),
                   "prompt 1: flipped, position 1: token 7 is not in the model's vocabulary of 7");
    VERIFY_MESSAGE(check_batch(batch, 10, 1), "prompt 1: has 2 tokens, more than the model's context of 1");
    batch.end = {0, 0};
    VERIFY_MESSAGE(check_batch(batch, 10, 1), "batch: is 2 tokens wide, more than the model's context of 1");
    batch.clean[3] = -1;
    VERIFY_MESSAGE(check_batch(batch, 10, 2), "prompt 2: clean, position 1: token -1 is not");
}

void TestBatch::left_padding()
{
    ArrayMap padded{{"clean", ints({2, 4}, {0, 0, 5, 6, 1, 0, 3, 4})},
                    {"flipped", ints({2, 4}, {0, 0, 7, 6, 1, 0, 2, 4})},
                    {"end", ints({2}, {3, 3})},
                    {"io", ints({2}, {8, 9})},
                    {"s", ints({2}, {9, 8})},
                    {"io_pos", ints({2}, {2, 0})},
                    {"s1_pos", ints({2}, {2, 1})},
                    {"s2_pos", ints({2}, {3, 2})}};
    // As it is: nothing is guessed, but it is said.
    PromptBatch batch = batch_from_arrays(padded, "b");
    QCOMPARE(batch.end, (std::vector<int>{3, 3}));
    QCOMPARE(batch.notes.size(), size_t(1));
    QVERIFY(QString::fromStdString(batch.notes[0]).startsWith("prompt 1 begins with token 0 2 times"));
    // By the token's id, and by a tensor: a zero inside a prompt is a token.
    const auto moved = [&](const PromptBatch &b) {
        QCOMPARE(b.width, 4);
        QCOMPARE(b.clean, (std::vector<int64_t>{5, 6, 0, 0, 1, 0, 3, 4}));
        QCOMPARE(b.flipped, (std::vector<int64_t>{7, 6, 0, 0, 1, 0, 2, 4}));
        QCOMPARE(b.end, (std::vector<int>{1, 3}));
        QCOMPARE(b.role("io"), (std::vector<int>{0, 0}));
        QCOMPARE(b.role("s2"), (std::vector<int>{1, 2}));
        QVERIFY(b.notes.empty());
    };
    moved(batch_from_arrays(padded, "b", 0));
    padded["start"] = ints({2}, {2, 0});
    moved(batch_from_arrays(padded, "b"));
    padded["start"] = ints({2}, {2, 4});
    VERIFY_MESSAGE(batch_from_arrays(padded, "b"), "b: \"start\" of prompt 2 is 4, but should be from 0 to 3");
    padded["start"] = ints({2}, {2, 1});
    VERIFY_MESSAGE(batch_from_arrays(padded, "b"), "b: \"io_pos\" of prompt 2 is 0, before the prompt begins at 1");
    // Padding alone is no prompt: END stays.
    padded.erase("start");
    padded["clean"] = padded["flipped"] = ints({2, 4}, {0, 0, 0, 0, 1, 2, 3, 4});
    for (const char *key : {"io_pos", "s1_pos", "s2_pos"})
        padded.erase(key);
    QCOMPARE(batch_from_arrays(padded, "b", 0).end, (std::vector<int>{0, 3}));
}

void TestBatch::prompts_that_do_not_fit()
{
    const PromptBatch batch = batch_from_arrays({{"clean", ints({3, 3}, {1, 2, 9, 3, 4, 5, 6, 7, 9})},
                                                 {"flipped", ints({3, 3}, {1, 5, 9, 3, 4, 6, 6, 8, 9})},
                                                 {"end", ints({3}, {1, 2, 1})},
                                                 {"io", ints({3}, {8, 8, 8})},
                                                 {"s", ints({3}, {7, 7, 7})}},
                                                "b");
    PromptBatch fitting = fitting_prompts(batch, 2);
    QCOMPARE(fitting.prompts, 2);
    QCOMPARE(fitting.width, 2);
    QCOMPARE(fitting.clean, (std::vector<int64_t>{1, 2, 6, 7}));
    QCOMPARE(fitting.notes,
             (std::vector<std::string>{"prompt 2 is left out: it has 3 tokens, more than the model's context of 2"}));
    check_batch(fitting, 10, 2);
    // Numbers of prompts are those of the file, whatever else is left out.
    fitting = fitting_prompts(batch, 2, {0});
    QCOMPARE(fitting.prompts, 1);
    QCOMPARE(fitting.notes.size(), size_t(1));
    QVERIFY(fitting_prompts(batch, 2, {0, 1}).notes.empty());
    QCOMPARE(fitting_prompts(batch, 3).prompts, 3);
    VERIFY_MESSAGE(fitting_prompts(batch, 1),
                   "prompts: none can be used: prompt 1 has 2 tokens, more than the model's context of 1");
    VERIFY_MESSAGE(fitting_prompts(batch, 3, {3}), "exclude: 3 is out of range: the prompts are 0 to 2");
}

QTEST_GUILESS_MAIN(TestBatch)
#include "test_batch.moc"
