// A prompt that is tried: tokens, next tokens and attention against a whole run of the hooked transformer, and against
// what a task says of the same pair.
#include "analysis/trial.h"
#include "model/hooked_transformer.h"
#include "patching/session.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace patchbay;

class TestTrial : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { m_model = Model::load({demo_model_path(), {}, false}); }

    void the_likeliest_tokens_are_those_of_the_logits()
    {
        const TriedText text = try_prompt(*m_model, {.clean = m_clean, .likeliest = 25}).clean;
        const std::vector<float> logits = last_logits(text.ids);
        double sum = 0;
        for (const float logit : logits)
            sum += std::exp(double(logit));
        std::vector<float> sorted = logits;
        std::sort(sorted.rbegin(), sorted.rend());
        QCOMPARE(text.likeliest.size(), size_t(25));
        for (size_t i = 0; i < text.likeliest.size(); ++i) {
            const NextToken &next = text.likeliest[i];
            QVERIFY(std::abs(next.logit - double(sorted[i])) < 1e-4); // one row and many are multiplied in other orders
            QVERIFY(std::abs(next.logit - double(logits[size_t(next.id)])) < 1e-4);
            QVERIFY(std::abs(next.probability - std::exp(next.logit) / sum) < 1e-4);
            QCOMPARE(next.rank, int64_t(i));
            QCOMPARE(QString::fromStdString(next.text), QString::fromStdString(m_model->tokenizer()->token(next.id)));
        }
        QCOMPARE(text.ids, m_model->tokenizer()->encode(m_clean));
        QCOMPARE(text.tokens.size(), text.ids.size());
        const size_t all = last_logits(text.ids).size();
        QCOMPARE(try_prompt(*m_model, {.clean = m_clean, .likeliest = 1 << 30}).clean.likeliest.size(), all);
        QVERIFY(try_prompt(*m_model, {.clean = m_clean, .likeliest = 0}).clean.likeliest.empty());
    }

    void says_what_a_task_says_of_the_same_pair()
    {
        TaskRef task;
        task.prompts = 5;
        const std::vector<PromptPair> pairs = load_pairs(task, *m_model->tokenizer());
        Session session(m_model, make_batch(pairs, m_model->tokenizer(), 0));
        const Baseline &baseline = session.baseline();
        for (size_t p = 0; p < pairs.size(); ++p) {
            const Trial trial = try_prompt(
                *m_model, {pairs[p].clean, pairs[p].flipped, pairs[p].answer, pairs[p].wrong, task.bos, 3, {}});
            QCOMPARE(trial.pair.problem, std::string());
            QCOMPARE(trial.pair.roles, pairs[p].roles);
            QVERIFY(!trial.found_answer && !trial.found_wrong);
            QVERIFY(std::abs(*trial.clean.logit_diff() - double(baseline.clean[p])) < 1e-4);
            QVERIFY(std::abs(*trial.flipped->logit_diff() - double(baseline.flipped[p])) < 1e-4);
        }
    }

    void the_attention_is_that_of_the_hooks()
    {
        const std::vector<Head> heads{{2, 2}, {0, 7}, {2, 5}};
        const Trial trial = try_prompt(*m_model, {.clean = m_clean, .flipped = m_longer, .heads = heads});
        for (const TriedText *text : {&trial.clean, &*trial.flipped}) {
            const int T = int(text->ids.size());
            QCOMPARE(text->attention.size(), heads.size());
            HookedTransformer::Options options;
            options.keep = {"blocks.0.attn.hook_pattern", "blocks.2.attn.hook_pattern"};
            options.logits = false;
            const ArrayMap cache = HookedTransformer(m_model).run({1, T, text->ids}, options).cache;
            for (size_t h = 0; h < heads.size(); ++h) {
                const Array &all = cache.at("blocks." + std::to_string(heads[h].layer) + ".attn.hook_pattern");
                const auto begin = all.floats().begin() + heads[h].head * T * T;
                QVERIFY(text->attention[h]->head == heads[h]);
                QCOMPARE(text->attention[h]->sizes, std::vector<int>{T});
                QCOMPARE(text->attention[h]->weights.front(), std::vector<float>(begin, begin + T * T));
            }
        }
    }

    void answers_that_are_not_given_are_the_likeliest()
    {
        const Trial alone = try_prompt(*m_model, {.clean = m_clean});
        QVERIFY(alone.found_answer && alone.found_wrong && !alone.flipped);
        QCOMPARE(alone.clean.answer->id, alone.clean.likeliest[0].id);
        QCOMPARE(alone.clean.wrong->id, alone.clean.likeliest[1].id);
        QVERIFY(*alone.clean.logit_diff() >= 0);

        const Trial both = try_prompt(*m_model, {.clean = m_clean, .flipped = m_flipped, .likeliest = 1});
        QCOMPARE(both.pair.answer, std::string(" Lars"));
        QCOMPARE(both.pair.wrong, std::string(" Felix"));
        QCOMPARE(both.flipped->wrong->rank, int64_t(0));
        QCOMPARE(both.pair.problem, std::string());

        // The same twice: the second likeliest is the wrong one, and the pair says what is wrong with it.
        const Trial same = try_prompt(*m_model, {.clean = m_clean, .flipped = m_clean, .likeliest = 1});
        QVERIFY(same.clean.answer->id != same.clean.wrong->id);
        QVERIFY(same.pair.problem.find("nothing is flipped") != std::string::npos);

        const Trial given = try_prompt(*m_model, {.clean = m_clean, .wrong = " Lars"});
        QVERIFY(given.found_answer && given.pair.answer != " Lars");
    }

    void what_cannot_be_run_is_said_and_the_rest_is_told()
    {
        const Trial unequal = try_prompt(*m_model, {.clean = m_clean, .flipped = m_longer});
        QVERIFY(unequal.pair.problem.find("tokens, the clean one") != std::string::npos);
        QVERIFY(unequal.clean.logit_diff() && unequal.flipped->logit_diff());

        const Trial no_token = try_prompt(*m_model, {.clean = m_clean, .answer = " Lars and"});
        QVERIFY(!no_token.clean.answer && !no_token.clean.logit_diff());
        QVERIFY(!no_token.clean.likeliest.empty());

        std::string endless = m_clean;
        while (endless.size() < size_t(m_model->config().n_ctx) * 8)
            endless += " and" + std::string(" Felix");
        const Trial far = try_prompt(*m_model, {.clean = endless});
        QVERIFY(far.clean.problem.find("more than the model's context") != std::string::npos);
        QVERIFY(far.clean.likeliest.empty() && !far.clean.answer && far.clean.tokens.size() == far.clean.ids.size());

        QCOMPARE(try_prompt(*m_model, {.clean = ""}).clean.problem, std::string("comes to no token"));
        QVERIFY_EXCEPTION_THROWN(try_prompt(*m_model, {.clean = m_clean, .heads = {{9, 0}}}), Error);
        const auto bare = Model::random(m_model->config(), 1);
        QVERIFY_EXCEPTION_THROWN(try_prompt(*bare, {.clean = m_clean}), Error);
        CancelToken cancel;
        cancel.cancel();
        QVERIFY_EXCEPTION_THROWN(try_prompt(*m_model, {.clean = m_clean}, cancel), Cancelled);
    }

private:
    std::vector<float> last_logits(const std::vector<int64_t> &ids) const
    {
        const Array logits = HookedTransformer(m_model).run({1, int(ids.size()), ids}, {}).logits;
        return {logits.floats().end() - m_model->config().d_vocab, logits.floats().end()};
    }

    std::shared_ptr<const Model> m_model;
    const std::string m_clean = "Before Felix and Lars left the church, Felix wrote a long letter to";
    const std::string m_flipped = "Before Felix and Lars left the church, Lars wrote a long letter to";
    const std::string m_longer = "Before Felix and Lars left the church, Lars wrote a long letter today to";
};

QTEST_GUILESS_MAIN(TestTrial)
#include "test_trial.moc"
