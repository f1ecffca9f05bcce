// A recipe's results as a folder.
#include "analysis/recipe.h"

#include "base/error.h"
#include "io/array_files.h"

namespace patchbay {

void RecipeRun::save(const std::filesystem::path &folder) const
{
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        throw Error(folder.string(), "cannot be created: " + failed.message());
    nlohmann::ordered_json index{{"format", "patchbay-recipe-run"}, {"version", 1}, {"recipe", to_json(m_recipe)}};
    index["program_version"] = program_version();
    index["model"] = {{"path", m_model.path}, {"sha256", m_session.model().trust().sha256}};
    index["task"] = to_json(m_task);
    index["prompts"] = m_session.batch().prompts;
    index["steps"] = nlohmann::ordered_json::array();
    for (size_t i = 0; i < m_recipe.steps.size(); ++i) {
        const RecipeStep &step = m_recipe.steps[i];
        const StepOutcome &outcome = m_outcomes[i];
        nlohmann::ordered_json entry{{"id", step.id},
                                     {"title", step.title},
                                     {"note", step.note},
                                     {"state", name(outcome.state)},
                                     {"message", outcome.message},
                                     {"caption", outcome.caption},
                                     {"seconds", outcome.seconds}};
        if (outcome.result) {
            const std::string file = (i < 9 ? "0" : "") + std::to_string(i + 1) + "-" + step.id + ".safetensors";
            save_result(folder / file, *outcome.result);
            entry["file"] = file;
            entry["spec"] = to_json(outcome.result->spec);
            if (!outcome.result->summary.is_null())
                entry["summary"] = outcome.result->summary;
        }
        if (step.body.contains("view"))
            entry["view"] = step.body.at("view");
        index["steps"].push_back(std::move(entry));
    }
    write_file(folder / "recipe.json", index.dump(1) + "\n");
}

} // namespace patchbay
