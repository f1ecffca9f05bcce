// Prompts for a model, tokenized with its own tokenizer.
#include "model/model.h"
#include "task/task_source.h"

namespace patchbay {

PromptBatch load_batch(const TaskRef &task, const Model &model)
{
    const bool ids = task.kind == "none" || (task.kind == "batch" && task.pairs.is_null());
    return load_batch(task, ids ? model.tokenizer() : &model.need_tokenizer(), model.config().n_ctx);
}

} // namespace patchbay
