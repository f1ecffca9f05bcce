// A loaded language model: immutable, shared between threads.
#pragma once

#include "base/cancel.h"
#include "base/error.h"
#include "io/dtype.h"
#include "model/config.h"
#include "model/trust_report.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace patchbay {

class Tokenizer;
struct Weights; // model/detail/weights.h: tensors, for core's own sources only

struct LoadOptions {
    std::filesystem::path path; ///< see model_folder()
    Processing processing;
    bool trust_check = true; ///< the probe prompt, the hash and the round trip; benchmarks leave it out
    /// How the large matrices are kept: F32, F16 or BF16, rounded if need be. Empty: as the checkpoint stores them
    /// where that is in 16 bits; what is computed with is the same float32 number as if it were kept in F32.
    std::optional<DType> dtype = {};
};

class Model {
public:
    /// Loads a folder with config.json, weights (model.safetensors, a sharded index, pytorch_model.bin, or differences
    /// to the weights of another folder, weight_differences.h) and, if there is one that can be read, a tokenizer.
    /// progress gets (share done 0..1, what is being done). Throws Error naming the file, Cancelled.
    static std::shared_ptr<const Model> load(const LoadOptions &options,
                                             const std::function<void(double, const std::string &)> &progress = {},
                                             const CancelToken &cancel = {});
    /// A model of the given geometry with seeded normal weights and no tokenizer: for benchmarks and tests.
    static std::shared_ptr<const Model> random(const ModelConfig &config, uint64_t seed,
                                               const Processing &processing = {});

    ~Model();
    const ModelConfig &config() const { return m_trust.config; }
    const Processing &processing() const { return m_trust.processing; }
    /// LoadOptions' own.
    std::optional<DType> asked_dtype() const { return m_asked_dtype; }
    const TrustReport &trust() const { return m_trust; }
    /// Null when the folder has no tokenizer, or one that cannot be read.
    const Tokenizer *tokenizer() const { return m_tokenizer.get(); }
    /// Throws Error saying why there is none.
    const Tokenizer &need_tokenizer() const
    {
        if (!m_tokenizer)
            throw Error(m_trust.path, m_no_tokenizer);
        return *m_tokenizer;
    }
    /// The processed weights. Defined for core's sources only.
    const Weights &weights() const { return *m_weights; }

private:
    Model();
    void open_tokenizer(const std::filesystem::path &folder);
    TrustReport m_trust;
    std::optional<DType> m_asked_dtype;
    std::unique_ptr<Weights> m_weights;
    std::unique_ptr<Tokenizer> m_tokenizer;
    std::string m_no_tokenizer; ///< why there is none
};

/// The folder of the embedded demo model: next to the program when installed, in the source tree when built there.
/// Throws Error.
std::filesystem::path demo_model_path();

} // namespace patchbay
