#include "worker/setup_job.h"

#include "base/error.h"
#include "task/task_source.h"
#include "text/tokenizer.h"
#include "worker/workbench.h"

namespace patchbay {

namespace {

std::filesystem::path folderOf(const ModelRef &ref)
{
    return ref.path == "demo" ? demo_model_path() : std::filesystem::path(ref.path);
}

std::shared_ptr<const Model> modelFor(const Workbench &bench, const JobContext &context, const ModelRef &ref,
                                      const std::function<void(double, QString)> &progress)
{
    LoadOptions options;
    options.path = folderOf(ref);
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

std::vector<std::string> tokensOf(const std::vector<int64_t> &ids, const Tokenizer &tokenizer)
{
    std::vector<std::string> tokens;
    for (const int64_t id : ids)
        tokens.push_back(tokenizer.token(id));
    return tokens;
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
        if (!tokenizer)
            throw Error(setup->model->trust().path, "the folder has no tokenizer.json, so text prompts cannot be tokenized");
        setup->pairs = load_pairs(request.task, *tokenizer, setup->model->config().n_ctx);
        for (size_t i = 0; i < setup->pairs.size(); ++i) {
            const PromptPair &pair = setup->pairs[i];
            setup->clean_tokens.push_back(tokensOf(pair.clean_ids, *tokenizer));
            setup->flipped_tokens.push_back(tokensOf(pair.flipped_ids, *tokenizer));
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
    say(0.95, "Running the baseline");
    auto session = std::make_unique<Session>(setup->model, setup->batch);
    setup->baseline = session->baseline(context.cancel());
    bench.recipe.reset(); // it refers to the session that goes now
    bench.model = setup->model;
    bench.session = std::move(session);
    return setup;
}

} // namespace patchbay
