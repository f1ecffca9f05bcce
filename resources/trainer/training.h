// The training loop: next-token loss over all positions, and a small term that keeps the circuit worth looking at.
#pragma once

#include "batch.h"
#include "network.h"

namespace patchbay::trainer {

struct TrainingConfig {
    int64_t steps = 900;
    int64_t batch = 128;
    double learning_rate = 2e-3;
    double weight_decay = 0.02;
    int64_t warmup = 50;
    double clip = 1.0;
    double end_weight = 3.0; ///< of the loss at END of IOI prompts, against 1 at every other position
    /// How much it costs, per logit, when a head or MLP writes against the subject's name at END. Without it the
    /// quickest way down is to read the subject at S2 and subtract its name, and no head needs another one.
    double suppression_cost = 0.03;
    double mlp_dropout =
        0.2; ///< share of the MLPs' hidden units that a step leaves out: what heads can do is then left to heads
    uint64_t seed = 1;
};

/// Trains in place and prints a progress line. after is told how many steps have been made: 0 before the first.
void train(Network &network, const Sentences &sentences, const Vocabulary &vocabulary, const TrainingConfig &config,
           const std::function<void(int64_t steps)> &after = {});

/// Mean over IOI prompts of the sum, over heads and MLPs, of the logits by which each writes the subject's name below
/// the mean name at END (direct attribution; the final norm's scale is taken as given). Scalar.
torch::Tensor suppression(const Network &network, const Trace &trace, const Batch &batch,
                          const torch::Tensor &name_ids);

} // namespace patchbay::trainer
