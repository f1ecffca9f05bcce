// What heads copy and suppress: the tokens that their outputs raise and lower most, by the token that they move.
#pragma once

#include "analysis/detail/texts.h"
#include "patching/detail/batch_runs.h"

#include <map>
#include <string>
#include <vector>

namespace patchbay::detail {

/// What rows that a head writes, [n, D], do to the logits, [n, V], through the unembedding and the final norm's weight,
/// but for that norm's scale: right up to a factor > 0 for each row, and a number that is added to all of it.
at::Tensor direct_logits(const Model &model, const at::Tensor &writes);
/// The most raised tokens, or with sign −1 the most lowered ones, of a row of those, in quotes.
std::string strongest_tokens(const Model &model, const at::Tensor &logits, int sign);

/// A source token is taken as the head reads it in texts: its value is the mean over the token's places, through W_O.
class OvTokens {
public:
    /// function: tokens that are left out, sorted.
    OvTokens(const Model &model, const std::vector<Head> &heads, const std::vector<int64_t> &function);
    /// All texts of a group.
    void add(const BatchRuns &runs);

    struct Source {
        int64_t token = -1; ///< −1: all of them together
        int64_t times = 0;
        int own_rank = 0; ///< of the token itself among all: 1 is raised most, −1 lowered most; 0 of all together
        /// The shares of places whose token is among the 5 that it raises or lowers most itself.
        double copied = 0, suppressed = 0;
        std::string raises, lowers;
    };
    /// All together, and the `most` most frequent tokens. Throws Cancelled.
    std::vector<Source> of(size_t head, const EngineModel &engine, int most, const CancelToken &cancel) const;

private:
    struct Seen {
        int64_t times = 0;
        std::vector<double> value; ///< [d] sum
    };
    const Model &m_model;
    const std::vector<Head> m_heads;
    const std::vector<int64_t> &m_function;
    std::vector<std::map<int64_t, Seen>> m_seen; ///< by head
};

} // namespace patchbay::detail
