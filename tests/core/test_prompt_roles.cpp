// Named positions: where prompts say them, how specs and analyses ask for them, and what is said where they are not.
#include "analysis/analysis.h"
#include "analysis/recipe.h"
#include "core/error_message.h"
#include "core/made_tokenizers.h"
#include "core/small_case.h"
#include "io/array_files.h"
#include "task/role_marks.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace patchbay;
using namespace patchbay::testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string went = R"("clean": "When Anna went to", "flipped": "When Boris went to", )"
                         R"("answer": " Anna", "wrong": " Boris")";

} // namespace

class TestPromptRoles : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<Tokenizer> m_tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json");

    TaskRef task(const std::string &lines) const
    {
        TaskRef ref;
        ref.kind = "pairs";
        ref.file = (fs::path(m_folder.path().toStdString()) / "pairs.jsonl").string();
        write_file(ref.file, lines);
        return ref;
    }
    static PromptBatch with_role(const std::string &role, int position)
    {
        PromptBatch batch = small_batch(4);
        batch.roles[role].assign(size_t(batch.prompts), position);
        return batch;
    }

private Q_SLOTS:
    void names()
    {
        for (const char *text : {"verb", "Verb", " VERB ", "verb_pos"})
            QVERIFY2(role_named(text) == "verb", text);
        for (const char *text : {"", "all", "each", "2", "_x", "a b", "a,b", "S1+1"})
            QVERIFY2(!role_named(text), text);
        QCOMPARE(role_title("verb"), std::string("VERB"));
        QVERIFY(role_of_tensor("verb_pos") == "verb");
        for (const char *text : {"verb", "end_pos", "_pos", "all_pos"})
            QVERIFY2(!role_of_tensor(text), text);
    }

    void givenWithThePairs()
    {
        const TaskRef ref = task("{" + went + R"(, "roles": {"Verb": 2, "IO": 1, "END": 3}})" + "\n");
        const std::vector<PromptPair> pairs = load_pairs(ref, *m_tokenizer);
        QCOMPARE(pairs[0].problem, std::string());
        QVERIFY(pairs[0].roles == (Roles{{"io", 1}, {"verb", 2}}));
        QCOMPARE(role_marks(pairs[0]), (std::vector<std::string>{"", "IO", "VERB", "END"}));
        const PromptBatch batch = load_batch(ref, m_tokenizer.get());
        QCOMPARE(batch.role("verb"), std::vector<int>{2});
        QCOMPARE(batch.role("end"), std::vector<int>{3});
        VERIFY_MESSAGE(batch.role("s2"),
                       "positions: s2 is asked for, but these prompts do not say where it stands; they "
                       "name END, IO, VERB");
        // As the program keeps edited pairs.
        const json kept = pairs_to_json(pairs);
        QCOMPARE(kept[0]["roles"], (json{{"END", 3}, {"IO", 1}, {"VERB", 2}}));
        QVERIFY(pairs_from_json(kept, "task")[0].given_roles == pairs[0].given_roles);
    }

    void wrongOnes()
    {
        const auto problem = [&](const std::string &roles) {
            return load_pairs(task("{" + went + R"(, "roles": )" + roles + "}"), *m_tokenizer)[0].problem;
        };
        QCOMPARE(problem(R"({"verb": 4})"),
                 std::string("VERB is said to be at position 4, but the prompt's positions are 0 to 3"));
        QCOMPARE(problem(R"({"end": 2})"), std::string("END is said to be at position 2, but the prompt ends at 3"));
        QCOMPARE(problem("{}"), std::string());
        QCOMPARE(problem("null"), std::string());
        VERIFY_MESSAGE(problem("3"), "line 1: roles: should be an object");
        VERIFY_MESSAGE(problem(R"({"the verb": 2})"), "line 1: roles.the verb: is no name of a role");
        VERIFY_MESSAGE(problem(R"({"all": 2})"), "line 1: roles.all: is no name of a role");
        VERIFY_MESSAGE(problem(R"({"verb": -1})"), "line 1: roles.verb: ");
        VERIFY_MESSAGE(problem(R"({"verb": 1, "Verb": 2})"), "says again where VERB stands");
    }

    // A file counts the tokens of its text, whatever a model puts before it.
    void behindBos()
    {
        const auto tokenizer = testing::made_tokenizer("llama2");
        TaskRef ref;
        ref.kind = "pairs";
        ref.pairs = {{{"clean", "When Mary and John went to the shop, John gave a ring to"},
                      {"flipped", "When Mary and John went to the shop, Mary gave a ring to"},
                      {"answer", " Mary"},
                      {"wrong", " John"}}};
        ref.bos = Bos::No;
        const int end = load_pairs(ref, *tokenizer)[0].end();
        ref.pairs[0]["roles"] = {{"IO", 1}, {"END", end}};
        const auto found = [&](Bos bos) {
            ref.bos = bos;
            const PromptPair pair = load_pairs(ref, *tokenizer)[0];
            return pair.problem.empty() ? tokenizer->token(pair.clean_ids[size_t(pair.roles.at("io"))]) : pair.problem;
        };
        QCOMPARE(found(Bos::No), tokenizer->token(*tokenizer->single(" Mary")));
        QCOMPARE(found(Bos::Yes), found(Bos::No));
        ref.pairs[0]["roles"] = {{"END", end + 1}};
        QCOMPARE(load_pairs(ref, *tokenizer)[0].problem,
                 "END is said to be at position " + std::to_string(end + 1) + ", but the prompt's positions are 0 to "
                     + std::to_string(end));
    }

    // An analysis cannot go by what only some prompts have; where a file gave it, that is said.
    void thoseOfSomePrompts()
    {
        const PromptBatch batch = load_batch(
            task("{" + went + R"(, "roles": {"verb": 2, "io": 1}})" + "\n{" + went + R"(, "roles": {"io": 1}})"),
            m_tokenizer.get());
        QCOMPARE(batch.roles.size(), size_t(1));
        QCOMPARE(batch.role("io"), (std::vector<int>{1, 1}));
        QCOMPARE(batch.notes, std::vector<std::string>{"VERB is left out: of 2 prompts, 1 says where it stands"});
    }

    void inBatchesOfTokenIds()
    {
        const auto ints = [](std::vector<int64_t> shape, std::vector<int64_t> values) {
            return Array{std::move(shape), std::move(values)};
        };
        ArrayMap arrays{{"clean", ints({2, 3}, {0, 1, 2, 3, 4, 5})},
                        {"flipped", ints({2, 3}, {0, 6, 2, 3, 7, 5})},
                        {"end", ints({2}, {2, 2})},
                        {"io", ints({2}, {8, 9})},
                        {"s", ints({2}, {9, 8})},
                        {"verb_pos", ints({2}, {1, 1})},
                        {"token_pos", ints({2, 3}, {0, 1, 2, 0, 1, 2})}}; // called alike, and something else
        PromptBatch batch = batch_from_arrays(arrays, "b", 0);
        QCOMPARE(batch.roles.size(), size_t(1));
        QCOMPARE(batch.role("verb"), (std::vector<int>{0, 1})); // moved with its prompt
        QCOMPARE(without_prompts(batch, {0}).role("verb"), std::vector<int>{1});
        arrays["verb_pos"] = ints({2}, {0, 1});
        VERIFY_MESSAGE(batch_from_arrays(arrays, "b", 0),
                       "b: \"verb_pos\" of prompt 1 is 0, before the prompt begins at 1");
        arrays["verb_pos"] = ints({2}, {0, 3});
        VERIFY_MESSAGE(batch_from_arrays(arrays, "b"), "\"verb_pos\" of prompt 2 is 3, but should be from 0 to 2");
        // One of the IOI task's has to be a role.
        arrays.erase("verb_pos");
        arrays["s1_pos"] = ints({1}, {0});
        VERIFY_MESSAGE(batch_from_arrays(arrays, "b"), "\"s1_pos\" has the shape [1], but should have [2]");
    }

    // The key of results from before there were other roles than IOI's: the demo model's first four prompts.
    void hashes()
    {
        TaskRef ref;
        ref.prompts = 4;
        const auto tokenizer = Tokenizer::load(PATCHBAY_SOURCE_DIR "/resources/demo-model/tokenizer.json");
        PromptBatch batch = load_batch(ref, tokenizer.get());
        QCOMPARE(hash_of(batch), std::string("ccd961319b472f199a1157b050c1a3db58d059694dac1d6e27f73887a047005f"));
        const std::string ioi = hash_of(batch);
        batch.roles["verb"] = {1, 1, 1, 1};
        const std::string verb = hash_of(batch);
        QVERIFY(verb != ioi);
        batch.roles["noun"] = batch.roles["verb"];
        batch.roles.erase("verb");
        QVERIFY(hash_of(batch) != verb && hash_of(batch) != ioi);
    }

    void aSweepAsksForOneByName()
    {
        Session session(Model::random(small_config(), 3), with_role("verb", 6));
        const auto at = [](const char *positions) {
            ActPatch sweep;
            sweep.positions = parse_positions(positions);
            return spec_of(sweep);
        };
        const RunResult role = session.run(at("Verb")), index = session.run(at("6")), all = session.run(RunSpec());
        QCOMPARE(role.grids[0].per_prompt, index.grids[0].per_prompt);
        QVERIFY(role.grids[0].per_prompt != all.grids[0].per_prompt);
        QCOMPARE(title(role.spec), std::string("Activation patching of z at VERB, denoising"));
        VERIFY_MESSAGE(session.run(at("s2")), "positions: s2 is asked for");
    }

    void anAnalysisNamesWhatIsLacking()
    {
        const auto lacking = [](const PromptBatch &batch, const char *analysis) {
            Session session(Model::random(small_config(), 3), batch);
            try {
                run_analysis(session, spec_of(Analysis{analysis, {}, nullptr}));
            } catch (const NothingToDo &nothing) {
                return std::string(nothing.what());
            }
            return std::string();
        };
        QCOMPARE(lacking(small_batch(4), "copy-scores"),
                 std::string("copy-scores: needs the positions of IO, S1 and S2, which these prompts do not give"));
        PromptBatch batch = with_role("io", 1);
        batch.roles["s1"] = batch.roles["io"];
        QCOMPARE(lacking(batch, "copy-scores"),
                 std::string("copy-scores: needs the position of S2, which these prompts do not give"));
        batch.roles["s2"] = batch.roles["io"];
        QCOMPARE(lacking(batch, "copy-scores"), std::string());
        QVERIFY(QString::fromStdString(lacking(small_batch(4), "attention")).contains("named positions"));
    }

    void attentionHasAColumnEach()
    {
        Session session(Model::random(small_config(), 3), with_role("verb", 6));
        const RunResult result = run_analysis(session, spec_of(Analysis{"attention", {}, nullptr}));
        QCOMPARE(result.arrays.size(), size_t(1));
        const std::vector<float> &values = result.arrays.at("attention.end_to_verb").floats(); // [4, 4, 4]
        const AttentionPattern pattern = session.attention({2, 1}, false);
        const size_t end = size_t(session.batch().end[3]);
        QCOMPARE(values[(2 * 4 + 1) * 4 + 3], pattern.weights[3][end * (end + 1) + 6]);
        const Quantity quantity = quantity_named("attention.end_to_verb");
        QCOMPARE(quantity.title, std::string("END → VERB"));
        QCOMPARE(quantity.words, std::string("attention END→VERB"));
    }

    void alignment()
    {
        PromptBatch batch = small_batch(2, 14);
        batch.end = {9, 8};
        batch.roles = {{"io", {1, 3}}, {"s1", {3, 2}}, {"s2", {7, 6}}};
        RoleAlignment aligned = align_roles(batch);
        QCOMPARE(aligned.titles, (std::vector<std::string>{"BOS", "IO", "S1", "S1+1", "S2", "END", "rest"}));
        QCOMPARE(aligned.places[0], (std::vector<int>{0, 1, 6, 2, 3, 6, 6, 4, 6, 5}));
        QCOMPARE(aligned.places[1], (std::vector<int>{0, 6, 2, 1, 6, 6, 4, 6, 5})); // IO stands behind S1
        batch.roles = {{"verb", {9, 2}}};
        aligned = align_roles(batch);
        QCOMPARE(aligned.titles, (std::vector<std::string>{"BOS", "VERB", "END", "rest"}));
        QCOMPARE(aligned.places[0].back(), 2);
        QCOMPARE(role_marks(batch, 1)[2], std::string("VERB"));
    }
};

QTEST_GUILESS_MAIN(TestPromptRoles)
#include "test_prompt_roles.moc"
