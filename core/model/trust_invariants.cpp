// What must hold of any model that opens, and can be measured without another program's numbers.
#include "base/plain_text.h"
#include "model/detail/forward.h"
#include "model/detail/hook_points.h"
#include "model/detail/trust_check.h"
#include "model/hooked_transformer.h"

#include <algorithm>

namespace patchbay {

namespace {

constexpr int kLongestProbe = 64; ///< tokens; windows wider than that are not looked at
constexpr double kRounding = 1e-4;

int64_t other_token(int64_t token, const ModelConfig &config)
{
    return (token + 1) % config.d_vocab;
}

/// The largest difference of two tables of log-probabilities [T, V] in the rows [first, last).
double apart(const at::Tensor &a, const at::Tensor &b, int64_t first, int64_t last)
{
    return (a.slice(0, first, last) - b.slice(0, first, last)).abs().max().item<double>();
}

TrustCheck causal(const ModelConfig &config, const Weights &weights, const std::vector<int64_t> &probe,
                  const at::Tensor &log_probabilities)
{
    const auto kept = int64_t(probe.size()) * 2 / 3;
    if (kept < 1)
        return {"causal", true, "not checked: the context is too short"};
    std::vector<int64_t> changed = probe;
    for (size_t pos = size_t(kept); pos < changed.size(); ++pos)
        changed[pos] = other_token(changed[pos], config);
    const double most = apart(log_probabilities, probe_log_probabilities(config, weights, changed), 0, kept);
    return {"causal", most <= kRounding,
            "later tokens change earlier log-probabilities by at most " + short_text(most, 2)};
}

/// The largest weight that a pattern of a layer with a window puts on a key outside it.
double outside_windows(const ModelConfig &config, const Weights &weights, const std::vector<int64_t> &tokens)
{
    const auto T = int64_t(tokens.size());
    HookedTransformer::Options options;
    for (int layer = 0; layer < config.n_layers; ++layer)
        if (const int window = config.traits_of(layer).window; window > 0 && window < T)
            options.keep.push_back(block_hook(layer, "attn.hook_pattern"));
    Hooks hooks(config, options, 1, int(T));
    forward(config, weights, at::tensor(tokens, at::kLong).unsqueeze(0), hooks);
    const ArrayMap patterns = hooks.take_cache();
    double most = 0;
    for (int layer = 0; layer < config.n_layers; ++layer) {
        const auto found = patterns.find(block_hook(layer, "attn.hook_pattern")); // [1, H, T, T]
        if (found == patterns.end())
            continue;
        for (int64_t row = 0; row < config.n_heads * T; ++row)
            for (int64_t key = 0; key <= row % T - config.traits_of(layer).window; ++key)
                most = std::max(most, std::abs(double(found->second.floats()[size_t(row * T + key)])));
    }
    return most;
}

TrustCheck windows(const ModelConfig &config, const Weights &weights, const std::vector<int64_t> &probe)
{
    int narrowest = 0, layers = 0;
    int64_t reach = 0; // of the first token, through all layers
    for (int layer = 0; layer < config.n_layers; ++layer)
        if (const int window = config.traits_of(layer).window; window > 0) {
            narrowest = narrowest == 0 ? window : std::min(narrowest, window);
            reach += window - 1;
            ++layers;
        }
    if (layers == 0)
        return {"window", true, "every layer sees all earlier tokens"};
    const int64_t length =
        std::min<int64_t>(std::min(kLongestProbe, config.n_ctx), std::max<int64_t>(int64_t(probe.size()), reach + 4));
    if (narrowest >= length)
        return {"window", true,
                "not checked: windows of " + std::to_string(narrowest) + " tokens are wider than the probe"};
    std::vector<int64_t> tokens;
    for (int64_t pos = 0; pos < length; ++pos)
        tokens.push_back(probe[size_t(pos) % probe.size()]);
    double most = outside_windows(config, weights, tokens);
    std::string found = "heads put at most " + short_text(most, 2) + " on keys outside of their window";
    if (layers == config.n_layers && reach + 1 < length) {
        const at::Tensor before = probe_log_probabilities(config, weights, tokens);
        tokens[0] = other_token(tokens[0], config);
        const double change = apart(before, probe_log_probabilities(config, weights, tokens), reach + 1, length);
        found += "; a token out of reach changes log-probabilities by at most " + short_text(change, 2);
        most = std::max(most, change);
    }
    return {"window", most <= kRounding, found};
}

} // namespace

std::vector<TrustCheck> check_invariants(const ModelConfig &config, const Weights &weights,
                                         const std::vector<int64_t> &probe, const at::Tensor &log_probabilities)
{
    return {causal(config, weights, probe, log_probabilities), windows(config, weights, probe)};
}

std::vector<TrustCheck> measured_checks(const TrustReport &report)
{
    std::vector<TrustCheck> out{{"processing", processing_hazard(report.max_logprob_change).empty(),
                                 "changes log-probabilities by at most " + short_text(report.max_logprob_change, 2)}};
    if (report.tokenizer != "none")
        out.push_back({"tokenizer", report.tokenizer == "ok",
                       report.tokenizer == "ok" ? "decodes what it encoded" : report.tokenizer});
    return out;
}

} // namespace patchbay
