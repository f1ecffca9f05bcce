#include "task/task_ref.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"

#include <filesystem>

namespace patchbay {

const TaskKind *find_task_kind(std::string_view name)
{
    for (const TaskKind &kind : task_kinds)
        if (name == kind.name)
            return &kind;
    return nullptr;
}

std::string unknown_task_kind(std::string_view name)
{
    std::string known;
    for (const TaskKind &kind : task_kinds)
        known += (known.empty() ? "" : ", ") + std::string(kind.name);
    return in_quotes(name) + " is not a kind of task; one of " + known;
}

const TaskKind &info(const TaskRef &task)
{
    if (const TaskKind *kind = find_task_kind(task.kind))
        return *kind;
    throw Error("task", unknown_task_kind(task.kind));
}

bool is_generated(const TaskRef &task)
{
    return task.pairs.is_null() && info(task).generated;
}

bool reads_texts(const TaskRef &task)
{
    return !task.pairs.is_null() || info(task).texts;
}

std::string short_name(const TaskRef &task)
{
    const TaskKind *kind = find_task_kind(task.kind);
    if (kind && kind->generated && !kind->patterns)
        return std::filesystem::path(task.file).stem().string();
    return upper_case(task.kind);
}

} // namespace patchbay
