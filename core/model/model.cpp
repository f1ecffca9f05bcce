#include "model/model.h"

#include "base/cores.h"
#include "base/data_dir.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/signals.h"
#include "block/detail/gemm.h"
#include "hub/snapshot.h"
#include "model/detail/config_json.h"
#include "model/detail/foreign_checkpoint.h"
#include "model/detail/pack_projections.h"
#include "model/detail/process_weights.h"
#include "model/detail/random_weights.h"
#include "model/detail/read_weights.h"
#include "model/detail/trust_check.h"
#include "model/model_folder.h"
#include "text/tokenizer.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <semaphore>

#include <omp.h>

namespace patchbay {

Model::Model() = default;
Model::~Model() = default;

namespace {

/// Cancels the hash when loading ends early, so that the future's destructor does not wait for a whole file.
struct CancelAtEnd {
    CancelToken token;
    ~CancelAtEnd() { token.cancel(); }
};

/// Says, without allocating, that a thread has come so far, also where that ended with an exception. (A promise that is
/// broken for want of memory ends the program.)
struct Begun {
    std::binary_semaphore semaphore{0};
    struct AtEnd {
        Begun &begun;
        ~AtEnd() { begun.semaphore.release(); }
    };
};

/// Leaves one core to the thread that hashes the file. With as many threads as cores beside it, those that are ready
/// spin until the one that has no core gets one, at every operation. (at::set_num_threads would also make LibTorch's
/// other pool anew.)
class RoomForHashing {
public:
    RoomForHashing() : m_before(omp_get_max_threads())
    {
        if (m_before > 1 && m_before >= usable_cores())
            omp_set_num_threads(m_before - 1);
    }
    ~RoomForHashing() { omp_set_num_threads(m_before); }
    RoomForHashing(const RoomForHashing &) = delete;
    RoomForHashing &operator=(const RoomForHashing &) = delete;

private:
    const int m_before;
};

/// OpenBLAS, by which LibTorch multiplies, takes a work area at its first product, and tries for ever where it gets
/// none. So the first one is here, where running out of memory can still be said. Both before anything else has a
/// thread that could take the memory between looking and using it.
void prepare_products()
{
    static const at::Tensor first = [] {
        need_memory(size_t(144) << 20);
        return at::mm(at::ones({128, 128}), at::ones({128, 128}));
    }();
    detail::prepare_gemm();
}

// Biases that a family's list does not name are zeros.
bool has_value_biases(const FamilyTensors &tensors)
{
    return std::any_of(tensors.layer.begin(), tensors.layer.end(), [](const FamilyTensor &one) {
        return one.weight == Weight::b_V || one.weight == Weight::b_qkv;
    });
}

} // namespace

std::shared_ptr<const Model> Model::load(const LoadOptions &options,
                                         const std::function<void(double, const std::string &)> &progress,
                                         const CancelToken &cancel)
{
    const SignalsHeldOff held;
    prepare_products();
    const auto start = std::chrono::steady_clock::now();
    const auto report = [&](double done, const char *what) {
        cancel.check();
        if (progress)
            progress(done, what);
    };
    report(0, "reading the configuration");
    const std::shared_ptr<Model> model(new Model);
    TrustReport &trust = model->m_trust;
    const std::filesystem::path folder = model_folder(options.path.string());
    const std::filesystem::path config_path = folder / "config.json";
    const nlohmann::json json = read_config_json(config_path);
    refuse_foreign_config(json, config_path);
    trust.path = folder.string();
    trust.commit = commit_of_snapshot(folder);
    ReadConfig read = config_from_json(json, config_path.string());
    trust.config = read.config;
    trust.ignored_keys = std::move(read.ignored);
    trust.architecture = trust.config.family;
    if (const auto names = json.find("architectures");
        names != json.end() && names->is_array() && !names->empty() && names->front().is_string())
        trust.architecture = names->front().get<std::string>();

    const Checkpoint checkpoint = Checkpoint::open(folder, find_family(trust.config.family)->weight_files);
    trust.processing = applied_steps(options.processing, trust.config);
    trust.processing.fold_value_biases = trust.processing.fold_value_biases && has_value_biases(read.tensors);
    trust.source_dtype = source_dtypes(checkpoint, trust.config.family);
    const DType stored = stored_dtype(checkpoint, trust.config.family), kept = options.dtype.value_or(stored);
    model->m_asked_dtype = options.dtype;
    trust.kept_dtype = name(kept);
    trust.rounded = kept != DType::F32 && kept != stored;
    trust.parameters = count_parameters(checkpoint, trust.config.family);
    std::future<std::string> hash;
    CancelAtEnd hashing; // destroyed before the future, which waits
    std::optional<RoomForHashing> room;
    if (options.trust_check) {
        room.emplace();
        // A thread's first allocation takes 128 MB of address space for a moment. Waited for, so that this moment is
        // not the one in which something here looks for room (need_memory) and then uses it.
        const auto begun = std::make_shared<Begun>();
        hash = std::async(std::launch::async, [files = checkpoint.files(), token = hashing.token, begun] {
            {
                const Begun::AtEnd told{*begun};
                sha256_of(nullptr, 0);
            }
            return sha256_of_files(files, token);
        });
        begun->semaphore.acquire();
    }
    model->open_tokenizer(folder);

    model->m_weights = std::make_unique<Weights>(read_weights(
        checkpoint, trust.config, read.tensors, kept,
        [&](double done) { report(0.05 + 0.6 * done, "reading the weights"); }, cancel));
    Weights &weights = *model->m_weights;

    // The unprocessed model computes its answers before it is processed in place: two copies would take twice the
    // memory.
    std::vector<int64_t> probe;
    at::Tensor unprocessed;
    if (options.trust_check) {
        report(0.7, "checking the model");
        if (model->m_tokenizer)
            trust.tokenizer = check_tokenizer(*model->m_tokenizer, trust.config);
        probe = probe_tokens(trust.config, model->m_tokenizer.get());
        unprocessed = probe_log_probabilities(trust.config, weights, probe);
        trust.hazards = find_hazards(trust, options.processing, checkpoint, weights, model->m_tokenizer.get());
    }
    report(0.8, "processing the weights");
    process_weights(weights, trust.config, options.processing);
    pack_projections(weights, trust.config);
    if (options.trust_check) {
        report(0.9, "checking the model");
        const at::Tensor processed = probe_log_probabilities(trust.config, weights, probe);
        trust.max_logprob_change = unprocessed.sub_(processed).abs_().max().item<double>();
        trust.checks = measured_checks(trust);
        for (TrustCheck &check : check_invariants(trust.config, weights, probe, processed))
            trust.checks.push_back(std::move(check));
        if (std::string hazard = processing_hazard(trust.max_logprob_change); !hazard.empty())
            trust.hazards.push_back(std::move(hazard));
        // In pieces, so that a cancellation is seen while the hash is being computed.
        while (hash.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
            cancel.check();
        trust.sha256 = hash.get();
    }
    trust.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report(1, "done");
    return model;
}

// What needs no tokenizer works without it: one that cannot be read is no reason to refuse the model.
void Model::open_tokenizer(const std::filesystem::path &folder)
{
    const std::string without = "only token ids can be run on it (--batch), not prompts as text";
    if (tokenizer_file(folder).empty()) {
        m_trust.tokenizer = "none";
        m_no_tokenizer = "has no tokenizer.json, nor vocab.json with merges.txt: " + without;
        return;
    }
    try {
        m_tokenizer = Tokenizer::open(folder);
    } catch (const Error &error) {
        m_trust.tokenizer = std::string("cannot be used: ") + error.what();
        m_no_tokenizer = std::string("its tokenizer cannot be used, so ") + without + ": " + error.what();
    }
}

std::shared_ptr<const Model> Model::random(const ModelConfig &config, uint64_t seed, const Processing &processing)
{
    const SignalsHeldOff held;
    prepare_products();
    check_config(config, "random model");
    const std::shared_ptr<Model> model(new Model);
    model->m_trust.path = "random";
    model->m_trust.architecture = "random weights, seed " + std::to_string(seed);
    model->m_trust.config = config;
    model->m_trust.processing = applied_steps(processing, config);
    model->m_trust.source_dtype = model->m_trust.kept_dtype = "F32";
    model->m_trust.tokenizer = "none";
    model->m_no_tokenizer = "a random model has no tokenizer";
    model->m_weights = std::make_unique<Weights>(random_weights(config, seed));
    const Weights &w = *model->m_weights;
    const auto count = [&](const at::Tensor &tensor) {
        model->m_trust.parameters += tensor.defined() ? tensor.numel() : 0;
    };
    for (const LayerWeights &l : w.layers)
        for (const at::Tensor *tensor :
             {&l.ln1_w,      &l.ln1_b,      &l.ln2_w,      &l.ln2_b, &l.ln1_post_w, &l.ln1_post_b, &l.ln2_post_w,
              &l.ln2_post_b, &l.q_norm,     &l.k_norm,     &l.W_Q,   &l.W_K,        &l.W_V,        &l.W_O,
              &l.b_Q,        &l.b_K,        &l.b_V,        &l.b_O,   &l.W_in,       &l.W_gate,     &l.b_in,
              &l.b_gate,     &l.mid_norm_w, &l.mid_norm_b, &l.W_out, &l.b_out})
            count(*tensor);
    for (const at::Tensor *tensor : {&w.W_E, &w.W_pos, &w.ln_final_w, &w.ln_final_b})
        count(*tensor);
    if (!config.tied_embedding)
        count(w.W_U);
    process_weights(*model->m_weights, config, processing);
    pack_projections(*model->m_weights, config);
    return model;
}

std::filesystem::path demo_model_path()
{
    return data_path("demo-model");
}

} // namespace patchbay
