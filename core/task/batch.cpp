// Batches that come as bare token ids, and checks before a model reads them.
#include "base/check_index.h"
#include "base/error.h"
#include "base/sha256.h"
#include "task/prompts.h"
#include "text/token_texts.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace patchbay {

namespace {

std::string bracketed(const std::vector<int64_t> &shape)
{
    std::string text = "[";
    for (const int64_t size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

class BatchArrays {
public:
    BatchArrays(const ArrayMap &arrays, const std::string &name) : m_arrays(arrays), m_name(name) { }

    [[noreturn]] void fail(const std::string &cause) const { throw Error(m_name, cause); }

    const Array &ids(const std::string &key, const std::vector<int64_t> &shape) const
    {
        const auto found = m_arrays.find(key);
        if (found == m_arrays.end())
            fail("has no tensor \"" + key + "\"; a batch needs clean, flipped [prompts, pos] and end, io, s [prompts]");
        const Array &array = found->second;
        if (array.is_float())
            fail("\"" + key + "\" should hold integers");
        if (!shape.empty() && array.shape != shape)
            fail("\"" + key + "\" has the shape " + bracketed(array.shape) + ", but should have " + bracketed(shape));
        return array;
    }

    std::vector<int> positions(const std::string &key, const PromptBatch &batch) const
    {
        const std::vector<int64_t> &values = ids(key, {batch.prompts}).ints();
        std::vector<int> result;
        for (size_t prompt = 0; prompt < values.size(); ++prompt) {
            const int64_t limit = batch.end.empty() ? batch.width - 1 : batch.end[prompt];
            if (values[prompt] < 0 || values[prompt] > limit)
                fail("\"" + key + "\" of " + prompt_name(int64_t(prompt)) + " is " + std::to_string(values[prompt])
                     + ", but should be from 0 to " + std::to_string(limit));
            result.push_back(static_cast<int>(values[prompt]));
        }
        return result;
    }

    bool has(const std::string &key) const { return m_arrays.count(key) > 0; }

private:
    const ArrayMap &m_arrays;
    const std::string &m_name;
};

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

// How many tokens at the beginning of both prompts are this one; END is never one of them.
int leading(const PromptBatch &batch, int prompt, int64_t id)
{
    int count = 0;
    while (count < batch.end[size_t(prompt)] && batch.at(false, prompt, count) == id
           && batch.at(true, prompt, count) == id)
        ++count;
    return count;
}

// Moves each prompt to begin at position 0; the places that become free at the right hold token 0, which nothing reads.
void shift(PromptBatch &batch, const std::vector<int> &start)
{
    int width = 1;
    for (int prompt = 0; prompt < batch.prompts; ++prompt)
        width = std::max(width, batch.width - start[size_t(prompt)]);
    for (std::vector<int64_t> *ids : {&batch.clean, &batch.flipped}) {
        std::vector<int64_t> moved(size_t(batch.prompts) * size_t(width), 0);
        for (int prompt = 0; prompt < batch.prompts; ++prompt)
            std::copy(ids->begin() + std::ptrdiff_t(prompt) * batch.width + start[size_t(prompt)],
                      ids->begin() + std::ptrdiff_t(prompt + 1) * batch.width,
                      moved.begin() + std::ptrdiff_t(prompt) * width);
        *ids = std::move(moved);
    }
    batch.width = width;
    for (std::vector<int> *positions : {&batch.end, &batch.io_pos, &batch.s1_pos, &batch.s2_pos})
        for (size_t prompt = 0; prompt < positions->size(); ++prompt)
            (*positions)[prompt] -= start[prompt];
}

// Prompts that begin with the same token several times, in both runs, look padded: they run as they are, but not
// without a word.
std::vector<std::string> padding_notes(const PromptBatch &batch)
{
    std::vector<std::string> notes;
    for (int prompt = 0; prompt < batch.prompts; ++prompt) {
        const int64_t id = batch.at(false, prompt, 0);
        if (const int count = leading(batch, prompt, id); count > 1)
            notes.push_back(prompt_name(prompt) + " begins with token " + std::to_string(id) + " "
                            + std::to_string(count) + " times, and attends to it; if that is padding, say --pad-id "
                            + std::to_string(id) + ", or where prompts begin in a tensor start [prompts]");
    }
    return notes;
}

} // namespace

PromptBatch batch_from_arrays(const ArrayMap &arrays, const std::string &name, std::optional<int64_t> pad_id)
{
    const BatchArrays in(arrays, name);
    const Array &clean = in.ids("clean", {});
    constexpr int64_t most = std::numeric_limits<int>::max();
    if (clean.shape.size() != 2 || clean.shape[0] < 1 || clean.shape[1] < 1 || clean.shape[0] > most
        || clean.shape[1] > most)
        in.fail("\"clean\" has the shape " + bracketed(clean.shape)
                + ", but should have [prompts, pos], neither of them 0");
    PromptBatch batch;
    batch.prompts = static_cast<int>(clean.shape[0]);
    batch.width = static_cast<int>(clean.shape[1]);
    batch.clean = clean.ints();
    batch.flipped = in.ids("flipped", clean.shape).ints();
    batch.end = in.positions("end", batch);
    batch.io = in.ids("io", {batch.prompts}).ints();
    batch.s = in.ids("s", {batch.prompts}).ints();
    for (size_t prompt = 0; prompt < batch.io.size(); ++prompt)
        if (batch.io[prompt] == batch.s[prompt])
            in.fail("\"io\" and \"s\" of " + prompt_name(int64_t(prompt)) + " are the same token, "
                    + std::to_string(batch.io[prompt]));
    const int roles = in.has("io_pos") + in.has("s1_pos") + in.has("s2_pos");
    if (roles == 3) {
        batch.io_pos = in.positions("io_pos", batch);
        batch.s1_pos = in.positions("s1_pos", batch);
        batch.s2_pos = in.positions("s2_pos", batch);
    } else if (roles > 0) {
        in.fail("has some of io_pos, s1_pos, s2_pos; it should have all three or none");
    }
    if (!in.has("start") && !pad_id) {
        batch.notes = padding_notes(batch);
        return batch;
    }
    std::vector<int> start;
    if (in.has("start"))
        start = in.positions("start", batch);
    else
        for (int prompt = 0; prompt < batch.prompts; ++prompt)
            start.push_back(leading(batch, prompt, *pad_id));
    for (const auto &[key, positions] :
         {std::pair{"io_pos", &batch.io_pos}, {"s1_pos", &batch.s1_pos}, {"s2_pos", &batch.s2_pos}})
        for (size_t prompt = 0; prompt < positions->size(); ++prompt)
            if ((*positions)[prompt] < start[prompt])
                in.fail("\"" + std::string(key) + "\" of " + prompt_name(int64_t(prompt)) + " is "
                        + std::to_string((*positions)[prompt]) + ", before the prompt begins at "
                        + std::to_string(start[prompt]));
    shift(batch, start);
    return batch;
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
    PromptBatch result;
    result.notes = batch.notes;
    result.prompts = static_cast<int>(kept.size());
    result.width = batch.width;
    result.clean = kept_of(batch.clean, kept, size_t(batch.width));
    result.flipped = kept_of(batch.flipped, kept, size_t(batch.width));
    result.end = kept_of(batch.end, kept);
    result.io = kept_of(batch.io, kept);
    result.s = kept_of(batch.s, kept);
    result.io_pos = kept_of(batch.io_pos, kept);
    result.s1_pos = kept_of(batch.s1_pos, kept);
    result.s2_pos = kept_of(batch.s2_pos, kept);
    result.tokens = kept_of(batch.tokens, kept);
    result.flipped_tokens = kept_of(batch.flipped_tokens, kept);
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
        for (const std::vector<int> *role : {&batch.io_pos, &batch.s1_pos, &batch.s2_pos})
            read.push_back(role->empty() ? -1 : (*role)[p]);
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
    }
    if (batch.width > n_ctx)
        throw Error("batch",
                    "is " + std::to_string(batch.width) + " tokens wide, more than the model's context of "
                        + std::to_string(n_ctx));
}

} // namespace patchbay
