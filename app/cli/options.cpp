#include "options.h"

#include "base/plain_text.h"
#include "block/matrix_units.h"
#include "console.h"
#include "device/devices.h"
#include "model/model_folder.h"
#include "task/task_list.h"
#include "text/tokenizer.h"
#include "usage_error.h"

#include <algorithm>

namespace patchbay::cli {

const char *const model_help =
    "Hugging Face folder; a model of the Hugging Face cache by its name, such as "
    "EleutherAI/pythia-160m@step1000 (a folder of that name comes first; nothing is "
    "downloaded unless it is asked for: see download); or demo: the model that comes with the program";

void ModelOptions::add(CLI::App &app, bool with_processing)
{
    app.add_option("--model", path, model_help)->type_name("DIR|NAME[@REVISION]")->capture_default_str();
    if (!with_processing)
        return;
    app.add_option("--dtype", dtype,
                   "How the large weights are kept: float32, bfloat16 or float16, rounded if need be; as the file has "
                   "them unless given. They are computed with in float32")
        ->check(CLI::IsMember(kept_dtype_words()));
    const char *group = "Weight processing";
    app.add_flag("--raw", raw, "No weight processing at all")->group(group);
    app.add_flag("--no-fold-ln", no_fold_ln, "Leave the norms' weights where they are")->group(group);
    app.add_flag("--no-center-writing", no_center_writing, "Do not centre weights that write to the residual stream")
        ->group(group);
    app.add_flag("--no-center-unembed", no_center_unembed, "Do not centre the unembedding")->group(group);
    app.add_flag("--no-fold-value-biases", no_fold_value_biases, "Leave value biases in the heads")->group(group);
}

ModelRef ModelOptions::ref() const
{
    ModelRef ref;
    ref.path = absolute_model_path(path);
    ref.processing = {!raw && !no_fold_ln, !raw && !no_center_writing, !raw && !no_center_unembed,
                      !raw && !no_fold_value_biases};
    if (!dtype.empty())
        ref.dtype = parse_kept_dtype(dtype);
    return ref;
}

std::filesystem::path ModelOptions::folder() const
{
    return model_folder(path, commit);
}

std::filesystem::path ModelOptions::tokenizer_place() const
{
    std::error_code ignored;
    const bool has_one = !std::filesystem::is_directory(path, ignored) || !tokenizer_file(path).empty();
    return !is_demo(path) && std::filesystem::exists(path, ignored) && has_one ? std::filesystem::path(path) : folder();
}

namespace {

/// For --help, which is there also where the program's files are not.
std::string shipped_names()
{
    try {
        return listed(shipped_tasks());
    } catch (const std::exception &) {
        return "ioi";
    }
}

} // namespace

CLI::Option *add_bos(CLI::App &app, Bos &bos)
{
    return app
        .add_option_function<std::string>(
            "--bos", [&bos](const std::string &text) { bos = parse_bos(text); },
            "Whether texts begin with the tokenizer's BOS token: auto (as the tokenizer does it of itself), yes, no")
        ->default_str("auto")
        ->check(CLI::IsMember({"auto", "yes", "no"}));
}

void TaskOptions::add_generator(CLI::App &app)
{
    m_app = &app;
    const char *group = "Prompts";
    app.add_option("--task", named,
                   "Generated prompts: " + shipped_names()
                       + ", or a task file; \"patchbay-cli task --list\" says what each is. ioi is the one that suits "
                         "the model")
        ->type_name("NAME|FILE")
        ->group(group)
        ->capture_default_str();
    app.add_option("--prompts", task.prompts, "Number of prompt pairs")
        ->group(group)
        ->capture_default_str()
        ->check(CLI::Range(1, 1000000));
    app.add_option("--seed", task.seed, "Seed of the generator")->group(group)->capture_default_str();
    app.add_option("--type", task.type, "Of ioi: mixed, ABBA, BABA, ABC, BAC or ABC mixed")
        ->group(group)
        ->capture_default_str();
    app.add_option("--flip", task.flip, "Of ioi: how clean prompts become flipped ones")
        ->group(group)
        ->capture_default_str();
    add_bos(app, task.bos)->group(group);
    app.add_option("--task-file", task.file,
                   "The same as --task for a file; of the name ioi, the demo model's own sentences, whatever the model "
                   "(other models begin with ioi-give, prompts that little but a name goes on)")
        ->group(group);
}

void TaskOptions::add(CLI::App &app)
{
    add_generator(app);
    const char *group = "Prompts";
    CLI::Option *pairs_option =
        app.add_option("--pairs", pairs,
                       "Prompt pairs from a JSONL, JSON or CSV file: clean, flipped, answer, wrong; also those of "
                       "EAP-IG and MIB as they are")
            ->group(group);
    CLI::Option *batch_option = app.add_option("--batch", batch,
                                               "Token ids from a safetensors file: clean, flipped, end, io, s; start "
                                               "where prompts are padded on the left")
                                    ->group(group)
                                    ->excludes(pairs_option);
    for (const char *generator : {"--task-file", "--seed", "--type", "--flip", "--prompts"}) {
        batch_option->excludes(app.get_option(generator));
        pairs_option->excludes(app.get_option(generator));
    }
    batch_option->excludes(app.get_option("--bos"));
    app.add_option("--encoding", task.encoding, "Of the text of --pairs, where it is not UTF-8: latin1, windows-1252 …")
        ->group(group)
        ->needs(pairs_option);
    app.add_option("--counterfactual", task.counterfactual,
                   "Which of MIB's counterfactuals is the flipped prompt, such as abc or s2_io_flip; the one that MIB "
                   "takes unless given")
        ->group(group)
        ->needs(pairs_option);
    app.add_option(
           "--pad-id", task.pad_id,
           "With --batch: prompts are padded on the left with this token id; they are moved to begin at position 0")
        ->group(group)
        ->needs(batch_option);
    app.add_option("--exclude", task.excluded, "Indices of prompts to leave out, counted from 0, such as 3,17")
        ->group(group)
        ->delimiter(',');
}

// What a task says of itself and nobody has said otherwise.
void TaskOptions::take(const TaskRef &chosen)
{
    task.kind = chosen.kind;
    if (info(chosen).patterns)
        return;
    for (const char *generator : {"--type", "--flip"})
        if (m_app->count(generator) > 0)
            throw UsageError(generator,
                             "is for tasks of names in a pattern, as ioi; this one says itself what "
                             "is flipped");
    if (m_app->count("--prompts") == 0)
        task.prompts = chosen.prompts;
    if (m_app->count("--seed") == 0)
        task.seed = chosen.seed;
}

std::vector<TaskRef> TaskOptions::each(const std::vector<std::string> &names) const
{
    std::vector<TaskRef> out;
    for (const std::string &name : names) {
        const TaskRef chosen = option_value("--tasks", [&] { return task_or_pairs(name); });
        TaskOptions one = *this;
        one.task.file = chosen.file;
        if (info(chosen).generated)
            one.take(chosen);
        else
            one.task.kind = chosen.kind;
        out.push_back(one.task);
    }
    return out;
}

void TaskOptions::choose_for(const ModelOptions &model)
{
    if (!batch.empty() || !pairs.empty())
        return;
    const bool other = named != "ioi";
    if (!task.file.empty() && other)
        throw UsageError("--task-file", "names a task, and --task another: " + named);
    if (chosen()) {
        const std::string &name = other ? named : task.file;
        std::error_code ignored;
        const bool mistaken = other && !std::filesystem::exists(task_path(name), ignored);
        const TaskRef chosen = mistaken ? option_value("--task", [&] { return task_named(name); }) : task_named(name);
        if (other)
            task.file = chosen.file;
        take(chosen);
        return;
    }
    std::string folder = model.path;
    try {
        folder = model.folder().string();
    } catch (const std::exception &) {
        // What is wrong with it is said when it is opened.
    }
    task.file = usual_task(folder);
}

TaskRef TaskOptions::ref() const
{
    TaskRef ref = task;
    if (!batch.empty()) {
        ref.kind = "batch";
        ref.file = batch;
    } else if (!pairs.empty()) {
        ref.kind = "pairs";
        ref.file = pairs;
    }
    return ref;
}

void ResourceOptions::add(CLI::App &app)
{
    const char *group = "Resources";
    app.add_option("--threads", threads, "Threads that compute; 0: all cores")
        ->group(group)
        ->capture_default_str()
        ->check(CLI::Range(0, 4096));
    app.add_option("--device", device,
                   "What computes runs, activation patching and path patching: cpu; cuda, cuda:N or mps where LibTorch "
                   "has them; auto: the first of those, else cpu; torch-cpu: the processor by the operations that "
                   "devices use, to check them. All other work is the processor's")
        ->group(group)
        ->capture_default_str();
    app.add_option("--precision", precision,
                   "Of products with weights. strict: as good as float32; split: each number as the sum of two "
                   "bfloat16, at several times the speed on processors with matrix units (AMX); bf16: as one; auto: "
                   "split where there are matrix units and the model is not tiny, else strict. Results say what was "
                   "used")
        ->group(group)
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "strict", "split", "bf16"}));
    app.add_option("--memory-budget", memory_budget,
                   "Memory above the weights that a sweep may use, such as 512MB or 1.5GB; auto: a quarter of this "
                   "machine's, at least 1GB. Prompts whose cached runs take more than half of it are computed in "
                   "groups, one after the other, at least one prompt at a time; results are the same")
        ->group(group)
        ->capture_default_str();
}

Resources ResourceOptions::apply() const
{
    Resources resources;
    resources.threads = threads;
    resources.device = option_value("--device", [this] { return device_named(device); });
    resources.precision = option_value("--precision", [this] {
        const std::optional<Precision> wanted = parse_precision_or_auto(precision);
        check_precision(wanted);
        return wanted;
    });
    if (memory_budget != "auto")
        resources.memory_budget = option_value("--memory-budget", [this] { return parse_bytes(memory_budget); });
    resources.widened_bytes = std::min(resources.widened_bytes, resources.memory_budget);
    set_threads(threads);
    return resources;
}

void OutputOptions::add(CLI::App &app, const std::string &what)
{
    const char *group = "Output";
    if (!what.empty())
        app.add_option("--out", out, what)->group(group);
    app.add_flag("--json", json, "Machine-readable results on standard output")->group(group);
    app.add_flag("--quiet", quiet, "Print nothing else")->group(group);
    app.add_option_function<std::string>(
           "--progress",
           [](const std::string &style) {
               Console::set_progress(style == "lines"      ? ProgressStyle::Lines
                                         : style == "none" ? ProgressStyle::None
                                                           : ProgressStyle::Auto);
           },
           "On standard error: auto (where that is a terminal), lines (a JSON object with share and what a line, for "
           "programs), none")
        ->default_str("auto")
        ->check(CLI::IsMember({"auto", "lines", "none"}))
        ->group(group);
}

void OutputOptions::check() const
{
    if (out.empty())
        return;
    const std::filesystem::path path(out);
    const std::string extension = path.extension().string();
    if (extension != ".safetensors" && extension != ".npz" && extension != ".json" && extension != ".csv")
        throw UsageError("--out", "\"" + out + "\" does not end in .safetensors, .npz, .json or .csv");
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error))
        throw Error(out, "there is no folder " + folder.string());
}

size_t parse_bytes(const std::string &text)
{
    std::string plain = upper_case(text);
    std::erase_if(plain, is_space);
    const size_t digits = std::min(plain.find_first_not_of("0123456789."), plain.size());
    const std::string unit = plain.substr(digits);
    static const std::pair<const char *, double> units[] = {
        {"", 1},         {"B", 1},       {"K", 0x1p10},   {"KB", 0x1p10}, {"KIB", 0x1p10},
        {"M", 0x1p20},   {"MB", 0x1p20}, {"MIB", 0x1p20}, {"G", 0x1p30},  {"GB", 0x1p30},
        {"GIB", 0x1p30}, {"T", 0x1p40},  {"TB", 0x1p40},  {"TIB", 0x1p40}};
    for (const auto &[known, factor] : units) {
        if (unit != known || digits == 0)
            continue;
        const double value = parse_number(plain.substr(0, digits)).value_or(0) * factor;
        if (value >= 1 && value < 0x1p60)
            return static_cast<size_t>(value);
    }
    throw Error(text, "is not an amount of memory; write 512MB or 1.5GB");
}

} // namespace patchbay::cli
