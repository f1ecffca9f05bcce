// The commands of patchbay-cli: each adds its options to the parser and returns what runs it.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace patchbay::cli {

/// Runs with the options as parsed; returns the exit code. Throws Error (exit code 1), UsageError (2) or Cancelled
/// (130).
using Runner = std::function<int()>;

Runner add_info(CLI::App &app);
Runner add_tokenize(CLI::App &app);
Runner add_task(CLI::App &app);
Runner add_try(CLI::App &app);
Runner add_baseline(CLI::App &app);
Runner add_logits(CLI::App &app);
Runner add_cache(CLI::App &app);
Runner add_act_patch(CLI::App &app);
Runner add_path_patch(CLI::App &app);
Runner add_attribution(CLI::App &app);
Runner add_edges(CLI::App &app);
Runner add_circuit(CLI::App &app);
Runner add_analyse(CLI::App &app);
Runner add_recipe(CLI::App &app);
Runner add_models(CLI::App &app);
Runner add_download(CLI::App &app);
Runner add_series(CLI::App &app);
Runner add_run(CLI::App &app);
Runner add_plan(CLI::App &app);
Runner add_merge(CLI::App &app);
Runner add_script(CLI::App &app);
Runner add_project(CLI::App &app);
Runner add_places(CLI::App &app);
Runner add_serve(CLI::App &app);
Runner add_bench(CLI::App &app);

} // namespace patchbay::cli
