#include "analysis/series_results.h"

#include "analysis/series_measures.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "base/sha256.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

RunResultPtr load(const fs::path &file, double least_gap)
{
    RunResult result = load_result(file);
    if (info(result.baseline.metric).unit == std::string_view("logits"))
        result.baseline.least_gap = least_gap;
    return std::make_shared<const RunResult>(std::move(result));
}

/// Its results by the ids of the recipe's steps.
std::map<std::string, RunResultPtr> recipe_results(const fs::path &folder, double least_gap, const CancelToken &cancel)
{
    std::map<std::string, RunResultPtr> out;
    const json index = read_json_file(folder / "recipe.json");
    if (!index.is_object() || !index.contains("steps") || !index.at("steps").is_array())
        throw Error((folder / "recipe.json").string(), "is not the outcome of a recipe");
    for (const json &entry : index.at("steps")) {
        cancel.check();
        const std::string id = text_or_empty(entry, "id"), file = text_or_empty(entry, "file");
        if (!id.empty() && !file.empty())
            out[id] = load(folder / fs::path(file).filename(), least_gap);
    }
    return out;
}

void read_step(SeriesStepResult &step, const fs::path &folder, const std::string &file, bool recipe, double least_gap,
               const CancelToken &cancel)
{
    const fs::path path = folder / fs::path(file).filename();
    try {
        if (sha256_of_files({recipe ? path / "recipe.json" : path}, cancel) != step.sha256)
            throw Error(path.string(), "is not as it was written; the same command computes it again");
        if (recipe)
            step.parts = recipe_results(path, least_gap, cancel);
        else
            step.parts[{}] = load(path, least_gap);
    } catch (const Error &error) {
        step.state = SeriesState::Gap;
        step.reason = error.what();
    }
}

void find_largest(SeriesResults &series)
{
    for (const SeriesPart &part : series.parts)
        for (const std::string &name : head_quantities(series, part.id))
            for (size_t i = 0; i < series.steps.size(); ++i) {
                const RunResultPtr result = series.result(i, part.id);
                if (!result || (!result->grid(name) && !result->arrays.contains(name)))
                    continue;
                const HeadQuantity of = quantity(*result, name);
                if (!result->grid(name) && blank_there(*result, name))
                    continue;
                double &largest = series.largest[part.id][of.unit];
                for (const double value : of.values)
                    largest = std::isfinite(value) ? std::max(largest, std::abs(value)) : largest;
            }
}

} // namespace

size_t SeriesResults::named(const std::string &step) const
{
    std::vector<std::string> names;
    for (size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].name == step)
            return i;
        names.push_back(steps[i].name);
    }
    throw Error(step, "is no step of the series; it has " + listed(names));
}

RunResultPtr SeriesResults::result(size_t step, const std::string &part) const
{
    const auto found = steps[step].parts.find(part);
    return found == steps[step].parts.end() ? nullptr : found->second;
}

bool is_series(const fs::path &folder)
{
    std::error_code ignored;
    return fs::exists(folder / series_index, ignored);
}

std::vector<double> step_numbers(const std::vector<std::string> &names)
{
    std::vector<double> numbers;
    for (const std::string &name : names) {
        const size_t last = name.find_last_of("0123456789");
        if (last == std::string::npos)
            return {};
        size_t first = last;
        while (first > 0 && is_digit(name[first - 1]))
            --first;
        const std::optional<double> number = parse_number(std::string_view(name).substr(first, last + 1 - first));
        if (!number || (!numbers.empty() && *number <= numbers.back()))
            return {};
        numbers.push_back(*number);
    }
    return numbers;
}

SeriesResults read_series(const fs::path &folder, const SeriesResults *known, double least_gap,
                          const CancelToken &cancel)
{
    const fs::path path = folder / series_index;
    if (!is_series(folder))
        throw Error(folder.string(), std::string("holds no ") + series_index + ": it is not the folder of a series");
    const json index = read_json_file(path);
    if (text_or_empty(index, "format") != series_format || !index.contains("steps") || !index.at("steps").is_array())
        throw Error(path.string(), "is not the index of a series");
    if (index.value("version", json()) != 1)
        throw Error(path.string(), "is of a version that this program does not read; it reads version 1");
    SeriesResults out;
    const bool recipe = index.contains("recipe");
    if (recipe) {
        const Recipe of = recipe_from_json(index.at("recipe"), path.string());
        out.title = of.title.empty() ? of.name : of.title;
        for (const RecipeStep &step : of.steps)
            out.parts.push_back({step.id, step.title});
    } else {
        if (!index.contains("spec") || !index.at("spec").is_object())
            throw Error(path.string(), "says neither which spec nor which recipe it is of");
        json spec = index.at("spec");
        spec["model"] = index.value("model", json::object());
        spec["model"]["path"] = "demo"; // each step has its own
        out.title = title(run_spec_from_json(spec));
        out.parts = {{"", out.title}};
    }
    std::vector<std::string> names;
    for (const json &entry : index.at("steps"))
        names.push_back(text_or_empty(entry, "name"));
    const std::vector<double> numbers = step_numbers(names);
    out.numbered = !numbers.empty();
    for (size_t i = 0; i < names.size(); ++i) {
        const json &entry = index.at("steps").at(i);
        SeriesStepResult step;
        step.name = names[i];
        step.model = text_or_empty(entry, "model");
        if (entry.contains("task")) {
            step.task = task_ref_from_json(entry.at("task"), path.string());
            out.side_by_side = out.side_by_side || (i > 0 && step.task != out.steps[0].task);
        }
        step.reason = text_or_empty(entry, "reason");
        step.sha256 = text_or_empty(entry, "sha256");
        step.number = out.numbered ? numbers[i] : double(i);
        const std::string state = text_or_empty(entry, "state");
        step.state = state == name(SeriesState::Done) ? SeriesState::Done
            : state == name(SeriesState::Gap)         ? SeriesState::Gap
                                                      : SeriesState::Pending;
        if (step.state == SeriesState::Done) {
            const auto same = [&](const SeriesStepResult &one) {
                return one.name == step.name && one.sha256 == step.sha256 && one.state == SeriesState::Done;
            };
            const auto before = known ? std::find_if(known->steps.begin(), known->steps.end(), same)
                                      : std::vector<SeriesStepResult>::const_iterator();
            if (known && before != known->steps.end())
                step.parts = before->parts;
            else
                read_step(step, folder, text_or_empty(entry, "file"), recipe, least_gap, cancel);
        }
        out.steps.push_back(std::move(step));
    }
    find_largest(out);
    return out;
}

} // namespace patchbay
