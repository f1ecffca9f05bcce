// From a TaskRef to prompt pairs: the generator, a pairs file, or bare token ids.
#pragma once

#include "patching/run_spec.h"
#include "task/prompts.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// The pairs that a reference describes, tokenized, with the reference's exclusions and every pair's problem noted.
/// kind "batch" has no pairs: use load_batch. Throws Error naming file and cause.
std::vector<PromptPair> load_pairs(const TaskRef &task, const Tokenizer &tokenizer);

/// The batch a reference describes, for any kind. tokenizer may be null for kind "batch" only. Throws Error.
PromptBatch load_batch(const TaskRef &task, const Tokenizer *tokenizer);

/// Lines of {"clean", "flipped", "answer", "wrong"} (JSONL), or a CSV with such a header. Texts end before the answer.
/// Throws Error naming file and line.
std::vector<PromptPair> read_pairs_file(const std::filesystem::path &path);

/// The built-in IOI task file (resources/tasks/ioi.json), found next to the program or in the source tree.
std::filesystem::path builtin_task_path();

} // namespace patchbay
