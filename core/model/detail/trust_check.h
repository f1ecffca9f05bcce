// What is measured while a model is loaded. For core's sources only.
#pragma once

#include "model/detail/checkpoint.h"
#include "model/detail/weights.h"
#include "model/trust_report.h"

#include <vector>

namespace patchbay {

class Tokenizer;

/// Token ids of a short prompt that exercises a model: a sentence where there is a tokenizer, otherwise ids spread over
/// the vocabulary.
std::vector<int64_t> probe_tokens(const ModelConfig &config, const Tokenizer *tokenizer);
/// Log-probabilities of the next token at every position: [T, V].
at::Tensor probe_log_probabilities(const ModelConfig &config, const Weights &weights,
                                   const std::vector<int64_t> &tokens);
/// "ok", or what encoding and decoding loses, or what does not fit the vocabulary. The file's name is not repeated.
std::string check_tokenizer(const Tokenizer &tokenizer, const ModelConfig &config);
/// "F32", or a list where the stored tensors differ. The family's buffers do not count.
std::string source_dtypes(const Checkpoint &checkpoint, const std::string &family);
/// Numbers stored, the family's buffers left out.
int64_t count_parameters(const Checkpoint &checkpoint, const std::string &family);
/// Known pitfalls, one sentence each; weights unprocessed.
std::vector<std::string> find_hazards(const TrustReport &report, const Processing &wanted, const Checkpoint &checkpoint,
                                      const Weights &weights, const Tokenizer *tokenizer);

/// trust_invariants.cpp: that the model is causal, and that windows are kept. log_probabilities [T, V] are those of the
/// probe.
std::vector<TrustCheck> check_invariants(const ModelConfig &config, const Weights &weights,
                                         const std::vector<int64_t> &probe, const at::Tensor &log_probabilities);
/// Those that are measured otherwise, as checks: processing, and the tokenizer where there is one.
std::vector<TrustCheck> measured_checks(const TrustReport &report);

/// A sentence when processing changed more than it may; otherwise empty.
std::string processing_hazard(double max_logprob_change);

} // namespace patchbay
