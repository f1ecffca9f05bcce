#include "model/detail/trust_check.h"

#include "base/amounts.h"
#include "base/plain_text.h"
#include "model/detail/family.h"
#include "model/detail/forward.h"
#include "model/detail/process_weights.h"
#include "text/tokenizer.h"

#include <set>

namespace patchbay {

namespace {

constexpr const char *kSentence = "When Mary and John went to the store, John gave a drink to";
// Spaces, capitals, digits, punctuation, other scripts, an emoji: what lossy tokenizers stumble over.
// Not at the beginning, where tokenizers with a visible space lose spaces.
constexpr const char *kRoundTrip = "When Mary's friends  (all 12,345 of them) went to the café, naïve Zoë said: “No "
                                   "way!”\n\tΑθήνα 東京 Привет 🙂 x_1 = {y};";

/// Rows of an embedding that are almost zero beside the others: tokens that training never reached.
int64_t count_untrained_rows(const at::Tensor &W_E)
{
    constexpr int64_t block = 8192;
    const int64_t V = W_E.size(0);
    at::Tensor size = at::empty({V}, at::kFloat);
    for (int64_t first = 0; first < V; first += block) {
        const int64_t rows = std::min(block, V - first);
        size.narrow(0, first, rows)
            .copy_(at::linalg_vector_norm(W_E.narrow(0, first, rows).to(at::kFloat), 2, at::IntArrayRef{1}));
    }
    return (size < 0.1 * size.median()).sum().item<int64_t>();
}

/// Whether another name stands for the same tensor.
bool shares_its_bytes(const Checkpoint &checkpoint, const std::string &tensor)
{
    const CheckpointTensor &one = checkpoint.tensors().at(tensor);
    return std::any_of(checkpoint.tensors().begin(), checkpoint.tensors().end(), [&](const auto &item) {
        return item.first != tensor && item.second.source == one.source && item.second.offset == one.offset;
    });
}

} // namespace

std::vector<int64_t> probe_tokens(const ModelConfig &config, const Tokenizer *tokenizer)
{
    std::vector<int64_t> ids;
    if (tokenizer)
        ids = tokenizer->encode(kSentence);
    const bool usable =
        !ids.empty() && std::all_of(ids.begin(), ids.end(), [&](int64_t id) { return id >= 0 && id < config.d_vocab; });
    if (!usable) {
        ids.clear();
        for (int64_t i = 0; i < 16; ++i)
            ids.push_back((7919 * i + 104729 * (i / 3)) % config.d_vocab);
    }
    if (ids.size() > size_t(config.n_ctx))
        ids.resize(size_t(config.n_ctx));
    return ids;
}

at::Tensor probe_log_probabilities(const ModelConfig &config, const Weights &weights,
                                   const std::vector<int64_t> &tokens)
{
    Hooks none;
    const at::Tensor ids = at::from_blob(const_cast<int64_t *>(tokens.data()), {1, int64_t(tokens.size())}, at::kLong);
    const at::Tensor x = forward(config, weights, ids, none).squeeze(0); // [T, D]
    at::Tensor logits = weights.logits(x);                               // [T, V]
    cap_logits(config, logits);
    return logits.sub_(
        at::logsumexp(logits, -1, true)); // in place: for large vocabularies this is what loading needs most memory for
}

std::string check_tokenizer(const Tokenizer &tokenizer, const ModelConfig &config)
{
    if (tokenizer.size() > config.d_vocab)
        return "has " + counted(tokenizer.size(), "token") + ", the model only " + std::to_string(config.d_vocab);
    const std::string text = kRoundTrip;
    const std::string back = tokenizer.decode(tokenizer.encode(text));
    if (back == text)
        return "ok";
    size_t at = 0;
    while (at < text.size() && at < back.size() && text[at] == back[at])
        ++at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
        --at; // to the start of the character
    return "decoding what was encoded differs from \"" + text.substr(at, 12) + "\" on";
}

std::string source_dtypes(const Checkpoint &checkpoint, const std::string &family)
{
    std::set<std::string> names;
    for (const auto &[tensor, stored] : checkpoint.tensors())
        if (!is_buffer(family, tensor))
            names.insert(name(stored.dtype));
    std::string out;
    for (const std::string &name : names)
        out += (out.empty() ? "" : ", ") + name;
    return out;
}

int64_t count_parameters(const Checkpoint &checkpoint, const std::string &family)
{
    // Tensors that share their bytes (tied ones in a PyTorch file) are one.
    std::set<std::pair<const ByteSource *, uint64_t>> seen;
    int64_t count = 0;
    for (const auto &[tensor, stored] : checkpoint.tensors())
        if (!is_buffer(family, tensor) && seen.emplace(stored.source.get(), stored.offset).second)
            count += stored.count();
    return count;
}

std::vector<std::string> find_hazards(const TrustReport &report, const Processing &wanted, const Checkpoint &checkpoint,
                                      const Weights &weights, const Tokenizer *tokenizer)
{
    const ModelConfig &config = report.config;
    std::vector<std::string> out;
    if (!config.has_mlp())
        out.push_back("The blocks have no MLP: there is no resid_mid, and no mlp_out.");
    else if (config.parallel)
        out.push_back("Attention and MLP are parallel: there is no resid_mid, and a head does not reach the MLP of its "
                      "own layer.");
    if (config.grouped())
        out.push_back(
            "Keys and values are shared by groups of " + std::to_string(config.kv_group())
            + " query heads: patching the key or value of one head is ambiguous; results say which copy they mean.");
    if (config.logit_cap > 0)
        out.push_back(
            "Logits are soft-capped at " + short_text(config.logit_cap, 3)
            + ": logit differences are of the capped ones, direct attributions and copy scores of those before "
              "the cap.");
    if (config.rotary_scaling.type == RotaryScaling::Type::LongRope)
        out.push_back("Rotary angles are others in batches wider than "
                      + short_text(config.rotary_scaling.original_ctx, 6) + " tokens.");
    if (config.post_norms)
        out.push_back("What attention and MLP write is normed before it is added, so the heads of a layer are not "
                      "simply added up: a head's direct attribution leaves that norm out.");
    for (const LeftOff &step : left_off(config, wanted))
        out.push_back(std::string(step.name) + " is left off: " + step.why + ".");
    if (config.tied_embedding) {
        out.push_back("Embedding and unembedding are tied in the checkpoint; weight processing changes them "
                      "separately, so they differ here.");
        for (const char *head : {"lm_head.weight", "embed_out.weight"})
            if (checkpoint.tensors().contains(head) && !shares_its_bytes(checkpoint, head))
                out.push_back(std::string("The checkpoint holds ") + head
                              + " although config.json ties the embedding; the embedding is used.");
    }
    if (report.rounded)
        out.push_back("The weights are rounded to " + report.kept_dtype + " (stored as " + report.source_dtype
                      + "), as was asked for: numbers differ from those of the stored ones.");
    else if (report.source_dtype != "F32")
        out.push_back(
            "The weights are stored as " + report.source_dtype
            + " and computed with in F32: a notebook that computes in the stored format has slightly other numbers.");
    if (report.processing == Processing::none())
        out.push_back("Weights are unprocessed: zero ablations, copy scores and direct attributions differ from "
                      "TransformerLens' defaults.");
    if (const int64_t rows = count_untrained_rows(weights.W_E); rows > 0)
        out.push_back(counted(rows, "row of the embedding is", "rows of the embedding are")
                      + " almost zero: " + (rows == 1 ? "this token was" : "these tokens were") + " hardly trained.");
    if (tokenizer && tokenizer->size() < config.d_vocab)
        out.push_back(counted(config.d_vocab - tokenizer->size(), "row of the vocabulary belongs",
                              "rows of the vocabulary belong")
                      + " to no token of the tokenizer (padding).");
    if (report.tokenizer != "ok" && report.tokenizer != "none")
        out.push_back("The tokenizer " + report.tokenizer + ".");
    if (tokenizer)
        for (const std::string &warning : tokenizer->warnings())
            out.push_back("Beside the tokenizer, " + warning + ".");
    return out;
}

std::string processing_hazard(double max_logprob_change)
{
    // Rounding alone gives about 1e-5 for small models and 1e-4 for deep ones.
    if (max_logprob_change <= 1e-3)
        return {};
    return "Weight processing changes log-probabilities by up to " + std::to_string(max_logprob_change)
        + ", more than rounding explains.";
}

} // namespace patchbay
