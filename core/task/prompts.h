// Prompt pairs, and the batch of token ids that runs are made on.
#pragma once

#include "base/array.h"
#include "nouns/bos.h"
#include "nouns/role.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

class Tokenizer;

/// One clean prompt and its flipped counterpart, as people see it: the table of the GUI has a row for each.
struct PromptPair {
    std::string clean, flipped;                  ///< texts without the answer; empty for a batch of bare token ids
    std::string answer, wrong;                   ///< such as " Mary", " John" (with the space that the tokens have)
    std::vector<int64_t> clean_ids, flipped_ids; ///< from BOS, where there is one, up to and including END
    int64_t answer_id = -1, wrong_id = -1;       ///< before it is tokenized: ids that a file gives instead of the texts
    /// Beside answer and wrong, where a prompt has several right or several wrong answers.
    std::vector<std::string> more_answers, more_wrongs;
    std::vector<int64_t> more_answer_ids, more_wrong_ids; ///< as answer_id
    Roles roles;       ///< in the clean prompt: given, or otherwise those that the IOI task finds; empty: none known
    Roles given_roles; ///< as the file says them: in the tokens of the clean text, which BOS is none of
    int template_index = -1;
    bool excluded = false; ///< by the user
    std::string
        problem; ///< why this pair cannot be run ("the flipped prompt has 15 tokens, the clean one 14"); empty: none
    int end() const { return static_cast<int>(clean_ids.size()) - 1; }
    bool usable() const { return problem.empty() && !excluded; }
};

/// What an engine reads: ids [prompts, width], right-padded, and one entry per prompt for the rest (names as in
/// fixtures). Every prompt begins at position 0.
struct PromptBatch {
    int prompts = 0;
    int width = 0;
    std::vector<int64_t> clean, flipped;
    std::vector<int> end;       ///< position whose next token is predicted
    std::vector<int64_t> io, s; ///< token ids of the right and the wrong answer
    /// The same where there are several: of each prompt, io and s the first of them; empty: io and s alone.
    std::vector<std::vector<int64_t>> answers, wrongs;
    std::map<std::string, std::vector<int>, std::less<>> roles; ///< positions of each role that every prompt has
    std::vector<std::vector<std::string>>
        tokens; ///< per prompt, token strings of the clean prompt up to END; empty without a tokenizer
    std::vector<std::vector<std::string>> flipped_tokens;
    std::vector<std::string>
        notes; ///< what to tell people of it: prompts that are left out and why, what looks like padding

    int64_t at(bool flipped_run, int prompt, int pos) const
    {
        return (flipped_run ? flipped : clean)[size_t(prompt) * size_t(width) + size_t(pos)];
    }
    /// Where a role stands in each prompt, END as well; null when these prompts do not say.
    const std::vector<int> *find_role(std::string_view role) const;
    /// The same. Throws Error naming the role and those that there are.
    const std::vector<int> &role(std::string_view role) const;
};

/// The usable pairs, padded with pad_id to the longest. Throws Error when none is usable.
PromptBatch make_batch(const std::vector<PromptPair> &pairs, const Tokenizer *tokenizer, int64_t pad_id);

/// clean, flipped, end, io, s, as in fixtures, and any number of roles: integers <role>_pos [prompts], such as io_pos.
/// Prompts that are padded on the left say where they begin by a tensor start [prompts], or pad_id says which token at
/// the beginning is padding: they are moved to begin at position 0, and all their positions with them, so equal tokens
/// give equal numbers wherever they stood. Throws Error naming what is missing or disagrees.
PromptBatch batch_from_arrays(const ArrayMap &arrays, const std::string &name,
                              std::optional<int64_t> pad_id = std::nullopt);

/// Fills in everything that follows from a pair's four texts: ids, its problem if there is one (token lengths differ,
/// an answer of several tokens, nothing flipped …), and its roles: those that were given, or else those of the IOI task
/// where the prompt has them. Also for a pair that was edited: nothing of the old state stays but what is given. n_ctx:
/// the model's context, which a longer prompt does not fit; 0: not known. bos: what both prompts begin with, see
/// tokens_of_prompt().
void tokenize_pair(PromptPair &pair, const Tokenizer &tokenizer, int n_ctx = 0, Bos bos = Bos::No);

/// Where a tokenized pair's clean text begins: behind what was put before it (BOS).
int text_begin(const PromptPair &pair, const Tokenizer &tokenizer);

/// A prompt's ids, with the tokenizer's beginning before them, unless the text has it written out. Throws Error where
/// bos is Yes and the tokenizer has none.
std::vector<int64_t> tokens_of_prompt(const std::string &text, const Tokenizer &tokenizer, Bos bos);

/// "has 1040 tokens, more than the model's context of 1024".
std::string too_long(size_t tokens, int n_ctx);

/// Empty for a text of one token; otherwise what it is, such as "\" Brandon\" is 2 tokens (\" Brand\", \"on\")".
std::string why_not_one_token(const std::string &text, const Tokenizer &tokenizer);

/// The prompts at these indices, in this order, as wide as the batch; without its notes.
PromptBatch with_prompts(const PromptBatch &batch, const std::vector<int> &kept);

/// The batch without the prompts at these indices. Throws Error when there is no such prompt, or none is left.
PromptBatch without_prompts(const PromptBatch &batch, const std::vector<int> &excluded);

/// The batch without those and without prompts longer than a model's context, each of which gets a note. Throws Error
/// as well.
PromptBatch fitting_prompts(const PromptBatch &batch, int n_ctx, const std::vector<int> &excluded = {});

/// Fills in the token strings of a batch.
void describe_tokens(PromptBatch &batch, const Tokenizer &tokenizer);

/// SHA-256 over what a run reads of a batch: each prompt's tokens up to END, its answers and positions; not the
/// padding, and not where it came from.
std::string hash_of(const PromptBatch &batch);

/// Checks a batch against a model's vocabulary and context. Throws Error naming prompt, token and limit.
void check_batch(const PromptBatch &batch, int64_t d_vocab, int n_ctx);

} // namespace patchbay
