// patchbay-cli task: generated prompt pairs with token ids and word positions, as JSON.
#include "command.h"
#include "io/array_files.h"
#include "model/model_folder.h"
#include "options.h"
#include "task/ioi_task.h"
#include "text/tokenizer.h"

#include <cstdio>

namespace patchbay::cli {

namespace {

struct Options {
    ModelOptions model;
    TaskOptions task;
    bool symmetric = false, prepend_bos = false;
    std::string out;
};

int run(const Options &options)
{
    // Only the tokenizer: the folder need not hold a model.
    const std::filesystem::path place = options.model.tokenizer_place();
    const auto tokenizer = Tokenizer::open(place);
    TaskRef task = options.task.ref();
    if (options.prepend_bos)
        task.bos = Bos::Yes;
    const std::string name = model_name(place.string());
    const nlohmann::ordered_json set = ioi_dataset_json(task, *tokenizer, name, options.symmetric);
    const std::string text = set.dump(1) + "\n";
    if (options.out.empty())
        std::fwrite(text.data(), 1, text.size(), stdout);
    else
        write_file(options.out, text);
    return 0;
}

} // namespace

Runner add_task(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->model.add(app, false);
    options->task.add_generator(app);
    app.parse_complete_callback([options] { options->task.choose_for(options->model); });
    app.add_flag("--symmetric", options->symmetric, "Follow each prompt by the same one with the names exchanged");
    app.add_flag("--prepend-bos", options->prepend_bos, "The same as --bos yes")->excludes(app.get_option("--bos"));
    app.add_option("--out", options->out, "Write the JSON to this file instead of standard output");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
