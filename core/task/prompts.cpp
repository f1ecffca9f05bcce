#include "task/prompts.h"

#include "base/amounts.h"
#include "base/check_index.h"
#include "base/error.h"
#include "base/json_field.h"
#include "task/ioi_roles.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <algorithm>
#include <set>

namespace patchbay {

namespace {

/// An answer must be the token that would follow the prompt, not only a token.
std::string misfit(const std::string &prompt, const std::vector<int64_t> &ids, const std::string &answer, int64_t id,
                   const Tokenizer &tokenizer, Bos bos)
{
    std::vector<int64_t> expected = ids;
    expected.push_back(id);
    if (tokens_of_prompt(prompt + answer, tokenizer, bos) == expected)
        return {};
    const bool space = prompt.ends_with(' ');
    return "the prompt with " + in_quotes(answer) + " behind it is not the prompt's tokens and that one"
        + (space                         ? ": end the prompt before the space"
               : answer.starts_with(' ') ? ""
                                         : ": the answer may need a space before it");
}

std::string count_of(const std::vector<int64_t> &ids)
{
    return counted(int64_t(ids.size()), "token");
}

std::string why_no_roles(const PromptPair &pair, int end)
{
    for (const auto &[role, position] : pair.given_roles) {
        const std::string said = role_title(role) + " is said to be at position " + std::to_string(position) + ", but ";
        if (position < 0 || position > end)
            return said + "the prompt's positions are 0 to " + std::to_string(end);
        if (role == end_role && position != end)
            return said + "the prompt ends at " + std::to_string(end);
    }
    return {};
}

std::vector<int64_t> all_of(int64_t first, const std::vector<int64_t> &more)
{
    std::vector<int64_t> ids{first};
    ids.insert(ids.end(), more.begin(), more.end());
    return ids;
}

std::string problem_of(const PromptPair &pair, const Tokenizer &tokenizer, int n_ctx, Bos bos)
{
    if (pair.clean.empty() || pair.flipped.empty())
        return pair.clean.empty() ? "the clean prompt is empty" : "the flipped prompt is empty";
    if (pair.answer.empty() || pair.wrong.empty())
        return pair.answer.empty() ? "the answer is empty" : "the wrong answer is empty";
    std::vector<std::string> texts{pair.answer, pair.wrong};
    for (const std::vector<std::string> *more : {&pair.more_answers, &pair.more_wrongs})
        texts.insert(texts.end(), more->begin(), more->end());
    for (const std::string &text : texts)
        if (const std::string cause = why_not_one_token(text, tokenizer); !cause.empty())
            return cause + ", but an answer should be one";
    if (pair.answer_id == pair.wrong_id)
        return "the answer and the wrong answer are the same: " + in_quotes(pair.answer);
    const std::vector<int64_t> wrong = all_of(pair.wrong_id, pair.more_wrong_ids);
    std::set<int64_t> seen(wrong.begin(), wrong.end());
    if (seen.size() < wrong.size())
        return "a wrong answer is named twice";
    for (const int64_t id : all_of(pair.answer_id, pair.more_answer_ids))
        if (!seen.insert(id).second)
            return in_quotes(tokenizer.token(id)) + " is named twice among the answers and the wrong answers";
    if (tokenizer.encode(pair.clean).empty() || tokenizer.encode(pair.flipped).empty())
        return "no token is left of the prompt";
    if (pair.clean_ids.size() != pair.flipped_ids.size())
        return "the flipped prompt has " + count_of(pair.flipped_ids) + ", the clean one " + count_of(pair.clean_ids);
    if (n_ctx > 0 && pair.clean_ids.size() > size_t(n_ctx))
        return too_long(pair.clean_ids.size(), n_ctx);
    if (pair.clean_ids == pair.flipped_ids)
        return "nothing is flipped: both prompts are the same";
    std::string cause = misfit(pair.clean, pair.clean_ids, pair.answer, pair.answer_id, tokenizer, bos);
    if (cause.empty())
        cause = misfit(pair.clean, pair.clean_ids, pair.wrong, pair.wrong_id, tokenizer, bos);
    return cause.empty() ? why_no_roles(pair, pair.end() - text_begin(pair, tokenizer)) : cause;
}

// A role that only some prompts have is of no use to a run over all of them; where a file gives it, that is said.
void take_roles(PromptBatch &batch, const std::vector<const PromptPair *> &pairs)
{
    std::set<std::string> missing;
    for (const PromptPair *pair : pairs)
        for (const auto &[role, position] : pair->roles)
            batch.roles[role].push_back(position);
    for (const auto &[role, positions] : batch.roles) {
        if (positions.size() == pairs.size())
            continue;
        missing.insert(role);
        const auto given = std::find_if(pairs.begin(), pairs.end(), [&, &r = role](const PromptPair *pair) {
            return pair->given_roles.contains(r);
        });
        if (given != pairs.end())
            batch.notes.push_back(role_title(role) + " is left out: of " + counted(int64_t(pairs.size()), "prompt")
                                  + ", " + counted(int64_t(positions.size()), "says", "say") + " where it stands");
    }
    for (const std::string &role : missing)
        batch.roles.erase(role);
}

} // namespace

std::string why_not_one_token(const std::string &text, const Tokenizer &tokenizer)
{
    const std::vector<int64_t> ids = tokenizer.continuation(text);
    if (ids.size() == 1)
        return {};
    std::string parts;
    for (const std::string &token : token_texts(tokenizer, ids))
        parts += (parts.empty() ? " (" : ", ") + in_quotes(token);
    return in_quotes(text) + " is " + count_of(ids) + parts + (parts.empty() ? "" : ")");
}

std::string too_long(size_t tokens, int n_ctx)
{
    return "has " + counted(int64_t(tokens), "token") + ", more than the model's context of " + std::to_string(n_ctx);
}

std::vector<int64_t> tokens_of_prompt(const std::string &text, const Tokenizer &tokenizer, Bos bos)
{
    std::vector<int64_t> ids = tokenizer.encode(text);
    const std::vector<int64_t> before = tokenizer.beginning(bos);
    if (ids.size() < before.size() || !std::equal(before.begin(), before.end(), ids.begin()))
        ids.insert(ids.begin(), before.begin(), before.end());
    return ids;
}

int text_begin(const PromptPair &pair, const Tokenizer &tokenizer)
{
    return int(pair.clean_ids.size() - tokenizer.encode(pair.clean).size());
}

void tokenize_pair(PromptPair &pair, const Tokenizer &tokenizer, int n_ctx, Bos bos)
{
    pair.clean_ids = tokens_of_prompt(pair.clean, tokenizer, bos);
    pair.flipped_ids = tokens_of_prompt(pair.flipped, tokenizer, bos);
    pair.answer_id = tokenizer.single(pair.answer).value_or(-1);
    pair.wrong_id = tokenizer.single(pair.wrong).value_or(-1);
    for (const bool right : {true, false}) {
        std::vector<int64_t> &ids = right ? pair.more_answer_ids : pair.more_wrong_ids;
        ids.clear();
        for (const std::string &text : right ? pair.more_answers : pair.more_wrongs)
            ids.push_back(tokenizer.single(text).value_or(-1));
    }
    pair.roles.clear();
    pair.problem = problem_of(pair, tokenizer, n_ctx, bos);
    if (!pair.problem.empty())
        return;
    if (pair.given_roles.empty()) {
        pair.roles = find_ioi_roles(pair, tokenizer);
        return;
    }
    for (const auto &[role, position] : pair.given_roles)
        if (role != end_role)
            pair.roles[role] = position + text_begin(pair, tokenizer);
}

PromptBatch make_batch(const std::vector<PromptPair> &pairs, const Tokenizer *tokenizer, int64_t pad_id)
{
    std::vector<const PromptPair *> usable;
    size_t width = 0;
    std::vector<std::string> notes;
    for (const PromptPair &pair : pairs) {
        if (!pair.problem.empty() && !pair.excluded)
            notes.push_back(prompt_name(&pair - pairs.data()) + " is left out: " + pair.problem);
        if (!pair.usable())
            continue;
        if (pair.clean_ids.empty() || pair.clean_ids.size() != pair.flipped_ids.size())
            throw Error("prompt pair", "is not tokenized: " + in_quotes(pair.clean));
        usable.push_back(&pair);
        width = std::max(width, pair.clean_ids.size());
    }
    if (usable.empty()) {
        const auto problem =
            std::find_if(pairs.begin(), pairs.end(), [](const PromptPair &pair) { return !pair.problem.empty(); });
        throw Error("prompts",
                    pairs.empty()                ? "there are none"
                        : problem == pairs.end() ? "all of them are excluded"
                                                 : "none can be used; the first problem: " + problem->problem + " ("
                            + in_quotes(problem->clean) + ")");
    }
    PromptBatch batch;
    batch.notes = std::move(notes);
    batch.prompts = static_cast<int>(usable.size());
    batch.width = static_cast<int>(width);
    for (const PromptPair *pair : usable) {
        for (auto [ids, rows] :
             {std::pair{&pair->clean_ids, &batch.clean}, std::pair{&pair->flipped_ids, &batch.flipped}}) {
            rows->insert(rows->end(), ids->begin(), ids->end());
            rows->resize(rows->size() + width - ids->size(), pad_id);
        }
        batch.end.push_back(pair->end());
        batch.io.push_back(pair->answer_id);
        batch.s.push_back(pair->wrong_id);
    }
    const bool sets = std::any_of(usable.begin(), usable.end(), [](const PromptPair *pair) {
        return !pair->more_answer_ids.empty() || !pair->more_wrong_ids.empty();
    });
    for (const PromptPair *pair : usable)
        if (sets) {
            batch.answers.push_back(all_of(pair->answer_id, pair->more_answer_ids));
            batch.wrongs.push_back(all_of(pair->wrong_id, pair->more_wrong_ids));
        }
    take_roles(batch, usable);
    if (tokenizer)
        describe_tokens(batch, *tokenizer);
    return batch;
}

} // namespace patchbay
