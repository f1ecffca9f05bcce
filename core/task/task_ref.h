// How a spec names its prompt pairs.
#pragma once

#include "nouns/bos.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// What the kinds of tasks differ in. Whatever depends on a task's kind asks here.
struct TaskKind {
    const char *name;
    const char *title;
    bool generated; ///< drawn from a task file: prompts and seed are read, and file names one
    bool patterns;  ///< of names in a pattern: type and flip are read, too
    bool texts;     ///< texts, which a tokenizer makes tokens of: bos is read
    bool prompts;   ///< there are any; otherwise one prompt of one token takes their place
};
inline constexpr std::array<TaskKind, 5> task_kinds{{
    {"ioi", "Indirect object identification", true, true, true, true},
    {"task", "Generated prompts", true, false, true, true},
    {"pairs", "Prompt pairs", false, false, true, true},
    {"batch", "Token ids", false, false, false, true},
    {"none", "No prompts", false, false, false, false},
}};
const TaskKind *find_task_kind(std::string_view name);
/// "\"x\" is not a kind of task; one of ioi, …".
std::string unknown_task_kind(std::string_view name);

struct TaskRef {
    /// Of task_kinds: "ioi" (names in sentences, task/task_file.h), "task" (task/prompt_task.h), "pairs" (a JSONL or
    /// CSV file), "batch" (token ids in a safetensors file), "none" (for analyses of texts, which read no prompts).
    std::string kind = "ioi";
    int prompts = 70;
    int64_t seed = 42;
    std::string type = "mixed";
    std::string flip = "ABB->ABA, BAB->BAA";
    std::string file;              ///< generated: a task file; pairs, batch: the file. Empty: ioi
    std::string encoding;          ///< pairs: of the file's text, such as "latin1"; empty: UTF-8
    std::string counterfactual;    ///< pairs: of MIB's files, which of an entry's; empty: the usual one
    std::optional<int64_t> pad_id; ///< batch: the token that prompts are padded with on the left
    std::vector<int> excluded;     ///< indices of prompts left out by the user, from 0
    nlohmann::json
        pairs; ///< pairs edited in the program, kept whole: [{clean, flipped, answer, wrong, roles}]; null otherwise
    std::string sha256;  ///< of the batch that was loaded (hash in task/prompts.h): which prompts a result is of,
                         ///< whatever its file says by now; empty: not loaded yet, or not checked
    Bos bos = Bos::Auto; ///< of texts; a batch holds what it holds. With a hash: what it came to, yes or no
    bool operator==(const TaskRef &) const = default;
};

/// What its kind says. Throws Error for one that there is not.
const TaskKind &info(const TaskRef &task);
/// Whether prompts are drawn: a generator's, that nobody has edited.
bool is_generated(const TaskRef &task);
/// Whether its prompts are texts: those of its kind, or edited ones.
bool reads_texts(const TaskRef &task);
/// A short name for captions and lists: "IOI", "greater-than", "PAIRS".
std::string short_name(const TaskRef &task);

/// The kind "none".
inline TaskRef no_task()
{
    TaskRef task;
    task.kind = "none";
    return task;
}

} // namespace patchbay
