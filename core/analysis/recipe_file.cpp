// Recipes as files.
#include "analysis/recipe.h"

#include "base/data_dir.h"
#include "base/error.h"
#include "io/array_files.h"

#include <set>

namespace patchbay {

namespace {

using nlohmann::json;

const std::pair<const char *, StepKind> kinds[] = {{"baseline", StepKind::Baseline},
                                                   {"run", StepKind::Run},
                                                   {"select", StepKind::Select},
                                                   {"circuit", StepKind::Circuit}};

std::string text_field(const json &object, const char *key, const std::string &source, const std::string &where,
                       bool required)
{
    if (!object.contains(key)) {
        if (required)
            throw Error(source, where + " has no \"" + key + "\"");
        return {};
    }
    if (!object.at(key).is_string())
        throw Error(source, where + ": \"" + key + "\" must be text");
    return object.at(key).get<std::string>();
}

// Every {"from": "id"} in a step, wherever it stands.
void collect_needs(const json &value, std::vector<std::string> &needs)
{
    if (value.is_object() && value.contains("from") && value.at("from").is_string())
        needs.push_back(value.at("from").get<std::string>());
    if (value.is_structured())
        for (const auto &item : value.items())
            collect_needs(item.value(), needs);
}

RecipeStep read_step(const json &body, const std::string &source, const std::string &where)
{
    if (!body.is_object())
        throw Error(source, where + " must be an object");
    RecipeStep step;
    step.body = body;
    step.id = text_field(body, "id", source, where, true);
    step.title = text_field(body, "title", source, where, true);
    step.note = text_field(body, "note", source, where, false);
    const std::string kind = text_field(body, "kind", source, where, true);
    bool known = false;
    for (const auto &[name, value] : kinds)
        if (kind == name) {
            step.kind = value;
            known = true;
        }
    if (!known)
        throw Error(source, where + " is of kind \"" + kind + "\"; kinds are baseline, run, select and circuit");
    if (step.kind == StepKind::Run && (!body.contains("spec") || !body.at("spec").is_object()))
        throw Error(source, where + " has no \"spec\" to run");
    if (step.kind == StepKind::Select
        && (!body.contains("criteria") || !body.at("criteria").is_array() || body.at("criteria").empty()))
        throw Error(source, where + " has no \"criteria\" to select by");
    collect_needs(body, step.needs);
    return step;
}

} // namespace

Recipe recipe_from_json(const json &file, const std::string &source)
{
    if (!file.is_object() || file.value("format", std::string()) != "patchbay-recipe")
        throw Error(source, "is not a recipe: its \"format\" is not \"patchbay-recipe\"");
    if (file.value("version", 0) != 1)
        throw Error(source, "is of a version that this program does not read; it reads version 1");
    Recipe recipe;
    recipe.name = text_field(file, "name", source, "the recipe", true);
    recipe.title = text_field(file, "title", source, "the recipe", true);
    recipe.description = text_field(file, "description", source, "the recipe", false);
    if (!file.contains("steps") || !file.at("steps").is_array() || file.at("steps").empty())
        throw Error(source, "has no steps");
    std::set<std::string> seen;
    for (const json &body : file.at("steps")) {
        RecipeStep step = read_step(body, source, "step " + std::to_string(recipe.steps.size() + 1));
        for (const std::string &id : step.needs)
            if (!seen.contains(id))
                throw Error(source, "step \"" + step.id + "\" refers to \"" + id + "\", which is not an earlier step");
        if (!seen.insert(step.id).second)
            throw Error(source, "two steps are called \"" + step.id + "\"");
        recipe.steps.push_back(std::move(step));
    }
    return recipe;
}

Recipe load_recipe(const std::string &name_or_file)
{
    const bool by_name = name_or_file.find('/') == std::string::npos && name_or_file.find('.') == std::string::npos;
    const std::filesystem::path path =
        by_name ? data_path("recipes/" + name_or_file + ".json") : std::filesystem::path(name_or_file);
    const std::string text = read_file(path);
    json parsed;
    try {
        parsed = json::parse(text);
    } catch (const json::parse_error &e) {
        throw Error(path.string(), std::string("is not valid JSON: ") + e.what());
    }
    return recipe_from_json(parsed, path.string());
}

nlohmann::ordered_json to_json(const Recipe &recipe)
{
    nlohmann::ordered_json out{{"format", "patchbay-recipe"},
                               {"version", 1},
                               {"name", recipe.name},
                               {"title", recipe.title},
                               {"description", recipe.description}};
    out["steps"] = nlohmann::ordered_json::array();
    for (const RecipeStep &step : recipe.steps)
        out["steps"].push_back(nlohmann::ordered_json(step.body));
    return out;
}

std::vector<size_t> dependents(const Recipe &recipe, size_t step)
{
    std::vector<size_t> found;
    std::set<std::string> reached{recipe.steps.at(step).id};
    for (size_t i = step + 1; i < recipe.steps.size(); ++i)
        for (const std::string &id : recipe.steps[i].needs)
            if (reached.contains(id)) {
                found.push_back(i);
                reached.insert(recipe.steps[i].id);
                break;
            }
    return found;
}

std::vector<size_t> prerequisites(const Recipe &recipe, size_t step)
{
    std::vector<size_t> found;
    const auto &needs = recipe.steps.at(step).needs;
    std::set<std::string> wanted(needs.begin(), needs.end());
    for (size_t i = step; i-- > 0;)
        if (wanted.contains(recipe.steps[i].id)) {
            found.insert(found.begin(), i);
            wanted.insert(recipe.steps[i].needs.begin(), recipe.steps[i].needs.end());
        }
    return found;
}

std::string name(StepState state)
{
    switch (state) {
    case StepState::Pending:
        return "pending";
    case StepState::Running:
        return "running";
    case StepState::Done:
        return "done";
    case StepState::Nothing:
        return "nothing found";
    case StepState::Skipped:
        return "skipped";
    case StepState::Failed:
        break;
    }
    return "failed";
}

} // namespace patchbay
