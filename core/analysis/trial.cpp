#include "analysis/trial.h"

#include "base/check_index.h"
#include "base/error.h"
#include "base/json_field.h"
#include "base/signals.h"
#include "model/check_head.h"
#include "model/detail/forward.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace patchbay {

namespace {

std::string pattern_hook(int layer)
{
    return block_hook(layer, "attn.hook_pattern");
}

constexpr int compared = 8; // of the likeliest: among them is one that another text's answer is not

/// One text and all that is known of its END.
class Pass {
public:
    Pass(const Model &model, const TrialQuestion &question, const std::string &text, const CancelToken &cancel)
        : m_model(model), m_tokenizer(model.need_tokenizer())
    {
        out.ids = tokens_of_prompt(text, m_tokenizer, question.bos);
        out.tokens = token_texts(m_tokenizer, out.ids);
        const ModelConfig &config = model.config();
        const auto unknown =
            std::find_if(out.ids.begin(), out.ids.end(), [&](int64_t id) { return id >= config.d_vocab; });
        if (out.ids.empty())
            out.problem = "comes to no token";
        else if (out.ids.size() > size_t(config.n_ctx))
            out.problem = too_long(out.ids.size(), config.n_ctx);
        else if (unknown != out.ids.end())
            out.problem = "has the token " + in_quotes(out.tokens[size_t(unknown - out.ids.begin())]) + ", whose id "
                + std::to_string(*unknown) + " is outside the model's vocabulary of " + std::to_string(config.d_vocab);
        else
            run(question, cancel);
    }

    bool ran() const { return !m_logits.empty(); }

    std::optional<NextToken> token(std::optional<int64_t> id) const
    {
        if (!ran() || !id || *id < 0 || size_t(*id) >= m_logits.size())
            return std::nullopt;
        const float logit = m_logits[size_t(*id)];
        NextToken next;
        next.id = *id;
        next.text = token_texts(m_tokenizer, std::span(&*id, 1)).front();
        next.logit = double(logit);
        next.probability = std::exp(double(logit) - m_log_sum);
        next.rank = std::count_if(m_logits.begin(), m_logits.end(), [&](float other) { return other > logit; });
        return next;
    }

    TriedText out;

private:
    void run(const TrialQuestion &question, const CancelToken &cancel)
    {
        const ModelConfig &config = m_model.config();
        HookedTransformer::Options options;
        for (const Head &head : question.heads)
            options.keep.push_back(pattern_hook(head.layer));
        const auto T = int64_t(out.ids.size());
        Hooks hooks(config, options, 1, int(T));
        const at::Tensor ids = at::from_blob(out.ids.data(), {1, T}, at::kLong);
        const at::Tensor x = forward(config, m_model.weights(), ids, hooks, {}, cancel); // [1, T, D]
        at::Tensor logits =
            m_model.weights().logits(x.select(1, T - 1).contiguous()); // [1, V]: END alone is asked about
        cap_logits(config, logits);
        m_logits.assign(logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel());
        const double top = double(*std::max_element(m_logits.begin(), m_logits.end()));
        m_log_sum = top + std::log(std::accumulate(m_logits.begin(), m_logits.end(), 0.0, [&](double sum, float logit) {
                        return sum + std::exp(double(logit) - top);
                    }));
        tell_likeliest(std::max(question.likeliest, compared));
        tell_attention(question.heads, hooks.take_cache(), int(T));
    }

    void tell_likeliest(int count)
    {
        std::vector<int64_t> order(m_logits.size());
        std::iota(order.begin(), order.end(), 0);
        const auto end = order.begin() + std::min<ptrdiff_t>(count, ptrdiff_t(order.size()));
        std::partial_sort(order.begin(), end, order.end(), [&](int64_t a, int64_t b) {
            const float x = m_logits[size_t(a)], y = m_logits[size_t(b)];
            return x != y ? x > y : a < b;
        });
        for (auto id = order.begin(); id != end; ++id)
            out.likeliest.push_back(*token(*id));
    }

    void tell_attention(const std::vector<Head> &heads, const ArrayMap &cache, int T)
    {
        for (const Head &head : heads) {
            const Array &pattern = cache.at(pattern_hook(head.layer)); // [1, H, T, T]
            const size_t size = size_t(T) * size_t(T);
            const auto begin = pattern.floats().begin() + ptrdiff_t(size_t(head.head) * size);
            out.attention.push_back(std::make_shared<const AttentionPattern>(
                AttentionPattern{head, {T}, {std::vector<float>(begin, begin + ptrdiff_t(size))}}));
        }
    }

    const Model &m_model;
    const Tokenizer &m_tokenizer;
    std::vector<float> m_logits; // [V]
    double m_log_sum = 0;
};

nlohmann::ordered_json to_json(const NextToken &token)
{
    return {{"token", token.text},
            {"id", token.id},
            {"logit", token.logit},
            {"probability", token.probability},
            {"rank", token.rank}};
}

nlohmann::ordered_json to_json(const TriedText &text)
{
    nlohmann::ordered_json out = {{"ids", text.ids}, {"tokens", text.tokens}};
    if (!text.problem.empty())
        out["problem"] = text.problem;
    out["likeliest"] = nlohmann::ordered_json::array();
    for (const NextToken &token : text.likeliest)
        out["likeliest"].push_back(to_json(token));
    for (const auto &[name, token] : {std::pair{"answer", &text.answer}, std::pair{"wrong", &text.wrong}})
        if (*token)
            out[name] = to_json(**token);
    if (const std::optional<double> difference = text.logit_diff())
        out["logit_diff"] = *difference;
    for (const auto &pattern : text.attention) {
        const size_t T = size_t(pattern->sizes.front());
        const float *row = pattern->weights.front().data();
        for (size_t i = 0; i < T; ++i, row += T)
            out["attention"][label(pattern->head)].push_back(std::vector<float>(row, row + T));
    }
    return out;
}

} // namespace

std::optional<double> TriedText::logit_diff() const
{
    if (!answer || !wrong)
        return std::nullopt;
    return answer->logit - wrong->logit;
}

Trial try_prompt(const Model &model, const TrialQuestion &question, const CancelToken &cancel)
{
    const SignalsHeldOff held;
    const Tokenizer &tokenizer = model.need_tokenizer();
    for (const Head &head : question.heads)
        check_head(head, model.config());
    Pass clean(model, question, question.clean, cancel);
    std::optional<Pass> flipped;
    if (!question.flipped.empty())
        flipped.emplace(model, question, question.flipped, cancel);

    Trial trial;
    trial.question = question;
    std::optional<int64_t> answer = tokenizer.single(question.answer), wrong = tokenizer.single(question.wrong);
    trial.pair.answer = question.answer;
    trial.pair.wrong = question.wrong;
    const auto find = [&](const Pass &pass, std::optional<int64_t> other, std::string &text) {
        for (const NextToken &token : pass.out.likeliest)
            if (token.id != other && tokenizer.contains(token.id)) {
                text = tokenizer.token(token.id);
                return std::optional(token.id);
            }
        return std::optional<int64_t>();
    };
    if (question.answer.empty()) {
        answer = find(clean, wrong, trial.pair.answer);
        trial.found_answer = answer.has_value();
    }
    if (question.wrong.empty()) {
        wrong = find(flipped ? *flipped : clean, answer, trial.pair.wrong);
        trial.found_wrong = wrong.has_value();
    }
    for (Pass *pass : {&clean, flipped ? &*flipped : nullptr})
        if (pass) {
            pass->out.answer = pass->token(answer);
            pass->out.wrong = pass->token(wrong);
            pass->out.likeliest.resize(std::min(pass->out.likeliest.size(), size_t(std::max(0, question.likeliest))));
        }
    trial.pair.clean = question.clean;
    trial.pair.flipped = question.flipped;
    tokenize_pair(trial.pair, tokenizer, model.config().n_ctx, question.bos);
    trial.clean = std::move(clean.out);
    if (flipped)
        trial.flipped = std::move(flipped->out);
    return trial;
}

nlohmann::ordered_json to_json(const Trial &trial)
{
    nlohmann::ordered_json out = {{"clean", to_json(trial.clean)}};
    if (trial.flipped)
        out["flipped"] = to_json(*trial.flipped);
    if (!trial.pair.problem.empty())
        out["problem"] = trial.pair.problem;
    return out;
}

} // namespace patchbay
