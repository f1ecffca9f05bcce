// Task files: names, nouns and sentences in JSON, and those with slots.
#include "fuzz/fuzz_input.h"
#include "task/prompt_task.h"
#include "task/task_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    fuzz::refuse_or_read([&] {
        const TaskFile task = task_from_json(fuzz::text(data, size), "input");
        for (const PromptType &type : task.prompt_types)
            task.templates(type);
    });
    fuzz::refuse_or_read([&] { prompt_task_from_json(fuzz::text(data, size), "input"); });
    return 0;
}
