// Prompts for a model, tokenized with its own tokenizer.
#include "model/model.h"
#include "task/task_source.h"

namespace patchbay {

PromptBatch load_batch(const TaskRef &task, const Model &model)
{
    return load_batch(task, reads_texts(task) ? &model.need_tokenizer() : model.tokenizer(), model.config().n_ctx);
}

} // namespace patchbay
