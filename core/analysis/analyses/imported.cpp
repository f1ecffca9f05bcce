// Numbers of heads and layers that another program computed, beside those that are computed here.
#include "analysis/detail/readings.h"
#include "analysis/foreign_numbers.h"

namespace patchbay {

using namespace detail;

namespace {

void run_imported(AnalysisRun &run)
{
    const ModelConfig &c = run.config();
    const std::string file = parameter_text(run.analysis, "file", "");
    const ForeignNumbers found = numbers_of_model(read_any_arrays(file), c.n_layers, c.n_heads, run.in.batch.prompts);
    if (found.heads.empty() && found.layers.empty()) {
        std::string all;
        for (const std::string &one : found.left_out)
            all += (all.empty() ? ": " : ", ") + one;
        throw Error(file,
                    "has no numbers of this model's " + std::to_string(c.n_layers) + " layers of "
                        + std::to_string(c.n_heads) + " heads" + all);
    }
    for (const auto &[name, array] : found.heads)
        run.result.arrays["imported." + name] = array;
    for (const auto &[name, array] : found.layers)
        run.result.arrays["imported.layers." + name] = array;
    run.result.summary["left_out"] = found.left_out;
    run.progress(1, 1);
}

std::string describe_imported(const Analysis &analysis)
{
    const std::string file = parameter_text(analysis, "file", "");
    return "Numbers of another program, read from " + file.substr(file.find_last_of('/') + 1)
        + ", as they stand there; of numbers with prompts the mean over them.";
}

} // namespace

const AnalysisInfo &declared::imported()
{
    static const AnalysisInfo info{
        .name = "imported",
        .title = "Imported numbers",
        .tip = "Numbers of heads or layers that another program computed, from its file",
        .any_metric = true,
        .parameters = {{"file",
                        Parameter::Kind::File,
                        "a .pt, .safetensors, .npz or .json file with arrays [layers, heads], [layers, heads, prompts] "
                        "or [layers]",
                        {},
                        true}},
        .yields = {{"imported.layers.", "Imported numbers", "imported numbers", "", "Imported numbers",
                    Quantity::Draw::Layers},
                   {"imported.", "Imported numbers", "imported numbers", "", "Imported numbers"}},
        .describe = describe_imported,
        .run = run_imported};
    return info;
}

} // namespace patchbay
