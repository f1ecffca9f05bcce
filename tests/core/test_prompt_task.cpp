// The language of task files: what is drawn, what falls out, what a file may not say; and the tasks that come with the
// program.
#include "base/data_dir.h"
#include "core/error_message.h"
#include "core/made_tasks.h"
#include "core/slow_reference.h"
#include "core/small_case.h"
#include "io/array_files.h"
#include "patching/session.h"
#include "task/prompt_task.h"
#include "task/task_list.h"
#include "task/task_source.h"

#include <QTemporaryDir>
#include <QtTest>

#include <set>

using namespace patchbay;
using namespace patchbay::testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path shared = PATCHBAY_SOURCE_DIR "/../shared/fixtures";

/// A small task of everything, in the words of tests/data/text/tokenizer.json.
json small()
{
    return json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/task/prompts.json"));
}

PromptTask read(const json &task)
{
    return prompt_task_from_json(task.dump(), "small.json");
}

std::string noted(const std::vector<std::string> &notes)
{
    std::string all;
    for (const std::string &note : notes)
        all += note + "\n";
    return all;
}

} // namespace

class TestPromptTask : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<Tokenizer> m_tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");

    std::vector<PromptPair> draw(const json &task, int prompts = 20, std::vector<std::string> *notes = nullptr) const
    {
        return draw_prompts(read(task), prompts, 3, *m_tokenizer, 0, Bos::No, notes);
    }

private Q_SLOTS:
    void swaps()
    {
        const std::vector<PromptPair> pairs = draw(small());
        QCOMPARE(pairs.size(), size_t(20));
        std::set<std::string> different;
        for (const PromptPair &pair : pairs) {
            QCOMPARE(pair.problem, std::string());
            different.insert(pair.clean);
            const std::string a = pair.answer.substr(1), b = pair.wrong.substr(1);
            const std::string thing = pair.clean.find(" ring ") != std::string::npos ? "ring" : "book";
            QCOMPARE(pair.clean,
                     "Then " + a + " gave the " + thing + " to " + b + ". Then " + b + " gave the " + thing + " to");
            QCOMPARE(pair.flipped,
                     "Then " + b + " gave the " + thing + " to " + a + ". Then " + a + " gave the " + thing + " to");
            QCOMPARE(pair.roles.at("giver"), 1);
            QCOMPARE(pair.clean_ids[size_t(pair.roles.at("giver"))], pair.answer_id);
            QCOMPARE(pair.clean_ids[size_t(pair.roles.at("taker"))], pair.wrong_id);
            QCOMPARE(pair.clean_ids[size_t(pair.roles.at("second"))], pair.wrong_id);
            QVERIFY(pair.roles.at("second") > pair.roles.at("taker"));
        }
        QVERIFY(different.size() > 5);
        // The same seed draws the same ones.
        const std::vector<PromptPair> again = draw(small());
        for (size_t i = 0; i < pairs.size(); ++i)
            QCOMPARE(again[i].clean, pairs[i].clean);
        QVERIFY(draw_prompts(read(small()), 20, 4, *m_tokenizer)[0].clean != pairs[0].clean
                || draw_prompts(read(small()), 20, 4, *m_tokenizer)[1].clean != pairs[1].clean);
    }

    void otherFlips()
    {
        json task = small();
        task["flip"] = {{"A", {{"where", {"kind != A.kind", "word != B"}}}}};
        for (const PromptPair &pair : draw(task)) {
            const auto kind = [](const std::string &name) { return name == " Anna" || name == " Clara"; };
            QVERIFY(kind(pair.answer) != kind(pair.wrong));
            QVERIFY(pair.flipped.find(pair.answer) == std::string::npos);
        }
        task["flip"] = {{"A", {{"word", "Clara"}}}};
        task["slots"]["A B"] = {{"list", "person"}, {"where", "word != 'Clara'"}};
        for (const PromptPair &pair : draw(task))
            QCOMPARE(pair.wrong, std::string(" Clara"));
        task = small();
        task["flip"] = {{"A", "another"}};
        for (const PromptPair &pair : draw(task))
            QVERIFY(pair.answer != pair.wrong && pair.flipped.starts_with("Then" + pair.wrong));
        task["flip"] = {{"THING", {{"where", "word != THING"}}}};
        VERIFY_MESSAGE(draw(task),
                       "small.json: cannot be formed with this tokenizer: all of 500 prompts drawn fell out, ");
        VERIFY_MESSAGE(draw(task), " because an answer is wrong as well (first: \" ");
    }

    void answersByListAndRule()
    {
        json task = small();
        task["answer"] = {{"list", "person"}, {"where", "kind = A.kind"}};
        task["wrong"] = {{{"list", "person"}, {"where", "kind != A.kind"}}, {{"words", {"went"}}}};
        const std::vector<PromptPair> pairs = draw(task);
        for (const PromptPair &pair : pairs) {
            QCOMPARE(pair.more_answers.size(), size_t(1));
            QCOMPARE(pair.more_wrongs.size(), size_t(2));
            QCOMPARE(pair.more_wrongs.back(), std::string(" went"));
        }
        // A list's words that are no single token are left out, with a note; where all answers should be, nothing is.
        task["lists"]["person"]["rows"].push_back({"Theodora", "a"});
        task["slots"]["A B"] = {{"list", "person"}, {"where", "word != 'Theodora'"}};
        std::vector<std::string> notes;
        QCOMPARE(draw(task, 20, &notes).size(), size_t(20));
        QVERIFY2(noted(notes).find("1 word of \"person\" is no answer, as it is several tokens for this tokenizer:  "
                                   "Theodora")
                     != std::string::npos,
                 noted(notes).c_str());
        task["conditions"]["one_token"].push_back("answers");
        VERIFY_MESSAGE(draw(task), "because an answer is not one token (first: \" Theodora\" is ");
    }

    void sums()
    {
        json task = small();
        task["lists"]["number"] = {{"numbers", {3, 12}}, {"digits", 2}};
        task["slots"] = {{"A", "number"}, {"B", {{"list", "number"}, {"where", "word <= 15 - A"}}}};
        const PromptTask read_task = read([&] {
            task["templates"] = {"[A] [B]"};
            task["flip"] = {{"A", "another"}};
            task["answer"] = "A + B - 1";
            task.erase("roles");
            task.erase("conditions");
            return task;
        }());
        QCOMPARE(read_task.lists.at("number").rows.front(), Word{"03"});
        QCOMPARE(read_task.lists.at("number").rows.size(), size_t(10));
        const WordList &numbers = read_task.lists.at("number");
        const Filling filling{{"A", {&numbers, {"07"}}}, {"B", {&numbers, {"12"}}}};
        QCOMPARE(read_task.answers[0].value->of(filling), std::string("18"));
        QCOMPARE(matching(numbers, read_task.slot_sources.at("B").rules, filling).size(), size_t(6));
        QCOMPARE(WordValue("A").of(filling), std::string("07"));
    }

    void fallenOut()
    {
        json task = small();
        task["lists"]["person"]["rows"].push_back({"Theodora", "b"});
        std::vector<std::string> notes;
        const std::vector<PromptPair> pairs = draw(task, 30, &notes);
        QCOMPARE(pairs.size(), size_t(30));
        for (const PromptPair &pair : pairs)
            QVERIFY(pair.clean.find("Theodora") == std::string::npos);
        QVERIFY2(noted(notes).find("because [") != std::string::npos
                     && noted(notes).find("is not one token (first: \"Theodora\" in \"Then ") != std::string::npos
                     && noted(notes).find("small: of ") != std::string::npos,
                 noted(notes).c_str());
        // Fewer than were asked for.
        task = small();
        task["conditions"]["no_repeats"] = true;
        notes.clear();
        QCOMPARE(draw(task, 30, &notes).size(), size_t(24)); // 4 · 3 names, 2 things
        QVERIFY2(noted(notes).find("there are 24 prompts instead of 30") != std::string::npos, noted(notes).c_str());
        QVERIFY2(noted(notes).find("because they were there already") != std::string::npos, noted(notes).c_str());
    }

    void badFiles_data()
    {
        QTest::addColumn<QString>("patch");
        QTest::addColumn<QString>("message");
        const auto row = [](const char *name, const char *patch, const char *message) {
            QTest::newRow(name) << QString(patch) << QString(message);
        };
        row("format", R"({"format": "x"})", "small.json: format: \"x\" is not a task file's");
        row("version", R"({"version": 2})", "version: 2 is not supported");
        row("misspelt", R"({"anwser": "A"})", "anwser: is not known here; there are answer");
        row("no list", R"({"slots": {"A B": "people"}})", "there is no list \"people\"");
        row("slot name", R"({"slots": {"a": "person"}})", "\"a\" is no name of a slot");
        row("circle",
            R"({"slots": {"A B": null, "A": {"list": "person", "where": "word != B"}, )"
            R"("B": {"list": "person", "where": "word != A"}}})",
            "read each other in a circle");
        row("template", R"({"templates": ["Then [C]"]})", "templates[0]: there is no slot \"C\"");
        row("open", "{\"templates\": [\"Then [A\"]}", "a \"[\" is not closed");
        row("space", R"({"templates": ["Then [A] to "]})", "nor end with a space");
        row("column", R"({"templates": ["Then [A.age]"]})", "has no column \"age\"");
        row("rule", R"({"flip": {"A": {"where": "kind"}}})", "flip.A.where: \"kind\": is no rule");
        row("rule column", R"({"flip": {"A": {"where": "age = A"}}})", "has no column \"age\"");
        row("value", R"({"flip": {"A": {"where": "kind = a"}}})",
            "neither a slot (in capitals), a number nor a 'text'");
        row("nothing flipped", R"({"flip": {"swap": null}})", "changes nothing");
        row("swap", R"({"flip": {"swap": ["A", "THING"]}})", "have words of different lists");
        row("fixed word", R"({"flip": {"swap": null, "A": {"word": "Xaver"}}})", "\"Xaver\" is not in list");
        row("role", R"({"roles": {"end": "A"}})", "\"end\" is no name of a role");
        row("occurrence", R"({"roles": {"far": "A 3"}})", "a template does not have A 3");
        row("answer", R"({"answer": "flipped"})", "which are wrong ones");
        row("condition", R"({"conditions": {"one_token": ["C"]}})", "there is no slot \"C\"");
        row("rows", R"({"lists": {"person": {"columns": ["a", "b"], "rows": [["x"]]}}})",
            "has 1 texts, but there are 2");
        row("twice", R"({"lists": {"thing": ["ring", "ring"]}})", "\"ring\" is there twice");
        row("numbers", R"({"lists": {"thing": {"numbers": [5, 2]}}})", "lists.thing.numbers[1]: should be an integer");
        row("vocabulary", R"({"lists": {"thing": {"vocabulary": "all"}}})", "it should be \"words\"");
    }

    void badFiles()
    {
        QFETCH(QString, patch);
        QFETCH(QString, message);
        json task = small();
        task.merge_patch(json::parse(patch.toStdString()));
        VERIFY_MESSAGE(read(task), message.toStdString());
    }

    void named()
    {
        const TaskRef ioi = task_named("ioi"), give = task_named("ioi-give"), greater = task_named("greater-than");
        QVERIFY(ioi == TaskRef());
        QCOMPARE(give.kind, std::string("ioi"));
        QCOMPARE(give.file, std::string("ioi-give"));
        QCOMPARE(greater.kind, std::string("task"));
        QCOMPARE(task_title(greater), std::string("Greater than"));
        QCOMPARE(task_title(ioi), std::string("Indirect object identification"));
        VERIFY_MESSAGE(task_named("nothing"),
                       "task: \"nothing\" is neither a task file nor a task that comes with the "
                       "program; those are acronyms, ");
        json task = small();
        task["defaults"] = {{"prompts", 12}, {"seed", 9}};
        const fs::path file = fs::path(m_folder.path().toStdString()) / "own.json";
        write_file(file, task.dump());
        const TaskRef own = task_named(file.string());
        QCOMPARE(own.kind, std::string("task"));
        QCOMPARE(own.prompts, 12);
        QCOMPARE(own.seed, int64_t(9));
        QCOMPARE(load_pairs(own, *m_tokenizer).size(), size_t(12));
        // In a spec and back, with the fields of its kind alone.
        RunSpec spec = spec_of(ActPatch{});
        spec.task = own;
        const nlohmann::ordered_json written = to_json(spec);
        QVERIFY(!written["task"].contains("flip") && written["task"]["prompts"] == 12);
        QVERIFY(run_spec_from_json(json::parse(written.dump())) == spec);
        RunSpec other = spec;
        other.task.seed = 10;
        QVERIFY(cache_key(spec) != cache_key(other));
        other = spec;
        other.task.flip = "ABB->CDD, BAB->DCD"; // not read
        QCOMPARE(cache_key(spec), cache_key(other));
    }

    void shipped_data()
    {
        QTest::addColumn<QString>("tokenizer");
        QTest::newRow("gpt2") << "gpt2";
        QTest::newRow("neox") << "neox";
    }

    // Each task that comes with the program is formed with the usual tokenizers.
    void shipped()
    {
        QFETCH(QString, tokenizer);
        const fs::path file = shared / "tokenizers" / tokenizer.toStdString() / "tokenizer.json";
        if (!fs::exists(file))
            QSKIP("../shared/fixtures/tokenizers is not there");
        const auto tokens = Tokenizer::load(file);
        for (const TaskListing &one : shipped_task_listings()) {
            if (one.task.kind != "task")
                continue;
            std::vector<std::string> notes;
            const PromptTask task = read_prompt_task(task_path(one.task.file));
            const std::vector<PromptPair> pairs = draw_prompts(task, 40, one.task.seed, *tokens, 0, Bos::No, &notes);
            qInfo("%s",
                  (one.name + ": " + pairs[0].clean + " |" + pairs[0].answer + " |" + pairs[0].wrong + "\n"
                   + noted(notes))
                      .c_str());
            QVERIFY2(pairs.size() == 40, (one.name + ": " + noted(notes)).c_str());
            QVERIFY(!one.description.empty() && one.title != one.name);
            for (const PromptPair &pair : pairs)
                QVERIFY2(pair.usable() && pair.roles.size() == task.roles.size(), (one.name + pair.problem).c_str());
        }
    }

    // Σ p(> YY) − Σ p(≤ YY) over the hundred two-digit tokens, against a slow pass in double precision, for answers
    // that are found here by themselves.
    void greaterThan()
    {
        const auto tokens = year_tokenizer({"war", "plan", "siege"});
        TaskRef ref = task_named("greater-than");
        ref.prompts = 12;
        PromptBatch batch = load_batch(ref, tokens.get());
        QCOMPARE(batch.prompts, 12);
        const ModelConfig config = small_config(2, 2, 8, int(tokens->size()));
        const auto model = Model::random(config, 5);
        Session session(model, batch);
        const std::vector<float> found = session.baseline(Metric::ProbDiff).clean;
        PromptBatch by_hand = batch;
        for (int p = 0; p < batch.prompts; ++p) {
            // "The war lasted from the year 1732 to the year 17"
            const std::string yy = batch.tokens[size_t(p)][size_t(batch.role("yy")[size_t(p)])];
            QVERIFY2(yy.size() == 2 && yy > "01" && yy < "99", yy.c_str());
            QCOMPARE(batch.flipped_tokens[size_t(p)][size_t(batch.role("yy")[size_t(p)])], std::string("01"));
            QCOMPARE(batch.tokens[size_t(p)][size_t(batch.role("xx1")[size_t(p)])], batch.tokens[size_t(p)].back());
            by_hand.answers[size_t(p)].clear();
            by_hand.wrongs[size_t(p)].clear();
            for (int number = 0; number < 100; ++number)
                (number > std::stoi(yy) ? by_hand.answers : by_hand.wrongs)[size_t(p)].push_back(
                    *tokens->single(std::to_string(number + 100).substr(1)));
            QCOMPARE(batch.answers[size_t(p)].size() + batch.wrongs[size_t(p)].size(), size_t(100));
        }
        const std::vector<double> slow = SlowReference(model, by_hand).baseline(false, Metric::ProbDiff);
        for (size_t p = 0; p < slow.size(); ++p)
            QVERIFY2(std::abs(double(found[p]) - slow[p]) < 1e-5,
                     (std::to_string(found[p]) + " " + std::to_string(slow[p])).c_str());
        // A tokenizer with fewer such tokens cannot form it, and says why.
        const auto few = year_tokenizer({"war", "plan", "siege"}, 60);
        VERIFY_MESSAGE(load_batch(ref, few.get()), "greater-than.json: cannot be formed with this tokenizer");
    }

    // The demo model's second task: it solves it, and by heads that can be found. One that tells whether the actor was
    // named before reads it there; those that act on it read it at END.
    void strangers()
    {
        const auto model = Model::load({data_path("demo-model"), {}, true});
        Session session(model, load_batch(task_named("strangers"), *model));
        const Baseline &baseline = session.baseline();
        QVERIFY(baseline.accuracy_clean > 0.95 && baseline.accuracy_flipped < 0.05 && baseline.rank0_clean > 0.9);
        QVERIFY(baseline.gap() > 10);
        ActPatch sweep;
        const auto effects = [&](const char *role) {
            sweep.positions = Positions::at(role);
            const RunResult result = session.run(spec_of(sweep));
            std::vector<double> values;
            for (int cell = 0; cell < result.grids[0].cells(); ++cell)
                values.push_back(normalised(result.grids[0], cell, result.baseline));
            return values;
        };
        const std::vector<double> actor = effects("actor"), end = effects("end");
        QVERIFY(*std::max_element(actor.begin(), actor.end()) > 0.15);
        QVERIFY(std::max_element(actor.begin(), actor.end()) - actor.begin() < 8); // in the first layer
        for (int head = 8; head < 48; ++head)
            QVERIFY(std::abs(actor[size_t(head)]) < 0.01);
        QVERIFY(*std::max_element(end.begin() + 8, end.begin() + 16) > 0.15);
        QVERIFY(end[3 * 8 + 4] > 0.1); // not one of IOI's
    }

    // An analysis of IOI's roles says which of them another task lacks.
    void otherRoles()
    {
        const auto tokens = year_tokenizer({"war", "plan"});
        TaskRef ref = task_named("greater-than");
        ref.prompts = 4;
        const PromptBatch batch = load_batch(ref, tokens.get());
        VERIFY_MESSAGE(batch.role("s2"), "these prompts do not say where it stands; they name END, NOUN, XX1, YY");
    }
};

QTEST_GUILESS_MAIN(TestPromptTask)
#include "test_prompt_task.moc"
