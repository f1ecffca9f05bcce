// The texts that an analysis of running text reads, as token ids, from its parameters: a file of texts, a file of token
// ids, or the corpus that comes with the program.
#pragma once

#include "analysis/registry.h"
#include "model/model.h"
#include "task/prompts.h"

#include <cstdint>
#include <string>
#include <vector>

namespace patchbay::detail {

using TokenRow = std::vector<int64_t>;

struct AnalysisTexts {
    std::vector<TokenRow> texts;
    std::vector<TokenRow> mean;    ///< those that means are taken over; empty where an analysis takes none
    std::vector<int64_t> function; ///< ids of function tokens, sorted
    std::string sha256;            ///< over all of these ids
};

/// What every such analysis takes: texts, tokens, max_tokens, bos, sha256, function_tokens.
std::vector<Parameter> text_parameters(int max_tokens);

/// Reads what the options name. with_mean: the first `mean_texts` texts (100; half of them where there are fewer than
/// twice as many) or the file's `mean` are for means, the others are the texts; otherwise all are. Throws Error naming
/// the file, text or option that is wrong, and where `sha256` says that these are other texts than a spec's.
AnalysisTexts analysis_texts(const Model &model, const Analysis &analysis, int max_tokens, bool with_mean);

/// Function tokens of a vocabulary where nobody names them: articles, punctuation, white space, and the special tokens
/// at the beginning and end of a text.
std::vector<int64_t> usual_function_tokens(const Tokenizer &tokenizer, int64_t d_vocab);

/// The rows as a batch whose two runs are the same.
PromptBatch text_batch(const std::vector<TokenRow> &rows);

/// Token ids as people read them; the ids themselves where there is no tokenizer.
std::vector<std::string> readable(const Model &model, const TokenRow &row);
/// Tokens first … last as one text; ids with spaces between them where there is no tokenizer.
std::string joined(const Model &model, const TokenRow &row, int first, int last);
/// How a text begins: so many tokens of it, and an ellipsis where there are more.
std::string opening(const Model &model, const TokenRow &row, int tokens);

} // namespace patchbay::detail
