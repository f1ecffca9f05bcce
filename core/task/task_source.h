// From a TaskRef to prompt pairs: a generator, a pairs file, or bare token ids.
#pragma once

#include "task/prompts.h"
#include "task/task_ref.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

class Model;

/// The pairs that a reference describes, tokenized, with the reference's exclusions and every pair's problem noted:
/// also that it is longer than the model's context n_ctx (0: not known). kind "batch" has no pairs: use load_batch.
/// notes: gets what is to be told of all of them, such as names that are left out. Throws Error naming file and cause.
std::vector<PromptPair> load_pairs(const TaskRef &task, const Tokenizer &tokenizer, int n_ctx = 0,
                                   std::vector<std::string> *notes = nullptr);

/// Whether prompts of such a task begin with the tokenizer's token for that: yes or no; of a batch nothing is said.
Bos bos_used(const TaskRef &task, const Tokenizer *tokenizer);

/// The batch a reference describes, for any kind; prompts that cannot be run are left out and named in its notes.
/// tokenizer may be null for kind "batch" only. Throws Error.
PromptBatch load_batch(const TaskRef &task, const Tokenizer *tokenizer, int n_ctx = 0);
/// The same for a model, with its tokenizer and its context. Where a tokenizer is needed and there is none, the Error
/// says why.
PromptBatch load_batch(const TaskRef &task, const Model &model);

/// Lines of {"clean", "flipped", "answer", "wrong"} (JSONL), a JSON list of them, or a table (CSV) with such a header;
/// other programs' names for the same are read, too, and token ids instead of answers; several answers are a list.
/// Texts end before the answer. In JSON, "roles": {"IO": 3, "S1": 5} says where the clean prompt's roles stand, by
/// token, counted from 0; and MIB's entries are read as they are (task/mib_pair.h), by the counterfactual that is
/// named. encoding: of the text (io/text_encoding.h); empty: UTF-8. Throws Error naming file and line.
std::vector<PromptPair> read_pairs_file(const std::filesystem::path &path, const std::string &encoding = {},
                                        const std::string &counterfactual = {});

/// Pairs as kept in TaskRef::pairs, [{clean, flipped, answer, wrong}] and roles where they are given, and back. Throws
/// Error naming the entry.
nlohmann::json pairs_to_json(const std::vector<PromptPair> &pairs);
std::vector<PromptPair> pairs_from_json(const nlohmann::json &pairs, const std::string &name);

} // namespace patchbay
