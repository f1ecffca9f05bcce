#include "task/task_source.h"

#include "base/check_index.h"
#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "task/ioi_task.h"
#include "task/prompt_task.h"
#include "task/task_list.h"
#include "text/tokenizer.h"

#include <algorithm>

namespace patchbay {

namespace {

std::string without_last_word(const std::string &text)
{
    return text.substr(0, text.rfind(' '));
}

std::vector<PromptPair> name_pairs(const TaskRef &ref, const Tokenizer &tokenizer, int n_ctx,
                                   std::vector<std::string> *notes)
{
    std::string note;
    const TaskFile task = with_whole_names(read_task_file(task_path(ref.file)), tokenizer, note);
    if (notes && !note.empty())
        notes->push_back(task.name + ": " + note);
    IoiRequest request;
    request.type = ref.type;
    request.prompts = ref.prompts;
    request.seed = ref.seed;
    const IoiSet set = generate_ioi(task, request);
    const FlippedSet flipped = flip_ioi(task, set, ref.flip);

    std::vector<PromptPair> pairs;
    for (size_t i = 0; i < set.prompts.size(); ++i) {
        const IoiPrompt &prompt = set.prompts[i];
        PromptPair &pair = pairs.emplace_back();
        pair.clean = without_last_word(prompt.text);
        pair.flipped = without_last_word(flipped.prompts[i].text);
        pair.answer = " " + prompt.io;
        pair.wrong = " " + prompt.s;
        pair.template_index = prompt.template_index;
        tokenize_pair(pair, tokenizer, n_ctx, ref.bos);
    }
    return pairs;
}

std::vector<PromptPair> untokenized_pairs(const TaskRef &ref)
{
    if (!ref.pairs.is_null())
        return pairs_from_json(ref.pairs, "task");
    if (ref.file.empty())
        throw Error("task", "of kind \"pairs\" needs a file");
    return read_pairs_file(ref.file, ref.encoding, ref.counterfactual);
}

// An answer given as a token's id becomes that token's text, as if the file had said so. Returns why it cannot; empty:
// it can.
std::string answer_from_id(std::string &text, int64_t id, const char *what, const Tokenizer &tokenizer)
{
    if (!text.empty() || id < 0)
        return {};
    const std::string said = "the " + std::string(what) + " is given as token " + std::to_string(id) + ", ";
    if (!tokenizer.contains(id))
        return said + "which this tokenizer does not have";
    text = tokenizer.token(id);
    return tokenizer.single(text) == id ? std::string() : said + "which no text of its own gives: " + in_quotes(text);
}

void tokenize_read_pair(PromptPair &pair, const Tokenizer &tokenizer, int n_ctx, Bos bos)
{
    std::string problem = answer_from_id(pair.answer, pair.answer_id, "answer", tokenizer);
    if (problem.empty())
        problem = answer_from_id(pair.wrong, pair.wrong_id, "wrong answer", tokenizer);
    for (const bool right : {true, false}) {
        auto &texts = right ? pair.more_answers : pair.more_wrongs;
        const std::vector<int64_t> &ids = right ? pair.more_answer_ids : pair.more_wrong_ids;
        for (size_t i = texts.size(); i < ids.size() && problem.empty(); ++i)
            problem = answer_from_id(texts.emplace_back(), ids[i], right ? "answer" : "wrong answer", tokenizer);
    }
    tokenize_pair(pair, tokenizer, n_ctx, bos);
    if (!problem.empty())
        pair.problem = problem;
}

} // namespace

std::vector<PromptPair> load_pairs(const TaskRef &task, const Tokenizer &tokenizer, int n_ctx,
                                   std::vector<std::string> *notes)
{
    std::vector<PromptPair> pairs;
    if (reads_texts(task) && !is_generated(task)) {
        pairs = untokenized_pairs(task);
        for (PromptPair &pair : pairs)
            tokenize_read_pair(pair, tokenizer, n_ctx, task.bos);
    } else if (info(task).patterns) {
        pairs = name_pairs(task, tokenizer, n_ctx, notes);
    } else if (info(task).generated) {
        pairs = draw_prompts(read_prompt_task(task_path(task.file)), task.prompts, task.seed, tokenizer, n_ctx,
                             task.bos, notes);
    } else if (info(task).prompts) {
        throw Error(task.file, "holds token ids, not prompts: there is no table of pairs");
    } else {
        return {};
    }
    for (const int index : task.excluded) {
        check_index(index, int64_t(pairs.size()), "exclude", "prompts");
        pairs[static_cast<size_t>(index)].excluded = true;
    }
    return pairs;
}

Bos bos_used(const TaskRef &task, const Tokenizer *tokenizer)
{
    if (!tokenizer || !reads_texts(task))
        return task.bos;
    return tokenizer->beginning(task.bos).empty() ? Bos::No : Bos::Yes;
}

PromptBatch load_batch(const TaskRef &task, const Tokenizer *tokenizer, int n_ctx)
{
    if (!reads_texts(task) && !info(task).prompts) {
        PromptBatch batch;
        batch.prompts = batch.width = 1;
        batch.clean = batch.flipped = batch.io = batch.s = {0};
        batch.end = {0};
        return batch;
    }
    if (!reads_texts(task)) {
        if (task.file.empty())
            throw Error("task", "of kind \"batch\" needs a file");
        PromptBatch batch = batch_from_arrays(read_arrays(task.file).arrays, task.file, task.pad_id);
        if (tokenizer)
            describe_tokens(batch, *tokenizer);
        if (n_ctx > 0)
            return fitting_prompts(batch, n_ctx, task.excluded);
        return task.excluded.empty() ? batch : without_prompts(batch, task.excluded);
    }
    if (!tokenizer)
        throw Error("model", "has no tokenizer.json: only a batch of token ids can be run on it, not prompts");
    std::vector<std::string> notes;
    const std::vector<PromptPair> pairs = load_pairs(task, *tokenizer, n_ctx, &notes);
    PromptBatch batch = make_batch(pairs, tokenizer, tokenizer->pad_id().value_or(0));
    batch.notes.insert(batch.notes.begin(), notes.begin(), notes.end());
    return batch;
}

} // namespace patchbay
