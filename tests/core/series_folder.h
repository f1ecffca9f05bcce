// A series as if it had been computed: made results of a model of two layers with two heads on four prompts.
#pragma once

#include "analysis/series_results.h"
#include "base/sha256.h"
#include "io/array_files.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>

namespace patchbay::test {

/// The restored share of the gap of each head, or nothing: the step is a gap.
using Shares = std::vector<double>;

inline RunResult made_result(const Shares &shares, double gap, const std::vector<std::string> &roles = {})
{
    RunResult result;
    result.spec.method = ActPatch();
    result.spec.task.kind = "batch";
    result.spec.task.file = "batch.safetensors";
    const std::vector<float> noise{-0.25f, 0.25f, -0.125f, 0.125f};
    for (const float each : noise) {
        result.baseline.clean.push_back(float(gap / 2) + each);
        result.baseline.flipped.push_back(float(-gap / 2) + each);
    }
    result.baseline.clean_rank0 = result.baseline.flipped_rank0 = {1, 1, 0, 0};
    result.baseline.clean_mean = gap / 2;
    result.baseline.flipped_mean = -gap / 2;
    result.baseline.accuracy_clean = gap > 0.5 ? 1 : 0.5;
    Grid grid;
    grid.name = "denoise.z";
    grid.axes = {"layer", "head"};
    grid.shape = {2, 2};
    grid.prompts = 4;
    for (const double share : shares) {
        for (size_t p = 0; p < noise.size(); ++p)
            grid.per_prompt.push_back(result.baseline.flipped[p] + float(share * gap) * (1 + noise[p]));
        grid.state.push_back(CellState::Exact);
    }
    result.grids.push_back(std::move(grid));
    if (!roles.empty())
        for (size_t i = 0; i < roles.size(); ++i)
            if (!roles[i].empty())
                result.summary["roles"].push_back({{"head", dotted({int(i / 2), int(i % 2)})},
                                                   {"role", roles[i]},
                                                   {"evidence", nlohmann::json::array()}});
    result.model_sha256 = "ab";
    result.version = program_version();
    result.complete = true;
    return result;
}

class SeriesFolder {
public:
    struct Step {
        std::string name;
        std::optional<RunResult> result; ///< none: a gap
        std::optional<TaskRef> task = {};
    };
    explicit SeriesFolder(const std::vector<Step> &steps)
    {
        nlohmann::ordered_json spec = to_json(RunSpec{});
        nlohmann::ordered_json index{{"format", series_format}, {"version", 1}, {"program_version", program_version()}};
        index["model"] = spec.at("model");
        RunSpec of =
            steps.empty() || !steps.front().result ? made_result({0, 0, 0, 0}, 1).spec : steps.front().result->spec;
        index["spec"] = to_json(of);
        index["spec"].erase("model");
        index["steps"] = nlohmann::ordered_json::array();
        for (const Step &step : steps) {
            nlohmann::ordered_json entry{{"name", step.name}, {"model", "nowhere/" + step.name}};
            entry["state"] = step.result ? "done" : "gap";
            if (step.result) {
                const std::string file = step.name + ".safetensors";
                save_result(path() / file, *step.result);
                entry["file"] = file;
                entry["sha256"] = sha256_of_files({path() / file});
            } else {
                entry["reason"] = "its weights are broken";
            }
            if (step.task)
                entry["task"] = to_json(*step.task);
            index["steps"].push_back(entry);
        }
        write_file(path() / series_index, index.dump(1));
    }
    std::filesystem::path path() const { return m_folder.path().toStdString(); }

private:
    QTemporaryDir m_folder;
};

} // namespace patchbay::test
