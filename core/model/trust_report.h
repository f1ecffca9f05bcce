// What was checked when a model was loaded: the evidence a user can hold against their notebook.
#pragma once

#include "model/config.h"

#include <string>
#include <vector>

namespace patchbay {

/// Something that must hold of every model, and whether it does of this one.
struct TrustCheck {
    std::string name; ///< "causal", "window", "processing", "tokenizer"
    bool passed = true;
    std::string found; ///< what was measured, in words
};

struct TrustReport {
    std::string path;
    std::string commit;       ///< of the hub, where the folder is a snapshot in a Hugging Face cache
    std::string architecture; ///< "architectures"[0] or model_type of config.json
    ModelConfig config;
    Processing processing;                 ///< the steps that did something
    std::vector<std::string> ignored_keys; ///< of config.json: they change nothing here
    int64_t parameters = 0;                ///< in the checkpoint, each stored tensor once
    std::string source_dtype;              ///< "F32", "F16", "BF16", or a list when mixed
    std::string kept_dtype;                ///< of the large matrices in memory: "F32", "F16" or "BF16"
    bool rounded = false;                  ///< to kept_dtype, which the file has not
    std::string sha256;                    ///< of the weights file(s), in order of their names
    double max_logprob_change =
        0; ///< largest |difference| of log-probabilities, processed against unprocessed, on the probe prompt
    int64_t non_finite = 0; ///< number of NaN or infinite weights (loading fails when > 0, so 0 in a loaded model)
    std::string tokenizer;  ///< "ok", "none", what its round trip lost, or why it cannot be used
    std::vector<TrustCheck> checks;
    double load_seconds = 0;
    std::vector<std::string> hazards; ///< known pitfalls of this model or checkpoint, one sentence each
};

} // namespace patchbay
