// Batches that come as bare token ids.
#include "base/check_index.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "task/ioi_roles.h"
#include "task/prompts.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace patchbay {

namespace {

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
            fail("\"" + key + "\" has the shape " + shape_text(array.shape) + ", but should have " + shape_text(shape));
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

    /// The roles whose tensors are there. One that is no role of the IOI task may be something else that is only called
    /// alike: it is a role where it holds an integer a prompt.
    std::vector<std::string> roles(const PromptBatch &batch) const
    {
        std::vector<std::string> names;
        for (const auto &[key, array] : m_arrays) {
            const std::optional<std::string> role = role_of_tensor(key);
            if (role && key == role_tensor(*role)
                && (ioi::is_role(*role) || (!array.is_float() && array.shape == std::vector<int64_t>{batch.prompts})))
                names.push_back(*role);
        }
        return names;
    }

private:
    const ArrayMap &m_arrays;
    const std::string &m_name;
};

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
    const auto move = [&](std::vector<int> &positions) {
        for (size_t prompt = 0; prompt < positions.size(); ++prompt)
            positions[prompt] -= start[prompt];
    };
    move(batch.end);
    for (auto &[role, positions] : batch.roles)
        move(positions);
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
        in.fail("\"clean\" has the shape " + shape_text(clean.shape)
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
    for (const std::string &role : in.roles(batch))
        batch.roles[role] = in.positions(role_tensor(role), batch);
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
    for (const auto &[role, positions] : batch.roles)
        for (size_t prompt = 0; prompt < positions.size(); ++prompt)
            if (positions[prompt] < start[prompt])
                in.fail("\"" + role_tensor(role) + "\" of " + prompt_name(int64_t(prompt)) + " is "
                        + std::to_string(positions[prompt]) + ", before the prompt begins at "
                        + std::to_string(start[prompt]));
    shift(batch, start);
    return batch;
}

} // namespace patchbay
