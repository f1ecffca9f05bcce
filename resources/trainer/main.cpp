// Trains, evaluates and writes the demo model; see resources/demo-model/README.md.
#include "evaluation.h"
#include "export.h"
#include "report.h"
#include "training.h"

#include "base/error.h"
#include "io/array_files.h"
#include "text/tokenizer.h"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace {

using namespace patchbay;
using namespace patchbay::trainer;

/// The vocabulary was made so that each word is one token; what the program's own tokenizer makes of the file decides.
void check_tokenizer(const std::filesystem::path &file, const std::set<std::string> &words,
                     const Vocabulary &vocabulary)
{
    const auto tokenizer = Tokenizer::load(file);
    for (const std::string &word : words) {
        if (tokenizer->single(word) != vocabulary.id(word))
            throw Error(file.string(), "\"" + word + "\" is not one token");
    }
}

} // namespace

int main(int argc, char **argv)
{
    CLI::App app("Trains Patchbay's demo model and measures its circuit.");
    std::filesystem::path task = "resources/tasks/ioi.json", extra = "resources/trainer/sentences.json", out;
    std::filesystem::path checkpoints_folder, checkpoints_base;
    std::vector<int64_t> checkpoints;
    double precision = 0.035;
    bool evaluate_only = false;
    int64_t prompts = 400, threads = 1;
    NetworkConfig shape;
    TrainingConfig training;
    app.add_option("--task", task, "Task file")->capture_default_str();
    app.add_option("--sentences", extra, "Further training sentences")->capture_default_str();
    app.add_option("--out", out, "Folder for the model")->required();
    app.add_flag("--evaluate-only", evaluate_only, "Measure the model in that folder again");
    app.add_option("--checkpoints", checkpoints, "Keep the weights after so many steps too, such as 0,100,200")
        ->delimiter(',');
    app.add_option("--checkpoints-out", checkpoints_folder, "Folder for them; OUT/checkpoints unless given");
    app.add_option("--checkpoints-base", checkpoints_base,
                   "The model that the last of them is stored as differences to; that of OUT unless given");
    app.add_option("--checkpoints-precision", precision, "Of their weights, as a share of a row's root mean square")
        ->capture_default_str();
    app.add_option("--prompts", prompts, "Held-out prompts for the evaluation")->capture_default_str();
    app.add_option("--threads", threads, "Threads; the weights depend on it in the last digits")->capture_default_str();
    app.add_option("--layers", shape.layers, "Layers")->capture_default_str();
    app.add_option("--heads", shape.heads, "Heads a layer")->capture_default_str();
    app.add_option("--d-model", shape.d_model, "Width of the residual stream")->capture_default_str();
    app.add_option("--d-mlp", shape.d_mlp, "Width of the MLPs")->capture_default_str();
    app.add_option("--steps", training.steps, "Steps")->capture_default_str();
    app.add_option("--batch", training.batch, "Sentences a step")->capture_default_str();
    app.add_option("--lr", training.learning_rate, "Learning rate")->capture_default_str();
    app.add_option("--weight-decay", training.weight_decay, "Weight decay of the matrices")->capture_default_str();
    app.add_option("--end-weight", training.end_weight, "Weight of the loss at END of IOI prompts")
        ->capture_default_str();
    app.add_option("--suppression-cost", training.suppression_cost, "Cost of writing against the subject's name")
        ->capture_default_str();
    app.add_option("--mlp-dropout", training.mlp_dropout, "Share of the MLPs' hidden units left out in training")
        ->capture_default_str();
    app.add_option("--seed", training.seed, "Seed of weights and sentences")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    try {
        torch::set_num_threads(static_cast<int>(threads));
        const Sentences sentences(task, extra);
        const std::set<std::string> words = sentences.words();
        const Vocabulary vocabulary(words);
        shape.d_vocab = vocabulary.size();
        Network network(shape, training.seed);
        int64_t parameters = 0;
        for (const auto &[name, tensor] : network.parameters())
            parameters += tensor.numel();
        std::printf("%zu words, %lld tokens, %lld parameters\n", words.size(), static_cast<long long>(shape.d_vocab),
                    static_cast<long long>(parameters));
        if (!evaluate_only) {
            const std::set<int64_t> wanted(checkpoints.begin(), checkpoints.end());
            std::map<int64_t, ArrayMap> kept;
            train(network, sentences, vocabulary, training, [&](int64_t steps) {
                if (wanted.contains(steps))
                    kept[steps] = weights_now(network);
            });
            export_folder(out, network, vocabulary);
            if (!kept.empty())
                export_checkpoints(checkpoints_folder.empty() ? out / "checkpoints" : checkpoints_folder,
                                   checkpoints_base.empty() ? out : checkpoints_base, kept, precision);
        }
        import_weights(out, network); // what is measured is what the file holds, rounded
        check_tokenizer(out / "tokenizer.json", words, vocabulary);
        const Evaluation evaluation = evaluate(network, sentences, vocabulary, prompts, training.seed + 1);
        const std::string text = report(evaluation);
        write_file(out / "evaluation.md", text);
        std::printf("\n%s", text.c_str());
        const bool small =
            std::filesystem::file_size(out / "model.safetensors") <= 6'000'000; // it is part of the repository
        if (!small)
            std::printf("Not met: the weights take more than 6 MB\n");
        return small && shortcomings(evaluation).empty() ? 0 : 2;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "patchbay-train-demo: %s\n", e.what());
        return 1;
    }
}
