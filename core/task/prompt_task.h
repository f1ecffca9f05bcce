// Generated tasks: templates with slots, the words that fill them, what flips them, and what answers. The language is
// that of docs/handbook/tasks.md.
#pragma once

#include "nouns/bos.h"
#include "task/prompts.h"
#include "task/word_rule.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// A place of a template: "[SLOT]" or "[SLOT.column]"; the text before it, and after the last one.
struct TemplatePart {
    std::string text, slot, column; ///< no slot: text alone
};
using PromptTemplate = std::vector<TemplatePart>;

/// What fills a slot, in the clean prompt or the flipped one: one of a list's rows for which the rules hold.
struct SlotSource {
    std::string list;
    std::vector<WordRule> rules;
};

/// A slot of the flipped prompt.
struct SlotFlip {
    std::string slot;
    std::optional<std::string> word;  ///< always this one
    std::optional<std::string> other; ///< what the clean prompt has in this slot
    std::vector<WordRule> rules;      ///< otherwise another row of its list, for which these hold of the clean slots
};

/// Some of a prompt's answers.
struct AnswerSource {
    std::vector<std::string> words; ///< always these
    std::optional<WordValue> value; ///< what slots give
    std::optional<SlotSource> rows; ///< all rows of a list for which rules hold
    std::string column = "word";    ///< of the rows
    bool flipped = false;           ///< the flipped prompt's answers
};

/// Where a role stands: at the last token of a slot's n-th occurrence in the template.
struct RolePlace {
    std::string slot;
    int occurrence = 1;
};

struct PromptTask {
    std::string file; ///< for messages
    std::string name, title, description, source;
    std::map<std::string, WordList> lists;
    std::map<std::string, SlotSource> slot_sources; ///< (not "slots", a macro of Qt)
    std::vector<std::string> order;                 ///< of drawing: a slot after those that its rules read
    std::vector<PromptTemplate> templates;
    std::vector<SlotFlip> flips;
    std::map<std::string, RolePlace> roles;
    std::vector<AnswerSource> answers, wrongs;
    bool answer_space = true;           ///< a space stands before an answer
    std::vector<std::string> one_token; ///< slots that are one token each
    bool whole_answers = false;         ///< every answer is one token; otherwise a list's others are left out
    std::vector<std::vector<std::string>> different; ///< of each, the slots hold different words
    bool repeats = true;                             ///< a prompt may be drawn again
    int prompts = 70;
    int64_t seed = 42;
};

inline constexpr const char *prompt_task_format = "prompt-task";

/// Reads a task file (JSON, format "prompt-task", version 1). Throws Error naming the file and the field that is wrong.
PromptTask read_prompt_task(const std::filesystem::path &path);
PromptTask prompt_task_from_json(std::string_view text, const std::string &file);

/// Draws prompts and makes tokens of them; the same task, seed and tokenizer draw the same ones. What a tokenizer
/// cannot form, or would be there twice where it may not, is drawn again for a while: notes gets how many fell out and
/// why. n_ctx, bos: as tokenize_pair(). Throws Error where none is left.
std::vector<PromptPair> draw_prompts(const PromptTask &task, int prompts, int64_t seed, const Tokenizer &tokenizer,
                                     int n_ctx = 0, Bos bos = Bos::No, std::vector<std::string> *notes = nullptr);

} // namespace patchbay
