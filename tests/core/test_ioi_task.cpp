// Prompts drawn as the reference draws them: every fixture, and a small task of our own.
#include "base/data_dir.h"
#include "core/error_message.h"
#include "io/array_files.h"
#include "task/ioi_task.h"
#include "task/task_list.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QtTest>

#include <algorithm>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path shared = PATCHBAY_SOURCE_DIR "/../shared/fixtures";

DrawOrder draw_order_from(const json &orders)
{
    DrawOrder result;
    for (const auto &[pattern, letters] : orders.items())
        for (const std::string letter : letters)
            result[pattern] += letter;
    return result;
}

const fs::path small_file = PATCHBAY_SOURCE_DIR "/tests/data/task/small.json";

std::unique_ptr<Tokenizer> small_tokenizer()
{
    return Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");
}

const char *const giving[] = {" gave ", " give ", " handed ", " offered ", " passed "};

IoiRequest request_of(const std::string &type, int prompts, int64_t seed, bool symmetric = false)
{
    IoiRequest request;
    request.type = type;
    request.prompts = prompts;
    request.seed = seed;
    request.symmetric = symmetric;
    return request;
}

/// What differs, for a message: the paths of a JSON diff.
std::string difference(const json &ours, const json &expected)
{
    std::string text;
    const json patch = json::diff(expected, ours);
    for (const json &step : patch) {
        text += step["op"].get<std::string>() + " " + step["path"].get<std::string>() + " "
            + step.value("value", json()).dump().substr(0, 80) + "\n";
        if (text.size() > 1000)
            break;
    }
    return text;
}

} // namespace

class TestIoiTask : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void fixtures_data();
    void fixtures();
    void draw_orders();
    void small_task();
    void symmetric();
    void third_names();
    void whole_words();
    void bos();
    void builtin_task_data();
    void builtin_task();
    void namesThatATokenizerSplits();
    void theReferencesOwnFileOpensForAnyTokenizer();
    void theUsualSentencesLeaveOnlyAName();
    void refusals();
    void several_token_names();
    void bad_flips_data();
    void bad_flips();
    void bad_files_data();
    void bad_files();
};

void TestIoiTask::fixtures_data()
{
    QTest::addColumn<QString>("tokenizer");
    QTest::addColumn<QString>("file");
    for (const char *tokenizer : {"neox", "gpt2"}) {
        std::error_code error;
        for (const auto &entry : fs::directory_iterator(shared / "ioi" / tokenizer, error))
            QTest::addRow("%s/%s", tokenizer, entry.path().stem().c_str())
                << QString(tokenizer) << QString::fromStdString(entry.path().string());
    }
    if (!fs::exists(shared / "ioi"))
        QTest::newRow("none") << QString() << QString();
}

void TestIoiTask::fixtures()
{
    QFETCH(QString, tokenizer);
    QFETCH(QString, file);
    if (file.isEmpty())
        QSKIP("../shared/fixtures/ioi is not there");
    const TaskFile task = read_task_file(shared / "ioi/reference_task.json");
    const auto tokens = Tokenizer::load(shared / "tokenizers" / tokenizer.toStdString() / "tokenizer.json");
    const json expected = json::parse(read_file(file.toStdString()));

    IoiSet set;
    if (expected["prompt_type"] == "given") {
        std::vector<IoiPrompt> prompts;
        for (const json &prompt : expected["prompts"])
            prompts.push_back({prompt["text"], prompt["IO"], prompt["S"], "", prompt["TEMPLATE_IDX"], {}});
        set = given_ioi(prompts, expected["seed"]);
    } else {
        IoiRequest request;
        request.type = expected["prompt_type"];
        request.prompts = expected["N"];
        request.seed = expected["seed"];
        request.symmetric = expected["symmetric"];
        set = generate_ioi(task, request);
    }
    IoiJsonOptions options;
    options.tokenizer = expected["tokenizer"];
    for (const auto &[flip, data] : expected["flips"].items())
        options.flips.push_back(flip);
    // Every recorded order is alphabetical, as ours is by default; draw_orders() compares the others.
    const json ours = ioi_dataset_json(task, set, *tokens, options);
    QVERIFY2(ours == expected, difference(ours, expected).c_str());
}

void TestIoiTask::draw_orders()
{
    if (!fs::exists(shared / "ioi"))
        QSKIP("../shared/fixtures/ioi is not there");
    const TaskFile task = read_task_file(shared / "ioi/reference_task.json");
    const json file = json::parse(read_file(shared / "ioi/flip_draw_orders.json"));
    const IoiSet set = generate_ioi(task, {});
    for (const json &variant : file["variants"]) {
        const FlippedSet flipped = flip_ioi(task, set, file["flip"], draw_order_from(variant["draw_order"]));
        QCOMPARE(flipped.seed, variant["seed"].get<int64_t>());
        QCOMPARE(flipped.prompts.size(), variant["prompts"].size());
        for (size_t i = 0; i < flipped.prompts.size(); ++i) {
            const json &expected = variant["prompts"][i];
            QCOMPARE(flipped.prompts[i].text, expected["text"].get<std::string>());
            QCOMPARE(flipped.prompts[i].io, expected["IO"].get<std::string>());
            QCOMPARE(flipped.prompts[i].s, expected["S"].get<std::string>());
        }
    }
    QCOMPARE(file["variants"].size(), size_t(3));
}

// Drawn with CPython's own random module from the same file.
void TestIoiTask::small_task()
{
    const TaskFile task = read_task_file(small_file);
    const IoiSet set = generate_ioi(task, request_of("mixed", 6, 7));
    const std::vector<std::string> texts{"Then Clara and Emma went to the park. Emma gave the ring to Clara",
                                         "Then Boris and Anna went to the shop. Anna gave the ring to Boris",
                                         "Then Emma and David went to the park. David gave the ring to Emma",
                                         "Then David and Clara went to the park. David gave the book to Clara",
                                         "Then Boris and Felix went to the park. Boris gave the ring to Felix",
                                         "Then Emma and Boris went to the shop. Boris gave the book to Emma"};
    const std::vector<std::string> flipped{"Then Anna and Anna went to the park. Anna gave the ring to Clara",
                                           "Then Felix and Felix went to the shop. Felix gave the ring to Boris",
                                           "Then Clara and Boris went to the park. Boris gave the ring to Emma",
                                           "Then Emma and Felix went to the park. Emma gave the book to Clara",
                                           "Then Emma and Emma went to the park. Emma gave the ring to Felix",
                                           "Then Clara and Clara went to the shop. Clara gave the book to Emma"};
    const FlippedSet other = flip_ioi(task, set, "ABB->CDD, BAB->DCD");
    for (size_t i = 0; i < texts.size(); ++i) {
        QCOMPARE(set.prompts[i].text, texts[i]);
        QCOMPARE(other.prompts[i].text, flipped[i]);
    }
    QVERIFY(other.hash_order_dependent);
    QCOMPARE(name_order(set.prompts[0], NameSearch::Substrings), std::string("ABBA"));
    QCOMPARE(name_order(set.prompts[3], NameSearch::Substrings), std::string("BABA"));

    const json data = ioi_dataset_json(task, set, *small_tokenizer(), {"small", {"ABB->ABA, BAB->BAA"}, {}, Bos::No});
    QCOMPARE(data["max_len"].get<int>(), 15);
    QCOMPARE(data["word_idx"]["IO"], json({1, 1, 1, 3, 3, 1}));
    QCOMPARE(data["word_idx"]["S1"], json({3, 3, 3, 1, 1, 3}));
    QCOMPARE(data["word_idx"]["S2"], json({9, 9, 9, 9, 9, 9}));
    QCOMPARE(data["word_idx"]["end"], json({13, 13, 13, 13, 13, 13}));
    QCOMPARE(data["word_idx"]["punct"], json({8, 8, 8, 8, 8, 8}));
    const json &first = data["flips"]["ABB->ABA, BAB->BAA"]["prompts"][0];
    QCOMPARE(first["text"].get<std::string>(),
             std::string("Then Clara and Emma went to the park. Clara gave the ring to Clara"));
    QCOMPARE(first["IO"].get<std::string>(), std::string("Emma"));
    QCOMPARE(first["S"].get<std::string>(), std::string("Clara"));
}

void TestIoiTask::symmetric()
{
    const TaskFile task = read_task_file(small_file);
    const IoiSet set = generate_ioi(task, request_of("ABBA", 10, 3, true));
    const IoiSet plain = generate_ioi(task, request_of("ABBA", 5, 3));
    for (size_t i = 0; i < 10; i += 2) {
        QCOMPARE(set.prompts[i].text, plain.prompts[i / 2].text); // the second of a pair draws nothing
        QCOMPARE(set.prompts[i].io, set.prompts[i + 1].s);
        QCOMPARE(set.prompts[i].s, set.prompts[i + 1].io);
        QVERIFY(set.prompts[i + 1].nouns.empty());
    }
    VERIFY_MESSAGE(generate_ioi(task, request_of("mixed", 7, 3, true)), "symmetric prompts come in pairs: 7 is odd");
    VERIFY_MESSAGE(generate_ioi(task, request_of("ABC", 4, 3, true)), "has a third name and so no symmetric prompts");
}

void TestIoiTask::third_names()
{
    const TaskFile task = read_task_file(small_file);
    const IoiSet set = generate_ioi(task, request_of("ABC", 4, 1));
    for (const IoiPrompt &prompt : set.prompts)
        QVERIFY(!prompt.third.empty() && prompt.text.find(" and " + prompt.third + " went") != std::string::npos);
    VERIFY_MESSAGE(flip_ioi(task, set, "ABB->ABA, BAB->BAA"), "has a third name and cannot be flipped");
    // A reference with the default flip is written without one; another flip was asked for, so it is refused.
    TaskRef ref;
    ref.file = small_file.string();
    ref.type = "ABC";
    QVERIFY(ioi_dataset_json(ref, *small_tokenizer(), "small")["flips"].empty());
    ref.flip = "ABB->CDD, BAB->DCD";
    VERIFY_MESSAGE(ioi_dataset_json(ref, *small_tokenizer(), "small"), "has a third name and cannot be flipped");
}

void TestIoiTask::whole_words()
{
    const IoiPrompt prompt{"Then Andrew and Andre went. Andre saw Andrew", "Andrew", "Andre", "", 0, {}};
    QCOMPARE(name_order(prompt, NameSearch::Substrings), std::string("BABA")); // as the reference has it
    QCOMPARE(name_order(prompt, NameSearch::WholeWords), std::string("ABBA"));
}

void TestIoiTask::bos()
{
    const TaskFile task = read_task_file(small_file);
    const IoiSet set = generate_ioi(task, request_of("mixed", 6, 7));
    VERIFY_MESSAGE(ioi_dataset_json(task, set, *small_tokenizer(), {"small", {}, {}, Bos::Yes}),
                   "names no token that a text begins with (BOS)");
    json file = json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json"));
    file["added_tokens"].push_back({{"id", 950}, {"content", "<|endoftext|>"}, {"special", true}});
    const auto tokenizer = Tokenizer::from_json(file.dump(), "t");
    const json data = ioi_dataset_json(task, set, *tokenizer, {"small", {}, {}, Bos::Yes});
    QCOMPARE(data["toks"][0].size(), size_t(16));
    QCOMPARE(data["toks"][0][0].get<int>(), 950);
    QCOMPARE(data["max_len"].get<int>(), 15); // the reference leaves the BOS out here …
    QCOMPARE(data["word_idx"]["end"], json({14, 14, 14, 14, 14, 14}));
    QCOMPARE(data["word_idx"]["punct"], json({8, 8, 8, 8, 8, 8})); // … and here
    QCOMPARE(data["word_idx"]["starts"], json({0, 0, 0, 0, 0, 0}));
    file["added_tokens"].push_back({{"id", 951}, {"content", "<pad>"}, {"special", true}});
    const json padded =
        ioi_dataset_json(task, set, *Tokenizer::from_json(file.dump(), "t"), {"small", {}, {}, Bos::Yes});
    QCOMPARE(padded["toks"], data["toks"]); // prompts of one length: padding is another token, and nowhere
    QCOMPARE(padded["pad_token_id"].get<int>(), 951);
}

void TestIoiTask::builtin_task_data()
{
    QTest::addColumn<QString>("name");
    std::vector<std::string> names;
    for (const TaskListing &one : shipped_task_listings())
        if (info(one.task).patterns)
            names.push_back(one.name);
    QVERIFY(names == (std::vector<std::string>{"ioi", "ioi-give"}));
    for (const std::string &name : names)
        QTest::newRow(name.c_str()) << QString::fromStdString(name);
}

void TestIoiTask::builtin_task()
{
    QFETCH(QString, name);
    const TaskFile task = read_task_file(task_path(name.toStdString()));
    QCOMPARE(task.name, name.toStdString());
    QVERIFY(task.names.size() >= 60);
    QVERIFY(task.template_sets.at("ABBA").size() >= 12 && task.template_sets.at("BABA").size() >= 12);
    for (const PromptType &type : task.prompt_types) {
        const IoiSet set = generate_ioi(task, request_of(type.name, 40, 11));
        QCOMPARE(set.prompts.size(), size_t(40));
        if (type.third_name)
            continue;
        for (const std::string &flip : task.flips) {
            const FlippedSet flipped = flip_ioi(task, set, flip);
            for (size_t i = 0; i < 40; ++i)
                QVERIFY(flipped.prompts[i].text != set.prompts[i].text);
        }
    }
}

void TestIoiTask::namesThatATokenizerSplits()
{
    // The user's own file: what the tokenizer splits is left out before names are drawn, and said once.
    TaskFile task = read_task_file(small_file);
    const std::vector<std::string> whole = task.names;
    std::string note = "old";
    QVERIFY(with_whole_names(task, *small_tokenizer(), note).names == whole && note.empty());
    task.names.insert(task.names.begin(), {"Gregor", "Hilda"});
    task.names.push_back("Ingrid");
    QVERIFY(with_whole_names(task, *small_tokenizer(), note).names == whole);
    QCOMPARE(note,
             "3 of " + std::to_string(whole.size() + 3)
                 + " names are left out, as they are several tokens for this tokenizer: Gregor, Hilda, Ingrid");
    task.names = {"Gregor", "Hilda", "Ingrid", whole[0]};
    VERIFY_MESSAGE(with_whole_names(task, *small_tokenizer(), note),
                   "only 1 of its 4 names is one token for this tokenizer, and three are needed");

    // From where it lies, into a batch with its note, and nothing of the others changed.
    nlohmann::json file = nlohmann::json::parse(read_file(small_file));
    file["names"].push_back("Gregor");
    const fs::path path = fs::temp_directory_path() / "patchbay-split-names.json";
    write_file(path, file.dump());
    TaskRef ref;
    ref.prompts = 6;
    ref.file = small_file.string();
    const PromptBatch plain = load_batch(ref, small_tokenizer().get());
    ref.file = path.string();
    const PromptBatch batch = load_batch(ref, small_tokenizer().get());
    fs::remove(path);
    QVERIFY(batch.clean == plain.clean && batch.flipped == plain.flipped && batch.prompts == 6);
    QVERIFY(batch.notes.size() == plain.notes.size() + 1 && batch.notes[0].find("1 of ") != std::string::npos
            && batch.notes[0].find("names is left out") != std::string::npos
            && batch.notes[0].find("Gregor") != std::string::npos);
}

void TestIoiTask::theReferencesOwnFileOpensForAnyTokenizer()
{
    if (!fs::exists(shared / "ioi"))
        QSKIP("../shared/fixtures/ioi is not there");
    TaskRef ref;
    ref.file = (shared / "ioi/reference_task.json").string();
    ref.prompts = 100;
    ref.seed = 0;
    const auto smollm = Tokenizer::load(shared / "tokenizers/smollm2/tokenizer.json");
    const PromptBatch batch = load_batch(ref, smollm.get());
    QCOMPARE(batch.prompts, 100);
    QVERIFY(batch.notes.size() == 1 && batch.notes[0].find("3 of 109 names are left out") != std::string::npos);
    QVERIFY2(ioi_dataset_json(ref, *smollm, "smollm2")["note"].get<std::string>().find("Brandon") != std::string::npos,
             "the note names them");
}

void TestIoiTask::theUsualSentencesLeaveOnlyAName()
{
    const TaskFile task = read_task_file(task_path("ioi-give"));
    // After "gave a book to" hardly anything but a name follows; after "thanked" or "took the key from" much does.
    for (const auto &[set, sentences] : task.template_sets)
        for (const std::string &sentence : sentences) {
            QVERIFY2(sentence.ends_with(" [OBJECT] to [A]") || sentence.ends_with(" it to [A]"), sentence.c_str());
            QVERIFY2(std::any_of(std::begin(giving), std::end(giving),
                                 [&](const char *verb) {
                                     return sentence.rfind(verb) != std::string::npos
                                         && sentence.rfind(verb) > sentence.rfind("[B]");
                                 })
                         || set == "ABC" || set == "BAC",
                     sentence.c_str());
        }
    for (const std::string &one : task.names) // no name begins another, so that order and flips are never in doubt
        for (const std::string &other : task.names)
            QVERIFY2(&one == &other || other.find(one) == std::string::npos, (one + " in " + other).c_str());
    QCOMPARE(usual_task("demo"), std::string());
    QCOMPARE(usual_task(data_path("demo-model").string()), std::string());
    QCOMPARE(usual_task("EleutherAI/pythia-160m"), std::string("ioi-give"));
    QVERIFY(task_path("./ioi-give").string() == "./ioi-give" && task_path("mine.json").string() == "mine.json");
    if (!fs::exists(shared / "tokenizers"))
        QSKIP("../shared/fixtures/tokenizers is not there");
    for (const char *family : {"gpt2", "neox", "smollm2"}) {
        const auto tokenizer = Tokenizer::load(shared / "tokenizers" / family / "tokenizer.json");
        std::string note;
        with_whole_names(task, *tokenizer, note);
        QVERIFY2(note.empty(), note.c_str());
        TaskRef ref;
        ref.file = "ioi-give";
        ref.prompts = 300;
        const PromptBatch batch = load_batch(ref, tokenizer.get());
        QVERIFY2(batch.prompts == 300 && batch.notes.empty(), family);
    }
}

void TestIoiTask::refusals()
{
    const TaskFile task = read_task_file(small_file);
    VERIFY_MESSAGE(generate_ioi(task, request_of("BABA", 4, 1)),
                   "has no prompt type \"BABA\"; it has mixed, ABBA, ABC");
    VERIFY_MESSAGE(generate_ioi(task, request_of("mixed", 0, 1)), "prompts: 0 is not a number of prompts");
    const IoiSet comma = given_ioi({{"Then, Anna, and Boris went. Boris saw Anna", "Anna", "Boris", "", 0, {}}}, 1);
    // Boris, Boris and the last word are three, but not the three that the pattern means.
    VERIFY_MESSAGE(flip_ioi(task, comma, "ABB->ABA, BAB->BAA"),
                   "fewer than three names stand alone before its last word");
    const IoiSet few = given_ioi({{"Then Anna, and Boris went. Boris, saw Anna", "Anna", "Boris", "", 0, {}}}, 1);
    VERIFY_MESSAGE(flip_ioi(task, few, "ABB->ABA, BAB->BAA"),
                   "fewer than three names stand alone before its last word");
    const IoiSet set = generate_ioi(task, request_of("mixed", 4, 1));
    VERIFY_MESSAGE(flip_ioi(task, set, "ABB->CDD, BAB->DCD", {{"ABB", "CE"}}),
                   "draw order of ABB: should have the letters CD, not CE");
    const IoiSet start = given_ioi({{"Anna and Boris went. Boris saw Anna", "Anna", "Boris", "", 0, {}}}, 1);
    VERIFY_MESSAGE(ioi_dataset_json(task, start, *small_tokenizer(), {}), "the token \" Anna\" is not in it");
}

void TestIoiTask::several_token_names()
{
    TaskFile task = read_task_file(small_file);
    task.names = {"Gregor", "Hilda", "Ingrid"};
    const IoiSet set = generate_ioi(task, request_of("mixed", 4, 1));
    VERIFY_MESSAGE(ioi_dataset_json(task, set, *small_tokenizer(), {}), "small.json: the name \"");
    VERIFY_MESSAGE(ioi_dataset_json(task, set, *small_tokenizer(), {}),
                   "for this tokenizer, but should be one: leave it out of \"names\"");
    // SmolLM2 has three names of the reference's list in two tokens each.
    if (!fs::exists(shared / "ioi"))
        QSKIP("../shared/fixtures/ioi is not there");
    const TaskFile reference = read_task_file(shared / "ioi/reference_task.json");
    const auto smollm = Tokenizer::load(shared / "tokenizers/smollm2/tokenizer.json");
    const IoiSet many = generate_ioi(reference, request_of("mixed", 100, 0));
    const std::string message = error_message_of([&] { ioi_dataset_json(reference, many, *smollm, {}); });
    QVERIFY2(message.find("Brandon") != std::string::npos || message.find("Connor") != std::string::npos
                 || message.find("Kyle") != std::string::npos,
             message.c_str());
}

void TestIoiTask::bad_flips_data()
{
    QTest::addColumn<QString>("flip");
    QTest::addColumn<QString>("message");
    QTest::newRow("empty") << ""
                           << "should have two parts with a comma between";
    QTest::newRow("one part") << "ABB->ABA"
                              << "should have two parts with a comma between";
    QTest::newRow("three parts") << "ABB->ABA, BAB->BAA, ABB->BAA"
                                 << "should have two parts with a comma between";
    QTest::newRow("letters") << "abb->aba, bab->baa"
                             << "three capital letters each";
    QTest::newRow("lengths") << "ABBA->ABA, BAB->BAA"
                             << "three capital letters each";
    QTest::newRow("no arrow") << "ABB ABA, BAB->BAA"
                              << "three capital letters each";
    QTest::newRow("order") << "BAB->BAA, ABB->ABA"
                           << "its first part is for ABBA prompts";
    QTest::newRow("second") << "ABB->ABA, ABB->BAA"
                            << "its second part is for BABA prompts";
}

void TestIoiTask::bad_flips()
{
    QFETCH(QString, flip);
    QFETCH(QString, message);
    VERIFY_MESSAGE(parse_flip(flip.toStdString()), message.toStdString());
    VERIFY_MESSAGE(parse_flip(flip.toStdString()), "flip \"" + flip.toStdString() + "\"");
}

void TestIoiTask::bad_files_data()
{
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QString>("value"); // empty: the member is taken out
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const char *pointer, const char *value, const char *message) {
        QTest::newRow(name) << pointer << value << message;
    };
    row("format", "/format", "\"recipe\"", "format: \"recipe\" is not a task file's");
    row("no format", "/format", "", "format: missing");
    row("version", "/version", "2", "version: 2 is not supported");
    row("no names", "/names", "", "names: missing");
    row("two names", "/names", R"(["Anna", "Boris"])", "names: should have at least 3 entries");
    row("double name", "/names/1", "\"Anna\"", "names[1]: \"Anna\" is there twice");
    row("empty name", "/names/1", "\"\"", "names[1]: is empty");
    row("name kind", "/names/1", "5", "names[1]: should be a text");
    row("name with space", "/names/1", "\"Mary Ann\"", "names[1]: \"Mary Ann\" has white space in it");
    row("no nouns", "/nouns", "", "nouns: missing");
    row("noun values", "/nouns/0/values", "[]", "nouns[0].values: should have at least 1 entry");
    row("noun placeholder", "/nouns/0/placeholder", "", "nouns[0].placeholder: missing");
    row("placeholders", "/placeholders/io", "\"[B]\"",
        "placeholders: io, subject and third should be three different texts");
    row("no sets", "/template_sets", "", "template_sets: missing");
    row("empty set", "/template_sets/ABBA", "[]", "template_sets.ABBA: should have at least 1 entry");
    row("end", "/template_sets/ABBA/1", "\"[A] and [B] went.\"",
        "template_sets.ABBA[1]: should end with a space and [A]");
    row("no subject", "/template_sets/ABBA/1", "\"[A] saw [A]\"",
        "template_sets.ABBA[1]: should name [A] and [B] before its last word");
    row("no IO", "/template_sets/ABBA/1", "\"[B] saw [A]\"",
        "template_sets.ABBA[1]: should name [A] and [B] before its last word");
    row("third", "/template_sets/ABBA/1", "\"[A] and [B] and [C] saw [A]\"",
        "template_sets.ABBA[1]: has a [C], but the prompt type \"mixed\" has no third name");
    row("no third", "/template_sets/ABC/0", "\"[A] and [B] saw [A]\"",
        "template_sets.ABC[0]: has no [C], but the prompt type \"ABC\" has a third name");
    row("no types", "/prompt_types", "[]", "prompt_types: should have at least one entry");
    row("unknown set", "/prompt_types/0/template_sets/0", "\"XYZ\"",
        "prompt_types[0].template_sets: \"XYZ\" is not among template_sets");
    row("take", "/prompt_types/0/take", "0", "prompt_types[0].take: should be an integer from 1");
    row("shuffle", "/prompt_types/0/shuffle", "1", "prompt_types[0].shuffle: should be true or false");
    row("flip", "/flips/0", "\"ABB\"", "flips[0]: flip \"ABB\": should have two parts");
    row("default type", "/defaults/prompt_type", "\"BABA\"",
        "defaults.prompt_type: \"BABA\" is not among prompt_types");
    row("default seed", "/defaults/seed", "1.5", "defaults.seed: should be an integer");
}

void TestIoiTask::bad_files()
{
    QFETCH(QString, pointer);
    QFETCH(QString, value);
    QFETCH(QString, message);
    json file = json::parse(read_file(small_file));
    const json::json_pointer place(pointer.toStdString());
    if (value.isEmpty())
        file[place.parent_pointer()].erase(place.back());
    else
        file[place] = json::parse(value.toStdString());
    VERIFY_MESSAGE(task_from_json(file.dump(), "mine.json"), "mine.json: " + message.toStdString());
}

QTEST_GUILESS_MAIN(TestIoiTask)
#include "test_ioi_task.moc"
