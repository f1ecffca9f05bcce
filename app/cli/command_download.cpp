// patchbay-cli download: fetches a model of the Hugging Face hub into the cache.
#include "base/amounts.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "command.h"
#include "console.h"
#include "hub/download.h"
#include "interrupt.h"
#include "options.h"
#include "usage_error.h"

namespace patchbay::cli {

namespace {

struct Options {
    std::string name;
    bool dry_run = false, force = false;
    DownloadOptions download;
    OutputOptions output;
};

nlohmann::ordered_json as_json(const DownloadPlan &plan, bool fetched)
{
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const HubFile &file : plan.files)
        files.push_back({{"name", file.name}, {"bytes", file.size}, {"hash", file.etag}, {"present", file.present}});
    return {{"name", plan.name.model},   {"revision", plan.name.wanted_revision()},
            {"commit", plan.commit},     {"path", plan.snapshot().string()},
            {"family", plan.family},     {"problem", plan.problem},
            {"bytes", plan.bytes()},     {"missing", plan.missing()},
            {"files", std::move(files)}, {"fetched", fetched}};
}

/// "4 files, 375 MB; 120 MB of it are there already"
std::string size_line(const DownloadPlan &plan)
{
    const uint64_t there = plan.bytes() - plan.missing();
    return counted(int64_t(plan.files.size()), "file") + ", " + size_text(plan.bytes())
        + (there == plan.bytes() ? "; all of it is there already"
               : there > 0       ? "; " + size_text(there) + " of it are there already"
                                 : "");
}

int run(const Options &options)
{
    const auto name = hub_name(options.name);
    if (!name)
        throw UsageError("NAME", in_quotes(options.name) + " is no model's name: write ORG/NAME, or ORG/NAME@REVISION");
    Console console(options.output.json, options.output.quiet);
    const CancelToken &cancel = cancel_on_interrupt();
    const DownloadPlan plan = plan_download(*name, cancel);
    console.say(name->text() + ": commit " + plan.commit
                + (plan.family.empty() ? "" : ", " + family_title(plan.family)));
    console.say(size_line(plan));
    if (!plan.problem.empty() && !options.force && !options.dry_run)
        throw Error(name->text(),
                    "could not be opened here: " + plan.problem
                        + ". Nothing was fetched; --force fetches it all the same");
    if (!plan.problem.empty())
        console.note("could not be opened here: " + plan.problem);
    if (options.dry_run) {
        console.print(as_json(plan, false));
        return 0;
    }
    Download download(plan, options.download);
    bool more = true;
    while (more) {
        more = download.step(cancel);
        const DownloadProgress at = download.progress();
        console.progress_line(at.text());
    }
    console.end_progress();
    console.print(as_json(plan, true));
    console.say("in " + plan.snapshot().string() + "; opens with --model " + name->text());
    return 0;
}

} // namespace

Runner add_download(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("name", options->name,
                   "ORG/NAME of the model at huggingface.co, with @REVISION for a branch, tag or commit")
        ->type_name("NAME[@REVISION]")
        ->required();
    app.add_flag("--dry-run", options->dry_run, "Say which files there are and how large they are, and fetch nothing");
    app.add_flag("--force", options->force, "Fetch also what could not be opened here");
    app.add_option("--retries", options->download.retries,
                   "How often a file from which nothing comes is asked for again")
        ->capture_default_str()
        ->check(CLI::Range(0, 100));
    options->output.add(app, "");
    app.footer(
        "Fetches the configuration, the weights and the tokenizer into the Hugging Face cache, where Python finds "
        "them too. After an interruption the same command goes on where it was. HF_TOKEN is the token for private "
        "and gated models, HF_ENDPOINT another hub, HF_HUB_CACHE or HF_HOME another cache.");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
