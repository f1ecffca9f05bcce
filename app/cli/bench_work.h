// What the benchmark measures: model geometries, a synthetic batch laid out like indirect-object prompts, and four
// workloads.
#pragma once

#include "model/config.h"
#include "spec/run_spec.h"
#include "task/prompts.h"

#include <string>
#include <vector>

namespace patchbay::cli {

/// "pythia-70m", "pythia-160m", "pythia-410m", "gpt2". Throws Error listing them.
ModelConfig bench_geometry(const std::string &name);

/// Random token ids: prompts of differing lengths up to context tokens, clean and flipped equal but for the second S,
/// whose distance to END is spread as in the reference's 70 prompts (2 to 6 tokens at a context of 20, in proportion at
/// others). Seeded: the same arguments give the same batch. Throws Error when context is too short or the vocabulary
/// too small.
PromptBatch bench_batch(int prompts, int context, int64_t d_vocab, uint64_t seed);

/// W1 z, denoising; W2 z → final resid_post; W3 z → q of six heads two thirds up; W4 z, q, k, v and pattern, denoising.
std::vector<std::string> bench_works();
/// Throws Error for an unknown name.
RunSpec bench_spec(const std::string &work, const ModelConfig &config);

} // namespace patchbay::cli
