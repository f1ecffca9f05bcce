// The options that several commands share: each group adds itself to a command and says what was chosen.
#pragma once

#include "model/config.h"
#include "patching/session.h"
#include "spec/run_spec.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay::cli {

/// What --model takes, for --help.
extern const char *const model_help;

struct ModelOptions {
    std::string path = "demo";
    std::string commit; ///< that a spec names, which a name means first
    bool raw = false, no_fold_ln = false, no_center_writing = false, no_center_unembed = false,
         no_fold_value_biases = false;
    std::string dtype;

    void add(CLI::App &app, bool with_processing = true);
    ModelRef ref() const;
    /// See model_folder().
    std::filesystem::path folder() const;
    /// Where its tokenizer is: a folder, which need not hold a model, or a tokenizer's file.
    std::filesystem::path tokenizer_place() const;
};

struct TaskOptions {
    TaskRef task;
    std::string named = "ioi"; ///< --task: of those that come with the program, or a file
    std::string batch, pairs;

    void add(CLI::App &app);
    TaskRef ref() const;
    /// Whether --task or --task-file names one.
    bool chosen() const { return named != "ioi" || !task.file.empty(); }
    /// What --task and --task-file name, or the usual task of a model: its kind, and its own number of prompts and seed
    /// where nobody gave one. Throws UsageError.
    void choose_for(const ModelOptions &model);
    /// Tasks by their names or files, with what else was chosen; a JSONL or CSV file holds prompt pairs. Throws
    /// UsageError.
    std::vector<TaskRef> each(const std::vector<std::string> &names) const;
    /// The task's own options only: nothing is read from --batch or --pairs.
    void add_generator(CLI::App &app);

private:
    void take(const TaskRef &chosen);

    CLI::App *m_app = nullptr;
};

struct ResourceOptions {
    int threads = 0;
    std::string device = "cpu";
    std::string precision = "auto";
    std::string memory_budget = "auto";

    void add(CLI::App &app);
    /// Also sets the number of threads of this process. Throws UsageError.
    Resources apply() const;
};

struct OutputOptions {
    std::string out;
    bool json = false, quiet = false;

    /// what: what --out gets, for the help; empty: no --out.
    void add(CLI::App &app, const std::string &what);
    bool wanted() const { return !out.empty(); }
    /// Before a long computation: throws UsageError for an extension that cannot be written, Error for a folder that is
    /// not there.
    void check() const;
};

/// --bos of texts, into a variable that outlives the parser.
CLI::Option *add_bos(CLI::App &app, Bos &bos);

/// "1GB", "512 MiB", "2000000": bytes. Throws Error.
size_t parse_bytes(const std::string &text);

} // namespace patchbay::cli
