#include "worker/setup_job.h"

#include "base/error.h"
#include "model/model_folder.h"
#include "task/task_source.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"
#include "worker/workbench.h"

namespace patchbay {

namespace {

std::shared_ptr<const Model> modelFor(const Workbench &bench, const JobContext &context, const ModelRef &ref,
                                      const std::function<void(double, QString)> &progress)
{
    LoadOptions options;
    options.path = model_folder(ref.path);
    options.processing = ref.processing;
    if (bench.model && bench.model->trust().path == options.path.string() && bench.model->processing() == ref.processing)
        return bench.model;
    return Model::load(
        options,
        [&](double share, const std::string &what) {
            context.post([progress, share, text = QString::fromStdString(what)] { progress(share, text); });
        },
        context.cancel());
}

} // namespace

SetupPtr setUpOnWorker(Workbench &bench, const JobContext &context, const SetupRequest &request,
                       const std::function<void(double, QString)> &progress)
{
    const auto say = [&](double share, const char *what) {
        context.post([progress, share, text = QString::fromLatin1(what)] { progress(share, text); });
    };
    auto setup = std::make_shared<Setup>();
    setup->model_ref = request.model;
    setup->task_ref = request.task;
    setup->model = modelFor(bench, context, request.model, progress);
    setup->model_ref.sha256 = setup->model->trust().sha256;
    const Tokenizer *tokenizer = setup->model->tokenizer();

    say(0.9, "Reading the prompts");
    if (request.task.kind == "batch") {
        setup->batch = load_batch(request.task, tokenizer, setup->model->config().n_ctx);
    } else {
        setup->model->need_tokenizer(); // or says why there is none
        setup->pairs = load_pairs(request.task, *tokenizer, setup->model->config().n_ctx);
        for (size_t i = 0; i < setup->pairs.size(); ++i) {
            const PromptPair &pair = setup->pairs[i];
            setup->clean_tokens.push_back(token_texts(*tokenizer, pair.clean_ids));
            setup->flipped_tokens.push_back(token_texts(*tokenizer, pair.flipped_ids));
            if (pair.usable())
                setup->batch_pairs.push_back(static_cast<int>(i));
        }
        try {
            setup->batch = make_batch(setup->pairs, tokenizer, tokenizer->pad_id().value_or(0));
        } catch (const Error &e) {
            if (request.task.file.empty())
                throw;
            throw Error(request.task.file, e.subject().empty() ? e.cause() : e.subject() + ": " + e.cause()); // whose pairs they are
        }
    }
    setup->task_ref.sha256 = hash_of(setup->batch);
    say(0.95, "Running the baseline");
    auto session = std::make_unique<Session>(setup->model, setup->batch);
    setup->baseline = session->baseline(context.cancel());
    bench.recipe.reset(); // it refers to the session that goes now
    bench.model = setup->model;
    bench.session = std::move(session);
    return setup;
}

} // namespace patchbay
