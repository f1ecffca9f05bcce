// What the trained model can do, and which heads do it: measured on held-out names and fillers.
#pragma once

#include "batch.h"
#include "network.h"

namespace patchbay::trainer {

/// Effects in shares of the clean-flipped gap of the mean logit difference.
struct HeadFigures {
    int64_t layer = 0, head = 0;
    double denoise = 0;    ///< z from the clean run in the flipped one, all positions: +1 restores everything
    double direct = 0;     ///< path z → final residual stream, flipped into clean: −1 loses everything
    double to_queries = 0; ///< path z → q of the name movers, flipped into clean
    double end_io = 0, end_s1 = 0, end_s2 = 0, s2_s1 = 0; ///< mean attention on clean prompts
    double copy = 0;                                      ///< copy score in %
    double negative_copy = 0;
};

struct Evaluation {
    int64_t prompts = 0;
    double accuracy = 0, rank0 = 0;  ///< shares
    double clean = 0, flipped = 0;   ///< mean logit differences
    std::vector<HeadFigures> heads;  ///< layer by layer
    std::vector<size_t> name_movers; ///< indices in heads: helpful direct effect, END→IO attention, copy score
    const HeadFigures &at(int64_t layer, int64_t head, int64_t n_heads) const
    {
        return heads[static_cast<size_t>(layer * n_heads + head)];
    }
};

Evaluation evaluate(const Network &network, const Sentences &sentences, const Vocabulary &vocabulary, int64_t prompts,
                    uint64_t seed);

/// What the demo model has to show. Each line is a requirement that is not met; empty when all are.
std::vector<std::string> shortcomings(const Evaluation &evaluation);

} // namespace patchbay::trainer
