// What is done with batches: looked up, cut down, hashed, and checked before a model reads them.
#include "base/amounts.h"
#include "base/check_index.h"
#include "base/error.h"
#include "base/sha256.h"
#include "task/ioi_roles.h"
#include "task/prompts.h"
#include "text/token_texts.h"

#include <algorithm>

namespace patchbay {

namespace {

template <typename T>
std::vector<T> kept_of(const std::vector<T> &list, const std::vector<int> &kept, size_t width = 1)
{
    std::vector<T> result;
    if (!list.empty())
        for (const int prompt : kept)
            result.insert(result.end(), list.begin() + static_cast<std::ptrdiff_t>(size_t(prompt) * width),
                          list.begin() + static_cast<std::ptrdiff_t>(size_t(prompt + 1) * width));
    return result;
}

} // namespace

const std::vector<int> *PromptBatch::find_role(std::string_view role) const
{
    if (role == end_role)
        return &end;
    const auto found = roles.find(role);
    return found == roles.end() ? nullptr : &found->second;
}

const std::vector<int> &PromptBatch::role(std::string_view role) const
{
    if (const std::vector<int> *positions = find_role(role))
        return *positions;
    std::string known = role_title(end_role);
    for (const auto &[name, positions] : roles)
        known += ", " + role_title(name);
    throw Error("positions",
                std::string(role) + " is asked for, but these prompts do not say where it stands; they name " + known);
}

void describe_tokens(PromptBatch &batch, const Tokenizer &tokenizer)
{
    const auto texts = [&](const std::vector<int64_t> &ids, int prompt) {
        return token_texts(tokenizer,
                           {ids.data() + size_t(prompt) * size_t(batch.width), size_t(batch.end[size_t(prompt)]) + 1});
    };
    batch.tokens.clear();
    batch.flipped_tokens.clear();
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        batch.tokens.push_back(texts(batch.clean, prompt));
        batch.flipped_tokens.push_back(texts(batch.flipped, prompt));
    }
}

PromptBatch with_prompts(const PromptBatch &batch, const std::vector<int> &kept)
{
    PromptBatch result;
    result.prompts = static_cast<int>(kept.size());
    result.width = batch.width;
    result.clean = kept_of(batch.clean, kept, size_t(batch.width));
    result.flipped = kept_of(batch.flipped, kept, size_t(batch.width));
    result.end = kept_of(batch.end, kept);
    result.io = kept_of(batch.io, kept);
    result.s = kept_of(batch.s, kept);
    result.answers = kept_of(batch.answers, kept);
    result.wrongs = kept_of(batch.wrongs, kept);
    for (const auto &[role, positions] : batch.roles)
        result.roles[role] = kept_of(positions, kept);
    result.tokens = kept_of(batch.tokens, kept);
    result.flipped_tokens = kept_of(batch.flipped_tokens, kept);
    return result;
}

PromptBatch without_prompts(const PromptBatch &batch, const std::vector<int> &excluded)
{
    for (const int prompt : excluded)
        check_index(prompt, batch.prompts, "exclude", "prompts");
    std::vector<int> kept;
    for (int prompt = 0; prompt < batch.prompts; ++prompt)
        if (std::find(excluded.begin(), excluded.end(), prompt) == excluded.end())
            kept.push_back(prompt);
    if (kept.empty())
        throw Error("prompts", "all of them are excluded");
    PromptBatch result = with_prompts(batch, kept);
    result.notes = batch.notes;
    return result;
}

PromptBatch fitting_prompts(const PromptBatch &batch, int n_ctx, const std::vector<int> &excluded)
{
    std::vector<int> without = excluded;
    std::vector<std::string> notes;
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        const int length = batch.end[size_t(prompt)] + 1;
        if (length <= n_ctx || std::find(excluded.begin(), excluded.end(), prompt) != excluded.end())
            continue;
        without.push_back(prompt);
        notes.push_back(prompt_name(prompt) + " is left out: it " + too_long(size_t(length), n_ctx));
    }
    if (int(notes.size()) == batch.prompts)
        throw Error("prompts", "none can be used: " + prompt_name(0) + " " + too_long(size_t(batch.end[0]) + 1, n_ctx));
    PromptBatch fitting = without.empty() ? batch : without_prompts(batch, without);
    fitting.notes.insert(fitting.notes.end(), notes.begin(), notes.end());
    if (fitting.width <= n_ctx)
        return fitting;
    // What is wider than the context now is padding.
    const int width = *std::max_element(fitting.end.begin(), fitting.end.end()) + 1;
    for (std::vector<int64_t> *ids : {&fitting.clean, &fitting.flipped}) {
        std::vector<int64_t> narrow;
        for (int prompt = 0; prompt < fitting.prompts; ++prompt) {
            const auto row = ids->begin() + std::ptrdiff_t(prompt) * fitting.width;
            narrow.insert(narrow.end(), row, row + width);
        }
        *ids = std::move(narrow);
    }
    fitting.width = width;
    return fitting;
}

std::string hash_of(const PromptBatch &batch)
{
    std::vector<int64_t> read{batch.prompts};
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        const size_t p = size_t(prompt);
        read.push_back(batch.end[p]);
        for (const bool flipped : {false, true})
            for (int position = 0; position <= batch.end[p]; ++position)
                read.push_back(batch.at(flipped, prompt, position));
        read.push_back(batch.io[p]);
        read.push_back(batch.s[p]);
        for (const auto *sets : {&batch.answers, &batch.wrongs})
            if (!sets->empty()) {
                read.push_back(int64_t((*sets)[p].size()));
                read.insert(read.end(), (*sets)[p].begin(), (*sets)[p].end());
            }
        for (const ioi::RoleInfo &one : ioi::roles) { // first and always: so it was when there were no others
            const std::vector<int> *positions = batch.find_role(one.role);
            read.push_back(positions ? (*positions)[p] : -1);
        }
        for (const auto &[role, positions] : batch.roles) {
            if (ioi::is_role(role))
                continue;
            read.insert(read.end(), role.begin(), role.end());
            read.push_back(positions[p]);
        }
    }
    return sha256_of(read.data(), read.size() * sizeof(int64_t));
}

void check_batch(const PromptBatch &batch, int64_t d_vocab, int n_ctx)
{
    const auto check = [&](int64_t id, int prompt, const std::string &where) {
        if (id < 0 || id >= d_vocab)
            throw Error(prompt_name(prompt),
                        where + ": token " + std::to_string(id) + " is not in the model's vocabulary of "
                            + std::to_string(d_vocab));
    };
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        const int length = batch.end[size_t(prompt)] + 1;
        if (length > n_ctx)
            throw Error(prompt_name(prompt), too_long(size_t(length), n_ctx));
        for (int position = 0; position < batch.width; ++position) {
            check(batch.at(false, prompt, position), prompt, "clean, position " + std::to_string(position));
            check(batch.at(true, prompt, position), prompt, "flipped, position " + std::to_string(position));
        }
        check(batch.io[size_t(prompt)], prompt, "answer");
        check(batch.s[size_t(prompt)], prompt, "wrong answer");
        for (const auto *sets : {&batch.answers, &batch.wrongs})
            if (!sets->empty())
                for (const int64_t id : (*sets)[size_t(prompt)])
                    check(id, prompt, sets == &batch.answers ? "answer" : "wrong answer");
    }
    if (batch.width > n_ctx)
        throw Error("batch",
                    "is " + counted(batch.width, "token") + " wide, more than the model's context of "
                        + std::to_string(n_ctx));
}

} // namespace patchbay
