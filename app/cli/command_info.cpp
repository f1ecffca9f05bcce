// patchbay-cli info: what a model is and what its trust check found.
#include "base/amounts.h"
#include "base/plain_text.h"
#include "block/matrix_units.h"
#include "command.h"
#include "device/devices.h"
#include "workspace.h"

namespace patchbay::cli {

namespace {

struct Options {
    ModelOptions model;
    ResourceOptions resources;
    OutputOptions output;
};

nlohmann::ordered_json as_json(const TrustReport &trust, const std::string &arithmetic)
{
    const ModelConfig &c = trust.config;
    ModelRef ref;
    ref.processing = trust.processing;
    RunSpec spec;
    spec.model = ref;
    nlohmann::ordered_json checks = nlohmann::ordered_json::array();
    for (const TrustCheck &check : trust.checks)
        checks.push_back({{"name", check.name}, {"passed", check.passed}, {"found", check.found}});
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
            {"activation", name(c.activation)},
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
            {"checks", checks},
            {"ignored_keys", trust.ignored_keys},
            {"hazards", trust.hazards},
            {"arithmetic", arithmetic},
            {"load_seconds", trust.load_seconds},
            {"devices", devices_here()}};
}

void as_text(const TrustReport &trust, const std::string &arithmetic, Console &console)
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
             + (c.grouped() ? ", " + counted(c.n_kv_heads, "key/value head") : std::string()));
    line("d_model", text(c.d_model));
    line("MLP", c.has_mlp() ? text(c.d_mlp) + ", " + name(c.activation) + (c.gated_mlp ? ", gated" : "") : "none");
    line("vocabulary", text(c.d_vocab) + (c.tied_embedding ? ", tied embedding" : ""));
    line("context",
         counted(c.n_ctx, "token") + ", "
             + (c.rotary_dim > 0 ? "rotary on " + text(c.rotary_dim) + " dimensions of a head"
                    : c.alibi    ? "ALiBi"
                                 : "learned positions"));
    line("parameters",
         std::to_string(trust.parameters) + " " + trust.source_dtype
             + (trust.kept_dtype == trust.source_dtype ? std::string() : ", kept as " + trust.kept_dtype));
    line("SHA-256", trust.sha256);
    line("products", "with weights in " + arithmetic);
    for (const TrustCheck &check : trust.checks)
        line("check", check.name + (check.passed ? ": ok, " : ": FAILED, ") + check.found);
    if (trust.tokenizer == "none")
        line("tokenizer", "none");
    std::string ignored;
    for (const std::string &key : trust.ignored_keys)
        ignored += (ignored.empty() ? "" : ", ") + key;
    if (!ignored.empty())
        line("ignored keys", ignored);
    for (const std::string &hazard : trust.hazards)
        line("note", hazard);
    line("loaded in", duration_text(trust.load_seconds));
    std::string devices;
    for (const std::string &device : devices_here())
        devices += (devices.empty() ? "" : ", ") + device;
    line("devices", devices);
}

} // namespace

Runner add_info(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->model.add(app);
    options->resources.add(app);
    options->output.add(app, "");
    std::string opened;
    for (const FamilyName &family : families())
        opened += (opened.empty() ? "" : ", ") + family.title + " (" + family.name + ")";
    app.footer("Families that open, by title and model_type: " + opened + ".");
    return [options] {
        Console console(options->output.json, options->output.quiet);
        const Resources resources = options->resources.apply();
        const auto model = load_model(options->model, console, true);
        const bool widened = model->trust().kept_dtype != "F32";
        const ModelConfig &config = model->config();
        const std::string arithmetic =
            arithmetic_in_words(config, precision_for(config, resources.precision, widened), widened);
        console.print(as_json(model->trust(), arithmetic));
        as_text(model->trust(), arithmetic, console);
        return 0;
    };
}

} // namespace patchbay::cli
