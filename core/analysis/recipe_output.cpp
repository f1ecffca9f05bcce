// A recipe's results as a folder: written when asked for, or step by step as they come.
#include "analysis/recipe.h"

#include "base/error.h"
#include "base/sha256.h"
#include "io/array_files.h"
#include "io/folder_lock.h"

namespace patchbay {

namespace fs = std::filesystem;

std::string RecipeRun::file_of(size_t step) const
{
    return (step < 9 ? "0" : "") + std::to_string(step + 1) + "-" + m_recipe.steps[step].id + ".safetensors";
}

void RecipeRun::write_index(const fs::path &folder, const std::vector<std::string> &hashes) const
{
    nlohmann::ordered_json index{{"format", "patchbay-recipe-run"}, {"version", 1}, {"recipe", to_json(m_recipe)}};
    index["program_version"] = program_version();
    const TrustReport &trust = m_session.model().trust();
    index["model"] = {{"path", m_model.path}, {"sha256", trust.sha256}};
    if (!trust.commit.empty())
        index["model"]["commit"] = trust.commit;
    index["task"] = to_json(m_task);
    index["prompts"] = m_session.batch().prompts;
    index["steps"] = nlohmann::ordered_json::array();
    nlohmann::ordered_json seconds = nlohmann::ordered_json::object();
    for (size_t i = 0; i < m_recipe.steps.size(); ++i) {
        const RecipeStep &step = m_recipe.steps[i];
        const StepOutcome &outcome = m_outcomes[i];
        // A step that is on its way may be cut off at any time: for whoever reads this it is still to be run.
        const StepState state = outcome.state == StepState::Running ? StepState::Pending : outcome.state;
        nlohmann::ordered_json entry{
            {"id", step.id},        {"title", step.title},        {"note", step.note},
            {"state", name(state)}, {"message", outcome.message}, {"caption", outcome.caption}};
        if (outcome.result && !hashes[i].empty()) {
            entry["file"] = file_of(i);
            entry["sha256"] = hashes[i];
            entry["spec"] = to_json(outcome.result->spec);
            if (!outcome.result->summary.is_null())
                entry["summary"] = outcome.result->summary;
        }
        if (step.body.contains("view"))
            entry["view"] = step.body.at("view");
        index["steps"].push_back(std::move(entry));
        if (state == StepState::Done || state == StepState::Nothing || state == StepState::Failed)
            seconds[step.id] = outcome.seconds;
    }
    write_file(folder / "recipe.json", index.dump(1) + "\n");
    write_file(
        folder / "timings.json",
        nlohmann::ordered_json{{"format", "patchbay-recipe-timings"}, {"version", 1}, {"seconds", seconds}}.dump(1)
            + "\n");
}

void RecipeRun::save(const fs::path &folder) const
{
    make_folder(folder);
    const std::shared_ptr<const void> lock = folder == m_folder ? m_lock : lock_folder(folder);
    index_in(folder, [](const std::string &) {}, {}); // what cannot be read is written anew
    std::vector<std::string> hashes(m_outcomes.size());
    for (size_t i = 0; i < m_outcomes.size(); ++i)
        if (m_outcomes[i].result) {
            save_result(folder / file_of(i), *m_outcomes[i].result);
            hashes[i] = sha256_of_files({folder / file_of(i)});
        }
    write_index(folder, hashes);
}

void RecipeRun::write_result(size_t step)
{
    const StepOutcome &outcome = m_outcomes[step];
    if (!m_hashes[step].empty())
        return;
    if (!outcome.result) { // what an earlier run of it has left is not its own
        std::error_code ignored;
        fs::remove(m_folder / file_of(step), ignored);
        return;
    }
    save_result(m_folder / file_of(step), *outcome.result);
    m_hashes[step] = sha256_of_files({m_folder / file_of(step)});
}

// The step's file first, then the index that names it, then away with its parts: whenever this is cut off, what was
// computed lies in one of the two.
void RecipeRun::write_step(size_t step)
{
    write_result(step);
    write_index(m_folder, m_hashes);
    if (m_outcomes[step].result && m_recipe.steps[step].kind == StepKind::Run)
        m_known.remove_files(m_outcomes[step].result->spec);
    remove_parts();
}

void RecipeRun::remove_parts()
{
    for (const StepOutcome &one : m_outcomes)
        if (one.state == StepState::Pending)
            return; // it may use what an analysis has computed for itself
    m_known.remove_files();
}

} // namespace patchbay
