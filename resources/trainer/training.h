// The training loop: next-token loss over all positions, and a small term that keeps the circuit worth looking at.
#pragma once

#include "batch.h"
#include "network.h"

namespace patchbay::trainer {

struct TrainingConfig {
    int64_t steps = 1000;
    int64_t batch = 128;
    double learning_rate = 2e-3;
    double weight_decay = 0.02;
    int64_t warmup = 50;
    double clip = 1.0;
    double end_weight = 3.0; ///< of the loss at END of IOI prompts, against 1 at every other position
    /// What a logit of a shortcut costs. Without it the quickest way down is to read the subject at S2 and subtract its name,
    /// and no head needs another one.
    double shortcut_cost = 0.03;
    uint64_t seed = 1;
};

/// Trains in place and prints a progress line.
void train(Network &network, const Sentences &sentences, const Vocabulary &vocabulary, const TrainingConfig &config);

/// Logits at END that come the short way, by direct attribution (the final norm's scale taken as given), summed over heads and
/// MLPs, mean over IOI prompts: what each writes against the subject's name, and what heads of the first third of the layers write
/// for the answer, which is the later heads' work once these know whom to leave out. Names are measured against the mean name. Scalar.
torch::Tensor shortcuts(const Network &network, const Trace &trace, const Batch &batch, const torch::Tensor &name_ids);

} // namespace patchbay::trainer
