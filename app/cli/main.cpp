// patchbay-cli: the headless program. Parses the command line, runs one command and turns errors into exit codes.
#include "../before_libraries.h"
#include "base/memory.h"
#include "base/signals.h"
#include "command.h"
#include "patching/session.h"
#include "usage_error.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <iterator>

using namespace patchbay;
using namespace patchbay::cli;

namespace {

constexpr int exit_failed = 1, exit_usage = 2, exit_interrupted = 130;

struct Entry {
    const char *name, *help;
    Runner (*add)(CLI::App &);
};

constexpr Entry entries[] = {
    {"info", "Family, shapes and hash of a model, and what its trust check found", add_info},
    {"models", "What the Hugging Face cache holds, and what of it can be opened", add_models},
    {"download", "Fetch a model of the Hugging Face hub into the cache", add_download},
    {"tokenize", "Token ids and strings of texts: JSON lines from standard input to standard output", add_tokenize},
    {"task", "Generate prompt pairs, as JSON", add_task},
    {"try", "What a model expects after a prompt, and how it reads it", add_try},
    {"baseline", "Logit differences of the clean and the flipped prompts", add_baseline},
    {"logits", "Logits of every position of the clean and the flipped prompts", add_logits},
    {"cache", "Activations at hook points", add_cache},
    {"act-patch", "Activation patching and ablation sweeps", add_act_patch},
    {"path-patch", "Path patching", add_path_patch},
    {"attribution", "Attribution patching: a first-order estimate of activation patching", add_attribution},
    {"edges", "What each head and MLP does through each reader of its output: estimates and exact values", add_edges},
    {"circuit", "Circuits of edges: made, run, compared", add_circuit},
    {"analyse",
     "Direct attribution, copy scores, ablation, S-inhibition, attention, detectors, logit lens, roles, copy "
     "suppression",
     add_analyse},
    {"recipe", "A chain of runs that rest on one another, into a folder of results", add_recipe},
    {"series", "A run or a recipe at many revisions of a model, such as the checkpoints of its training", add_series},
    {"run", "Run a spec from a JSON file, the spec that a result file was made with, or shards of a plan", add_run},
    {"plan", "Cut a run into shards that processes on any machines compute by themselves", add_plan},
    {"merge", "Put the results of shards together: the bytes of one run", add_merge},
    {"script", "A result as a Python script for TransformerLens that computes the same and compares", add_script},
    {"project", "Project files: what is in them, checked, exported, recovered", add_project},
    {"places", "Other machines to compute on by name: list, add, remove, test", add_places},
    {"serve", "Compute for a program elsewhere: requests and events as framed messages", add_serve},
    {"bench", "Seconds, arithmetic and memory of standard workloads", add_bench},
};

int failed(int code, const char *what)
{
    std::fprintf(stderr, "patchbay-cli: %s\n", what);
    return code;
}

int run(int argc, char **argv)
{
    CLI::App app("Circuits in transformer language models: activation and path patching without a window.",
                 "patchbay-cli");
    app.set_version_flag("--version", "patchbay-cli " + program_version());
    app.require_subcommand(1);
    app.footer("Each command has its own --help. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.");
    if (argc > 1 && argv[1][0] != '-' && std::none_of(std::begin(entries), std::end(entries), [&](const Entry &e) {
            return std::string(e.name) == argv[1];
        }))
        throw UsageError(argv[1], "is not a command; patchbay-cli --help lists them");
    Runner chosen;
    for (const Entry &entry : entries) {
        CLI::App *command = app.add_subcommand(entry.name, entry.help);
        command->callback([&chosen, runner = entry.add(*command)] { chosen = runner; });
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        const bool asked_for_text = error.get_exit_code() == 0; // --help, --version
        app.exit(error);
        return asked_for_text ? 0 : exit_usage;
    }
    return chosen();
}

} // namespace

int main(int argc, char **argv)
{
    try {
        take_signals_in_a_thread();
        return run(argc, argv);
    } catch (const Cancelled &) {
        return failed(exit_interrupted, "interrupted");
    } catch (const UsageError &error) {
        return failed(exit_usage, error.what());
    } catch (const Error &error) {
        return failed(exit_failed, error.what());
    } catch (const std::exception &error) {
        return failed(exit_failed, means_out_of_memory(error) ? not_enough_memory : error.what());
    }
}
