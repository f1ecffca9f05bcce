// patchbay-cli info: what a model is and what its trust check found.
#include "base/plain_text.h"
#include "command.h"
#include "workspace.h"

namespace patchbay::cli {

namespace {

struct Options {
    ModelOptions model;
    ResourceOptions resources;
    OutputOptions output;
};

const char *name_of(Activation activation)
{
    switch (activation) {
    case Activation::Gelu:
        return "gelu";
    case Activation::GeluNew:
        return "gelu_new";
    case Activation::Silu:
        return "silu";
    case Activation::Relu:
        break;
    }
    return "relu";
}

nlohmann::ordered_json as_json(const TrustReport &trust)
{
    const ModelConfig &c = trust.config;
    ModelRef ref;
    ref.processing = trust.processing;
    RunSpec spec;
    spec.model = ref;
    return {{"path", trust.path},
            {"commit", trust.commit},
            {"architecture", trust.architecture},
            {"family", c.family},
            {"n_layers", c.n_layers},
            {"n_heads", c.n_heads},
            {"n_kv_heads", c.n_kv_heads},
            {"d_model", c.d_model},
            {"d_head", c.d_head},
            {"d_mlp", c.d_mlp},
            {"d_vocab", c.d_vocab},
            {"n_ctx", c.n_ctx},
            {"norm", c.norm == Norm::LayerNorm ? "LayerNorm" : "RMSNorm"},
            {"eps", c.eps},
            {"activation", name_of(c.activation)},
            {"gated_mlp", c.gated_mlp},
            {"parallel", c.parallel},
            {"rotary_dim", c.rotary_dim},
            {"rotary_base", c.rotary_base},
            {"tied_embedding", c.tied_embedding},
            {"processing", to_json(spec)["model"]["processing"]},
            {"parameters", trust.parameters},
            {"source_dtype", trust.source_dtype},
            {"kept_dtype", trust.kept_dtype},
            {"sha256", trust.sha256},
            {"max_logprob_change", trust.max_logprob_change},
            {"non_finite", trust.non_finite},
            {"tokenizer", trust.tokenizer},
            {"hazards", trust.hazards},
            {"load_seconds", trust.load_seconds}};
}

void as_text(const TrustReport &trust, Console &console)
{
    const ModelConfig &c = trust.config;
    const auto line = [&](const std::string &key, const std::string &value) {
        console.say(key + std::string(key.size() < 14 ? 14 - key.size() : 1, ' ') + value);
    };
    const auto text = [](int value) { return std::to_string(value); };
    line("model", trust.path);
    if (!trust.commit.empty())
        line("commit", trust.commit);
    line("family", c.family + " (" + trust.architecture + ")" + (c.parallel ? ", attention and MLP in parallel" : ""));
    line("layers", text(c.n_layers));
    line("heads",
         text(c.n_heads) + " of size " + text(c.d_head)
             + (c.grouped() ? ", " + text(c.n_kv_heads) + " key/value heads" : std::string()));
    line("d_model", text(c.d_model));
    line("MLP", text(c.d_mlp) + ", " + name_of(c.activation) + (c.gated_mlp ? ", gated" : ""));
    line("vocabulary", text(c.d_vocab) + (c.tied_embedding ? ", tied embedding" : ""));
    line("context",
         text(c.n_ctx) + " tokens, "
             + (c.rotary_dim > 0 ? "rotary on " + text(c.rotary_dim) + " dimensions of a head" : "learned positions"));
    line("parameters",
         std::to_string(trust.parameters) + " " + trust.source_dtype
             + (trust.kept_dtype == trust.source_dtype ? std::string() : ", kept as " + trust.kept_dtype));
    line("SHA-256", trust.sha256);
    line("trust check",
         "log-probabilities change by at most " + short_text(trust.max_logprob_change, 2)
             + " through weight processing; tokenizer: " + trust.tokenizer);
    for (const std::string &hazard : trust.hazards)
        line("note", hazard);
    line("loaded in", duration(trust.load_seconds));
}

} // namespace

Runner add_info(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->model.add(app);
    options->resources.add(app);
    options->output.add(app, "");
    return [options] {
        Console console(options->output.json, options->output.quiet);
        options->resources.apply();
        const auto model = load_model(options->model, console, true);
        console.print(as_json(model->trust()));
        as_text(model->trust(), console);
        return 0;
    };
}

} // namespace patchbay::cli
