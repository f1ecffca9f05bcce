// patchbay-cli script: a result as a Python script that computes the same and compares, or as the command that computes
// it again.
#include "command.h"
#include "model/model_folder.h"
#include "script/command_line.h"
#include "script/python_script.h"
#include "spec_file.h"

namespace patchbay::cli {

namespace {

constexpr const char *transformer_lens_4 = "transformer-lens-4", *transformer_lens_2 = "transformer-lens-2",
                     *command = "command-line";

struct Options {
    std::string file, model, out, language = transformer_lens_4;
    bool quiet = false;
};

int run(const Options &options)
{
    const RunResult result = load_result(options.file);
    if (options.language == command) {
        write_or_print(command_line(result.spec) + "\n", options.out);
        return 0;
    }
    Console console(false, options.quiet);
    const WorkOptions work_options = work_of(result.spec, options.file, options.model);
    const Workspace work(work_options, console);
    const std::string folder = model_folder(work_options.model.path, work_options.model.commit).string();
    const ScriptTool tool =
        options.language == transformer_lens_2 ? ScriptTool::TransformerLens2 : ScriptTool::TransformerLens4;
    write_or_print(python_script(result, work.batch(), folder, work.model().config(), tool), options.out);
    return 0;
}

} // namespace

Runner add_script(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("result", options->file,
                   "A result (.safetensors, .npz, .json) of patching, ablation, attribution, edges, a circuit, or an "
                   "analysis of prompts")
        ->required();
    app.add_option("--for", options->language,
                   "transformer-lens-4, transformer-lens-2 (2.18): a script that asserts the result's numbers; "
                   "command-line: the command that computes it again")
        ->check(CLI::IsMember({transformer_lens_4, transformer_lens_2, command}))
        ->capture_default_str();
    app.add_option("--model", options->model,
                   "Where the model is, a folder or a name in the cache, if not where the result says")
        ->type_name("DIR|NAME[@REVISION]");
    app.add_option("--out", options->out, "Write the script to this file instead of standard output");
    app.add_flag("--quiet", options->quiet, "Say nothing else");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
