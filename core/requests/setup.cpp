#include "requests/setup.h"

#include "base/error.h"
#include "model/model_folder.h"
#include "task/task_source.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <cmath>

namespace patchbay {

namespace {

constexpr double reading_prompts = 0.9; // the share of the whole that the model takes

// In thousandths of the whole.
void say(const Tell &tell, double share, const std::string &what)
{
    tell(Progress{int(std::lround(share * 1000)), 1000, what});
}

// Asked for as before, or what was done then: a step that does nothing to a model is no difference.
bool same_steps(const Model &model, Processing wanted)
{
    wanted = applied_steps(wanted, model.config());
    const Processing &done = model.processing();
    wanted.fold_value_biases = wanted.fold_value_biases && done.fold_value_biases;
    return wanted == done;
}

std::shared_ptr<const Model> model_for(const ModelRef &ref, std::shared_ptr<const Model> loaded, const Tell &tell,
                                       const CancelToken &cancel)
{
    LoadOptions options;
    options.path = model_folder(ref.path, ref.commit);
    options.processing = ref.processing;
    options.dtype = ref.dtype;
    if (loaded && loaded->trust().path == options.path.string() && same_steps(*loaded, ref.processing)
        && loaded->asked_dtype() == ref.dtype)
        return loaded;
    return Model::load(
        options, [&tell](double share, const std::string &what) { say(tell, reading_prompts * share, what); }, cancel);
}

void read_prompts(Setup &setup, const Model &model)
{
    const Tokenizer *tokenizer = model.tokenizer();
    const int n_ctx = model.config().n_ctx;
    const TaskRef &task = setup.task_ref;
    if (!reads_texts(task)) {
        setup.batch = load_batch(task, tokenizer, n_ctx);
        return;
    }
    setup.pairs = load_pairs(task, *tokenizer, n_ctx, &setup.task_notes);
    for (size_t i = 0; i < setup.pairs.size(); ++i) {
        const PromptPair &pair = setup.pairs[i];
        setup.clean_tokens.push_back(token_texts(*tokenizer, pair.clean_ids));
        setup.flipped_tokens.push_back(token_texts(*tokenizer, pair.flipped_ids));
        if (pair.usable())
            setup.batch_pairs.push_back(static_cast<int>(i));
    }
    try {
        setup.batch = make_batch(setup.pairs, tokenizer, tokenizer->pad_id().value_or(0));
    } catch (const Error &e) {
        if (task.file.empty())
            throw;
        throw Error(task.file,
                    e.subject().empty() ? e.cause() : e.subject() + ": " + e.cause()); // whose pairs they are
    }
}

} // namespace

SetUp set_up(const ModelRef &model_ref, const TaskRef &task_ref, std::shared_ptr<const Model> loaded, const Tell &tell,
             const CancelToken &cancel, const Resources &resources)
{
    const std::shared_ptr<const Model> model = model_for(model_ref, std::move(loaded), tell, cancel);
    auto setup = std::make_shared<Setup>();
    setup->model_ref = model_ref;
    setup->task_ref = task_ref;
    setup->trust = model->trust();
    setup->model_ref.sha256 = setup->trust.sha256;
    setup->model_ref.commit = setup->trust.commit;
    setup->model_ref.processing = setup->trust.processing; // what was done, not what was asked for
    say(tell, reading_prompts, "Reading the prompts");
    if (reads_texts(task_ref) && !model->tokenizer()) {
        try {
            model->need_tokenizer();
        } catch (const Error &why) {
            setup->no_prompts = why.cause();
        }
        return {std::move(setup), model, nullptr};
    }
    read_prompts(*setup, *model);
    setup->task_ref.sha256 = hash_of(setup->batch);
    setup->task_ref.bos = bos_used(task_ref, model->tokenizer());
    say(tell, 0.95, "Running the baseline");
    auto session = std::make_unique<Session>(model, setup->batch, resources);
    setup->groups_note = session->groups_note();
    setup->arithmetic = session->arithmetic();
    setup->baseline = session->baseline(cancel);
    return {std::move(setup), model, std::move(session)};
}

} // namespace patchbay
