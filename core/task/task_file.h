// A task file: the names, nouns and sentences that prompts are made from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

class Tokenizer;

/// Words that take the place of one placeholder, such as "[PLACE]".
struct NounList {
    std::string placeholder;
    std::vector<std::string> values;
};

/// Which sentences a kind of prompt draws from.
struct PromptType {
    std::string name;
    std::vector<std::string> template_sets; ///< joined in this order
    int take = 0;                           ///< templates from the start of each set
    bool shuffle = false;                   ///< the joined list, before drawing from it
    bool third_name = false;                ///< a third name is filled in; such prompts cannot be flipped
};

struct TaskFile {
    std::string file; ///< for messages
    std::string name, title, description, source;
    std::string io = "[A]", subject = "[B]", third = "[C]"; ///< what stands for the names in a sentence
    std::vector<NounList> nouns;                            ///< in drawing order
    std::vector<std::string> names;                         ///< a draw is an index: the order matters
    std::map<std::string, std::vector<std::string>> template_sets;
    std::vector<PromptType> prompt_types;
    std::vector<std::string> flips; ///< to offer
    std::string default_type, default_flip;
    int default_prompts = 70;
    int64_t default_seed = 42;

    /// Throws Error listing the types that there are.
    const PromptType &type(const std::string &wanted) const;
    /// The sentences that a type draws from, before shuffling.
    std::vector<std::string> templates(const PromptType &type) const;
};

/// The task without the names that are no single token after a space, which positions and answers need; what is left
/// out goes into `note`, empty where all are whole. Throws Error where fewer than three are left.
TaskFile with_whole_names(TaskFile task, const Tokenizer &tokenizer, std::string &note);

/// Reads a task file (JSON, format "name-task", version 1). Throws Error naming the file and the field that is wrong.
TaskFile read_task_file(const std::filesystem::path &path);
TaskFile task_from_json(std::string_view text, const std::string &file);

} // namespace patchbay
