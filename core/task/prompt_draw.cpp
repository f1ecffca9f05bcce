// Prompts of a task file, drawn for a tokenizer.
#include "base/amounts.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "task/prompt_task.h"
#include "task/python_random.h"
#include "text/tokenizer.h"

#include <algorithm>
#include <set>

namespace patchbay {

namespace {

/// Why a draw is none of the task's prompts for this tokenizer: in general, and in this case.
struct FellOut {
    std::string cause, example;
    bool drawn_again = false; ///< chance, which has nothing to do with the tokenizer
};

/// A prompt written out, and where its slots stand in the text: [begin, end) of each occurrence.
struct Written {
    std::string text;
    std::map<std::string, std::vector<std::pair<size_t, size_t>>> places;
};

Written write_out(const PromptTemplate &parts, const Filling &filling)
{
    Written out;
    for (const TemplatePart &part : parts) {
        out.text += part.text;
        if (part.slot.empty())
            continue;
        const size_t begin = out.text.size();
        out.text += filling.at(part.slot).value(part.column);
        out.places[part.slot].emplace_back(begin, out.text.size());
    }
    return out;
}

class PromptDraw {
public:
    PromptDraw(const PromptTask &task, int64_t seed, const Tokenizer &tokenizer, int n_ctx, Bos bos)
        : m_task(task), m_lists(task.lists), m_tokenizer(tokenizer), m_n_ctx(n_ctx), m_bos(bos), m_random(seed)
    {
        for (auto &[name, list] : m_lists)
            if (list.of_tokenizer)
                list.rows = words_of(tokenizer);
    }

    /// The next prompt. Throws FellOut.
    PromptPair next()
    {
        const PromptTemplate &parts = m_random.choice(m_task.templates);
        Filling clean;
        for (const std::string &slot : m_task.order)
            fill(clean, slot, m_task.slot_sources.at(slot), clean);
        const Filling flipped = flip(clean);
        need_different(clean);
        need_different(flipped);
        const Written one = write_out(parts, clean), other = write_out(parts, flipped);
        PromptPair pair;
        pair.clean = one.text;
        pair.flipped = other.text;
        pair.template_index = int(&parts - m_task.templates.data());
        if (!m_task.repeats && !m_seen.insert(one.text).second)
            throw FellOut{"they were there already", {}, true};
        const std::vector<int64_t> clean_ids = m_tokenizer.encode(one.text),
                                   flipped_ids = m_tokenizer.encode(other.text);
        for (const std::string &slot : m_task.one_token) {
            need_one_token(slot, one, clean_ids);
            need_one_token(slot, other, flipped_ids);
        }
        if (clean_ids.size() != flipped_ids.size())
            throw FellOut{"the flipped prompt has another number of tokens",
                          std::to_string(flipped_ids.size()) + " instead of " + std::to_string(clean_ids.size())
                              + " in " + in_quotes(other.text)};
        set_roles(pair, one, clean_ids, other, flipped_ids);
        set_answers(pair, clean, flipped);
        tokenize_pair(pair, m_tokenizer, m_n_ctx, m_bos);
        if (!pair.problem.empty())
            throw FellOut{"they cannot be run", pair.problem};
        return pair;
    }

    /// Words of lists that are no answers of one token, by list.
    const std::map<std::string, std::set<std::string>> &left_out() const { return m_left_out; }

private:
    void fill(Filling &into, const std::string &slot, const SlotSource &source, const Filling &reads)
    {
        const WordList &list = m_lists.at(source.list);
        if (source.rules.empty() && !list.rows.empty()) {
            into[slot] = {&list, m_random.choice(list.rows)};
            return;
        }
        const std::vector<Word> rows = matching(list, source.rules, reads);
        if (rows.empty())
            throw FellOut{"no word of " + in_quotes(source.list) + " is left for [" + slot + "]", {}, true};
        into[slot] = {&list, m_random.choice(rows)};
    }

    Filling flip(const Filling &clean)
    {
        Filling flipped = clean;
        for (const SlotFlip &one : m_task.flips) {
            const WordList &list = *clean.at(one.slot).list;
            if (one.other) {
                flipped[one.slot] = clean.at(*one.other);
            } else if (one.word) {
                const auto row = std::find_if(list.rows.begin(), list.rows.end(),
                                              [&](const Word &word) { return word[0] == *one.word; });
                flipped[one.slot] = {&list, row == list.rows.end() ? Word{*one.word} : *row};
            } else {
                fill(flipped, one.slot, {list.name, one.rules}, clean);
            }
        }
        return flipped;
    }

    void need_different(const Filling &filling) const
    {
        for (const std::vector<std::string> &slots : m_task.different) {
            std::set<std::string> seen;
            for (const std::string &slot : slots)
                if (!seen.insert(filling.at(slot).value()).second)
                    throw FellOut{"words that should differ are the same", {}, true};
        }
    }

    /// How many of a text's tokens its first bytes are; none where they end inside a token.
    std::optional<size_t> tokens_before(const std::string &text, size_t bytes, const std::vector<int64_t> &ids) const
    {
        if (bytes == 0)
            return 0;
        const std::vector<int64_t> before = m_tokenizer.encode(std::string_view(text).substr(0, bytes));
        const bool whole = before.size() <= ids.size() && std::equal(before.begin(), before.end(), ids.begin());
        return whole ? std::optional(before.size()) : std::nullopt;
    }

    void need_one_token(const std::string &slot, const Written &prompt, const std::vector<int64_t> &ids) const
    {
        const auto found = prompt.places.find(slot);
        if (found == prompt.places.end()) // this template does without it
            return;
        for (const auto &[begin, end] : found->second) {
            // A space before a word is part of its token.
            const size_t space = begin > 0 && prompt.text[begin - 1] == ' ' ? 1 : 0;
            const auto first = tokens_before(prompt.text, begin - space, ids),
                       last = tokens_before(prompt.text, end, ids);
            if (!first || !last || *last != *first + 1)
                throw FellOut{"[" + slot + "] is not one token",
                              in_quotes(prompt.text.substr(begin, end - begin)) + " in " + in_quotes(prompt.text)};
        }
    }

    void set_roles(PromptPair &pair, const Written &clean, const std::vector<int64_t> &clean_ids,
                   const Written &flipped, const std::vector<int64_t> &flipped_ids) const
    {
        for (const auto &[role, place] : m_task.roles) {
            // By a name of its own: clang 14 does not capture structured bindings.
            const auto at = [this, &where = place](const Written &prompt, const std::vector<int64_t> &ids) {
                const auto [begin, end] = prompt.places.at(where.slot).at(size_t(where.occurrence) - 1);
                if (const auto tokens = tokens_before(prompt.text, end, ids))
                    return int(*tokens) - 1;
                throw FellOut{"[" + where.slot + "] ends inside a token",
                              in_quotes(prompt.text.substr(begin, end - begin)) + " in " + in_quotes(prompt.text)};
            };
            const int position = at(clean, clean_ids);
            if (at(flipped, flipped_ids) != position)
                throw FellOut{"[" + place.slot + "] stands elsewhere in the flipped prompt", in_quotes(flipped.text)};
            pair.given_roles[role] = position;
        }
    }

    /// Whether a word is one token that goes on after a prompt's text; a list's others are left out of its answers.
    bool is_answer(const std::string &text, const AnswerSource &source)
    {
        if (m_tokenizer.single(text))
            return true;
        if (m_task.whole_answers || !source.rows)
            throw FellOut{"an answer is not one token", why_not_one_token(text, m_tokenizer)};
        m_left_out[source.rows->list].insert(text);
        return false;
    }

    std::vector<std::string> answers(const std::vector<AnswerSource> &sources, const Filling &filling,
                                     const Filling &flipped)
    {
        std::vector<std::string> all;
        for (const AnswerSource &source : sources) {
            if (source.flipped) {
                for (const std::string &text : answers(m_task.answers, flipped, flipped))
                    all.push_back(text);
                continue;
            }
            std::vector<std::string> words = source.words;
            if (source.value)
                words.push_back(source.value->of(filling));
            if (source.rows) {
                const WordList &list = m_lists.at(source.rows->list);
                for (const Word &row : matching(list, source.rows->rules, filling))
                    words.push_back(list.value(row, source.column));
            }
            for (const std::string &word : words)
                if (const std::string text = (m_task.answer_space ? " " : "") + word; is_answer(text, source))
                    all.push_back(text);
        }
        std::vector<std::string> different; // in this order
        for (const std::string &text : all)
            if (std::find(different.begin(), different.end(), text) == different.end())
                different.push_back(text);
        return different;
    }

    void set_answers(PromptPair &pair, const Filling &clean, const Filling &flipped)
    {
        std::vector<std::string> right = answers(m_task.answers, clean, flipped);
        std::vector<std::string> wrong = answers(m_task.wrongs, clean, flipped);
        if (right.empty() || wrong.empty())
            throw FellOut{right.empty() ? "no answer is one token" : "no wrong answer is one token", {}};
        for (const std::string &text : wrong)
            if (std::find(right.begin(), right.end(), text) != right.end())
                throw FellOut{"an answer is wrong as well", in_quotes(text) + " to " + in_quotes(pair.clean)};
        // The first stands for them where one is read: it goes on after the prompt as a token of its own.
        for (std::vector<std::string> *set : {&right, &wrong}) {
            const std::vector<int64_t> ids = m_tokenizer.encode(pair.clean);
            const auto fits = std::find_if(set->begin(), set->end(), [&](const std::string &text) {
                std::vector<int64_t> expected = ids;
                expected.push_back(*m_tokenizer.single(text));
                return m_tokenizer.encode(pair.clean + text) == expected;
            });
            if (fits != set->end())
                std::rotate(set->begin(), fits, fits + 1);
        }
        pair.answer = right.front();
        pair.wrong = wrong.front();
        pair.more_answers.assign(right.begin() + 1, right.end());
        pair.more_wrongs.assign(wrong.begin() + 1, wrong.end());
    }

    const PromptTask &m_task;
    std::map<std::string, WordList> m_lists;
    const Tokenizer &m_tokenizer;
    const int m_n_ctx;
    const Bos m_bos;
    PythonRandom m_random;
    std::set<std::string> m_seen;
    std::map<std::string, std::set<std::string>> m_left_out;
};

/// How often something happened, and the first time.
struct Seen {
    int count = 0;
    FellOut first;
};
using Tally = std::map<std::string, Seen>;

/// "20 because [YY] is not one token (first: …), 5 because …".
std::string reasons(const Tally &fell_out)
{
    std::vector<std::string> parts;
    for (const auto &[cause, seen] : fell_out)
        parts.push_back(std::to_string(seen.count) + " because " + cause
                        + (seen.first.example.empty() ? "" : " (first: " + seen.first.example + ")"));
    return listed(parts);
}

} // namespace

std::vector<PromptPair> draw_prompts(const PromptTask &task, int prompts, int64_t seed, const Tokenizer &tokenizer,
                                     int n_ctx, Bos bos, std::vector<std::string> *notes)
{
    constexpr int most = 1'000'000, hopeless = 500;
    if (prompts < 1 || prompts > most)
        throw Error("prompts",
                    std::to_string(prompts) + " is not a number of prompts from 1 to " + std::to_string(most));
    PromptDraw draw(task, seed, tokenizer, n_ctx, bos);
    std::vector<PromptPair> pairs;
    Tally fell_out;
    int drawn = 0;
    for (const int64_t limit = 20 * int64_t(prompts) + hopeless; int(pairs.size()) < prompts && drawn < limit;) {
        if (pairs.empty() && drawn >= hopeless)
            break;
        ++drawn;
        try {
            pairs.push_back(draw.next());
        } catch (const FellOut &why) {
            Seen &seen = fell_out[why.cause];
            if (seen.count++ == 0)
                seen.first = why;
        } catch (const Error &error) {
            throw Error(task.file, error.what()); // of a rule: whose it is
        }
    }
    if (pairs.empty())
        throw Error(task.file,
                    "cannot be formed with this tokenizer: all of " + counted(drawn, "prompt") + " drawn fell out, "
                        + reasons(fell_out));
    if (!notes)
        return pairs;
    if (int(pairs.size()) < prompts)
        notes->push_back(task.name + ": there are " + counted(int64_t(pairs.size()), "prompt") + " instead of "
                         + std::to_string(prompts));
    else // what was only drawn again is of no interest where there are enough
        std::erase_if(fell_out, [](const auto &entry) { return entry.second.first.drawn_again; });
    int count = 0;
    for (const auto &[cause, seen] : fell_out)
        count += seen.count;
    if (count > 0)
        notes->push_back(task.name + ": of " + counted(drawn, "prompt") + " drawn " + std::to_string(count)
                         + " fell out, " + reasons(fell_out));
    for (const auto &[list, words] : draw.left_out())
        notes->push_back(task.name + ": " + counted(int64_t(words.size()), "word") + " of " + in_quotes(list)
                         + (words.size() == 1 ? " is no answer, as it is" : " are no answers, as they are")
                         + " several tokens for this tokenizer: "
                         + listed(std::vector<std::string>(words.begin(), words.end())));
    return pairs;
}

} // namespace patchbay
