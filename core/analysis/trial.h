// A prompt that somebody types: how a model reads it, and what it expects next. No task, no session: one plain pass.
#pragma once

#include "base/cancel.h"
#include "base/head.h"
#include "patching/session.h"
#include "task/prompts.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// What is tried. Texts end before the answer, as in a task.
struct TrialQuestion {
    std::string clean = {};
    std::string flipped = {};            ///< the counterpart; empty: none
    std::string answer = {}, wrong = {}; ///< such as " Mary"; empty: the likeliest tokens take their places, see Trial
    Bos bos = Bos::Auto;
    int likeliest = 10;           ///< how many next tokens to tell; those of the vocabulary at most
    std::vector<Head> heads = {}; ///< whose attention to tell
    bool operator==(const TrialQuestion &) const = default;
};

/// A token as what may come next.
struct NextToken {
    int64_t id = -1;
    std::string text; ///< "[50300]" where the tokenizer has no such token
    double logit = 0, probability = 0;
    int64_t rank = 0; ///< how many tokens have a larger logit (0: it is on top)
};

struct TriedText {
    std::vector<int64_t> ids;        ///< from BOS, where there is one, to END
    std::vector<std::string> tokens; ///< as people read them, one for each
    std::string problem; ///< why the model cannot read it ("has 1040 tokens, more than .."); what follows is empty then
    std::vector<NextToken> likeliest;                               ///< the largest logit first
    std::optional<NextToken> answer, wrong;                         ///< of the two that are compared
    std::vector<std::shared_ptr<const AttentionPattern>> attention; ///< of this one text, as TrialQuestion::heads
    /// Logit of the answer − logit of the wrong one; nothing where one of them is missing.
    std::optional<double> logit_diff() const;
};

struct Trial {
    TrialQuestion question;
    TriedText clean;
    std::optional<TriedText> flipped; ///< where there is a counterpart
    /// Whether the two compared were not given: then they are the likeliest token after the clean text, and the
    /// likeliest after the flipped one that is another (without a counterpart: the second after the clean one).
    bool found_answer = false, found_wrong = false;
    /// As a task would have it, tokenized, with the reason why it could not be run.
    PromptPair pair;
};

/// Runs both texts. Throws Error where the model has no tokenizer, or a text has a part without a token; Cancelled.
Trial try_prompt(const Model &model, const TrialQuestion &question, const CancelToken &cancel = {});

/// {"clean": {"ids", "tokens", "likeliest": [{"token", "id", "logit", "probability", "rank"}], "answer", "wrong",
/// "logit_diff", "attention": {"L2H5": [[..]]}}, "flipped": .., "problem": of the pair}.
nlohmann::ordered_json to_json(const Trial &trial);

} // namespace patchbay
