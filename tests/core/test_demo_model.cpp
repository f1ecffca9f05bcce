// The demo model shows what it is there for: it solves the task on names and fillers it never saw, and by a circuit
// worth looking at.
#include "model/hooked_transformer.h"
#include "model/model.h"
#include "model/weight_arrays.h"
#include "task/ioi_task.h"
#include "task/prompts.h"
#include "task/task_file.h"
#include "task/task_list.h"
#include "text/tokenizer.h"

#include <QtTest>

#include <algorithm>
#include <set>

using namespace patchbay;

namespace {

size_t place_of(const std::vector<std::string> &list, const std::string &word)
{
    return static_cast<size_t>(std::find(list.begin(), list.end(), word) - list.begin());
}

/// What training leaves out (resources/trainer/sentences.cpp).
bool held_out(const TaskFile &task, const IoiPrompt &prompt)
{
    const size_t io = place_of(task.names, prompt.io), s = place_of(task.names, prompt.s);
    const size_t place = place_of(task.nouns[0].values, prompt.nouns[0].second);
    const size_t object = place_of(task.nouns[1].values, prompt.nouns[1].second);
    const size_t apart = (std::max(io, s) - std::min(io, s)) % 10;
    return (apart == 1 || apart == 4) && (place + 3 * object) % 5 == 0;
}

std::string without_last_word(const std::string &text)
{
    return text.substr(0, text.rfind(' '));
}

std::string hook(int layer, const char *name)
{
    return "blocks." + std::to_string(layer) + ".attn." + name;
}

} // namespace

class TestDemoModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void files_are_small();
    void every_word_is_one_token();
    void solves_the_task();
    void heads_of_two_layers_restore_it();
    void subject_is_read_from_its_second_mention();
    void a_head_copies_names();

private:
    std::vector<double> diffs(bool flipped_run, const std::vector<Intervention> &interventions = {}) const;
    double mean(bool flipped_run, const std::vector<Intervention> &interventions = {}) const;
    double pattern(const Array &weights, int head, int prompt, int to, int from) const;

    std::shared_ptr<const Model> m_model;
    std::unique_ptr<HookedTransformer> m_transformer;
    TaskFile m_task;
    PromptBatch m_batch;
    ArrayMap m_cache;                          ///< z, pattern and resid_post of the clean run
    std::vector<std::vector<double>> m_effect; ///< denoising z, [layer][head]
};

void TestDemoModel::initTestCase()
{
    m_model = Model::load({demo_model_path(), {}, true});
    m_transformer = std::make_unique<HookedTransformer>(m_model);
    m_task = read_task_file(task_path(""));
    const IoiSet set = generate_ioi(m_task, {"mixed", 3000, 7, false, NameSearch::WholeWords});
    const FlippedSet flipped = flip_ioi(m_task, set, "ABB->ABA, BAB->BAA");
    std::vector<PromptPair> pairs;
    for (size_t i = 0; i < set.prompts.size(); ++i) {
        if (!held_out(m_task, set.prompts[i]))
            continue;
        PromptPair pair;
        pair.clean = without_last_word(set.prompts[i].text);
        pair.flipped = without_last_word(flipped.prompts[i].text);
        pair.answer = " " + set.prompts[i].io;
        pair.wrong = " " + set.prompts[i].s;
        tokenize_pair(pair, *m_model->tokenizer());
        QVERIFY2(pair.usable(), (pair.clean + ": " + pair.problem).c_str());
        pairs.push_back(pair);
    }
    QVERIFY2(pairs.size() >= 80, "too few held-out prompts to measure anything");
    m_batch = make_batch(pairs, m_model->tokenizer(), *m_model->tokenizer()->pad_id());

    HookedTransformer::Options options;
    options.logits = false;
    options.keep =
        m_transformer->match({"blocks.*.attn.hook_z", "blocks.*.attn.hook_pattern", "blocks.0.hook_resid_post"});
    m_cache = m_transformer->run({m_batch.prompts, m_batch.width, m_batch.clean}, options).cache;

    const double clean = mean(false), low = mean(true);
    for (int layer = 0; layer < m_model->config().n_layers; ++layer) {
        m_effect.emplace_back();
        for (int head = 0; head < m_model->config().n_heads; ++head) {
            Intervention patch;
            patch.hook = hook(layer, "hook_z");
            patch.values = m_cache.at(patch.hook);
            patch.heads = {head};
            m_effect.back().push_back((mean(true, {patch}) - low) / (clean - low));
        }
    }
}

/// logit(IO) − logit(S) at END of each prompt.
std::vector<double> TestDemoModel::diffs(bool flipped_run, const std::vector<Intervention> &interventions) const
{
    HookedTransformer::Options options;
    options.interventions = interventions;
    const Array logits =
        m_transformer->run({m_batch.prompts, m_batch.width, flipped_run ? m_batch.flipped : m_batch.clean}, options)
            .logits;
    std::vector<double> out;
    for (int p = 0; p < m_batch.prompts; ++p) {
        const auto i = static_cast<size_t>(p);
        const float *row = logits.floats().data() + (int64_t(p) * m_batch.width + m_batch.end[i]) * logits.shape[2];
        out.push_back(double(row[m_batch.io[i]]) - double(row[m_batch.s[i]]));
    }
    return out;
}

double TestDemoModel::mean(bool flipped_run, const std::vector<Intervention> &interventions) const
{
    double sum = 0;
    for (const double d : diffs(flipped_run, interventions))
        sum += d;
    return sum / m_batch.prompts;
}

double TestDemoModel::pattern(const Array &weights, int head, int prompt, int to, int from) const
{
    const int64_t heads = weights.shape[1], width = weights.shape[2]; // [prompt, head, query, key]
    return weights.floats()[static_cast<size_t>(((prompt * heads + head) * width + to) * width + from)];
}

void TestDemoModel::files_are_small()
{
    QVERIFY(std::filesystem::file_size(demo_model_path() / "model.safetensors") <= 6'000'000);
    QVERIFY(m_model->config().n_layers >= 6);
    QVERIFY(m_model->config().n_heads >= 8);
    QCOMPARE(m_model->config().rotary_dim, m_model->config().d_head / 4);
    QVERIFY(m_model->config().parallel);
    QCOMPARE(m_model->trust().tokenizer, std::string("ok"));
}

void TestDemoModel::every_word_is_one_token()
{
    const Tokenizer &tokenizer = *m_model->tokenizer();
    for (const std::string &name : m_task.names)
        QVERIFY2(tokenizer.single(" " + name), name.c_str());
    for (const NounList &nouns : m_task.nouns)
        for (const std::string &noun : nouns.values)
            QVERIFY2(tokenizer.single(" " + noun), noun.c_str());
    // A token of these texts is a whole word: it starts with a space, opens the sentence, or is a mark.
    for (const PromptType &type : m_task.prompt_types) {
        const IoiSet set = generate_ioi(m_task, {type.name, 200, 3, false, NameSearch::WholeWords});
        for (const IoiPrompt &prompt : set.prompts) {
            const auto ids = tokenizer.encode(prompt.text);
            const auto expected = std::count_if(prompt.text.begin(), prompt.text.end(),
                                                [](char c) { return c == ' ' || c == ',' || c == '.'; })
                + 1;
            QVERIFY2(int64_t(ids.size()) == expected, prompt.text.c_str());
            QCOMPARE(tokenizer.decode(ids), prompt.text);
        }
    }
}

void TestDemoModel::solves_the_task()
{
    const std::vector<double> clean = diffs(false);
    const auto right = std::count_if(clean.begin(), clean.end(), [](double d) { return d > 0; });
    qInfo("%d held-out prompts: %d right, logit difference %+.2f clean, %+.2f flipped", m_batch.prompts, int(right),
          mean(false), mean(true));
    QVERIFY(double(right) >= 0.99 * m_batch.prompts);
    QVERIFY(mean(false) >= 5.0);
    QVERIFY(mean(true) <= -5.0);
}

void TestDemoModel::heads_of_two_layers_restore_it()
{
    std::set<int> layers;
    for (int layer = 1; layer < m_model->config().n_layers; ++layer)
        for (const double effect : m_effect[size_t(layer)])
            if (effect > 0.05)
                layers.insert(layer);
    QVERIFY2(layers.size() >= 2, "no two layers after the first have a head that restores 5 %");
}

void TestDemoModel::subject_is_read_from_its_second_mention()
{
    QStringList found;
    for (int layer = 0; layer < m_model->config().n_layers; ++layer) {
        const Array &weights = m_cache.at(hook(layer, "hook_pattern"));
        for (int head = 0; head < m_model->config().n_heads; ++head) {
            double attention = 0;
            for (int p = 0; p < m_batch.prompts; ++p)
                attention +=
                    pattern(weights, head, p, m_batch.end[size_t(p)], m_batch.role("s2")[size_t(p)]) / m_batch.prompts;
            const double effect = m_effect[size_t(layer)][size_t(head)];
            if (attention >= 0.5 && effect >= 0.1)
                found << QString::fromStdString(label({layer, head}))
                        + QStringLiteral(" %1 %2").arg(attention).arg(effect);
        }
    }
    qInfo().noquote() << "END to S2:" << found.join(QStringLiteral(", "));
    QVERIFY(!found.isEmpty());
}

/// Copy score: the share of names that a head's output matrix names among its top five.
void TestDemoModel::a_head_copies_names()
{
    const ArrayMap weights = weight_arrays(*m_model);
    const Array &resid = m_cache.at("blocks.0.hook_resid_post"), &unembed = weights.at("unembed.W_U");
    const int64_t d = m_model->config().d_model, d_head = m_model->config().d_head, vocab = m_model->config().d_vocab;
    const auto times = [](const std::vector<float> &x, const float *matrix, int64_t in, int64_t out) {
        std::vector<float> y(static_cast<size_t>(out), 0.0F);
        for (int64_t i = 0; i < in; ++i)
            for (int64_t o = 0; o < out; ++o)
                y[size_t(o)] += x[size_t(i)] * matrix[i * out + o];
        return y;
    };
    double best = 0;
    std::string best_head;
    for (int layer = 1; layer < m_model->config().n_layers; ++layer) {
        const std::string attn = "blocks." + std::to_string(layer) + ".attn.";
        for (int head = 0; head < m_model->config().n_heads; ++head) {
            int named = 0, asked = 0;
            for (int p = 0; p < 30; ++p) {
                const auto i = static_cast<size_t>(p);
                const float *x = resid.floats().data() + (int64_t(p) * m_batch.width + m_batch.role("io")[i]) * d;
                const auto v =
                    times({x, x + d}, weights.at(attn + "W_V").floats().data() + head * d * d_head, d, d_head);
                const auto o = times(v, weights.at(attn + "W_O").floats().data() + head * d_head * d, d_head, d);
                auto logits = times(o, unembed.floats().data(), d, vocab);
                for (int64_t t = 0; t < vocab; ++t)
                    logits[size_t(t)] += weights.at("unembed.b_U").floats()[size_t(t)];
                const float own = logits[size_t(m_batch.io[i])];
                named += std::count_if(logits.begin(), logits.end(), [&](float l) { return l > own; }) < 5;
                ++asked;
            }
            const double score = double(named) / asked;
            if (score > best) {
                best = score;
                best_head = label({layer, head});
            }
        }
    }
    qInfo("best copy score: %s %.0f %%", best_head.c_str(), 100 * best);
    QVERIFY(best >= 0.75);
}

QTEST_GUILESS_MAIN(TestDemoModel)
#include "test_demo_model.moc"
