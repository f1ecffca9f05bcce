// Heads on running text: where they look, how active they are at each token, and what they write there.
#pragma once

#include "analysis/detail/texts.h"
#include "patching/detail/batch_runs.h"

#include <memory>
#include <string>
#include <vector>

namespace patchbay::detail {

/// What every head's attention does on texts, from its patterns alone. Sums over positions until means are asked for.
class AttentionScores {
public:
    static constexpr int distances = 32; ///< 0 … 31 tokens back

    AttentionScores(int layers, int heads);
    /// All texts of a group of runs.
    void add(const BatchRuns &runs);

    enum Score { Entropy, PreviousToken, DuplicateToken, Induction };
    /// [layers, heads]; NaN where no position has one to look at. Entropy: of the pattern, in nats, from position 1 on.
    /// The others: attention to the token before, to all earlier ones of the same token, to all that came after those.
    std::vector<float> mean(Score score) const;
    /// [layers, heads, distances]: mean attention by how far back the source is, over positions that reach so far.
    std::vector<float> by_distance() const;

private:
    struct Sums {
        double score[4] = {}, distance[distances] = {};
        int64_t positions[4] = {}, reach[distances] = {};
    };
    static void add_pattern(Sums &sums, const float *pattern, const TokenRow &tokens);
    int m_layers, m_heads;
    std::vector<Sums> m_sums; // [layers, heads]
};

/// How active a head is at a token.
struct Activity {
    enum class By { Norm, Attention, Effect };
    By by = By::Norm;
    enum class To { Previous, Same, First, Function, Itself };
    To to = To::Previous; ///< of attention
};

/// The names of the measures and of the kinds of token, in their order, as options give them. Functions: they are asked
/// for while the program's constants are made.
std::vector<std::string> activity_measures();
std::vector<std::string> token_kinds();

/// A token at which a head is active.
struct ActiveToken {
    Head head;
    int text = 0, position = 0, source = 0;            ///< source: what it attends to most there
    float value = 0, attention = 0;                    ///< attention: to that source
    std::vector<float> writes;                         ///< [d_model]: its output, before a post norm
    std::shared_ptr<const std::vector<float>> pattern; ///< of the head in that text, [tokens, tokens]
};

/// The head's activity in one text, [tokens]; NaN where it is not defined: at the first token, and for effects at the
/// last. result [tokens, D]: what the head writes. scale [tokens] of the final norm.
std::vector<float> activity(const Activity &of, const TokenRow &tokens, const std::vector<int64_t> &function,
                            const float *pattern, const at::Tensor &result, const at::Tensor &next,
                            const at::Tensor &scale);

} // namespace patchbay::detail
