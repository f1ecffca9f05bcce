// Going on with a recipe in a folder: which of what lies there is this recipe's, and whole.
#include "analysis/recipe.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/sha256.h"
#include "io/array_files.h"
#include "io/folder_lock.h"

#include <algorithm>

namespace patchbay {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const json &member(const json &object, const char *key)
{
    static const json none;
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() ? none : *found;
}

} // namespace

bool RecipeRun::follows(size_t step)
{
    for (const std::string &id : m_recipe.steps[step].needs)
        if (outcome_of(id).state == StepState::Pending)
            return false;
    if (m_recipe.steps[step].kind != StepKind::Run)
        return true;
    try {
        return m_known.find(spec(step)) != nullptr;
    } catch (const NothingToDo &) {
        return true;
    } catch (const std::exception &) {
        return false; // it will say what is wrong when it runs
    }
}

std::vector<RecipeRun::Found> RecipeRun::take_over(const json &index, size_t again, const Note &note)
{
    std::vector<Found> found(m_recipe.steps.size());
    for (const json &entry : member(index, "steps")) {
        const std::string id = text_or_empty(entry, "id"), file = text_or_empty(entry, "file");
        const auto step = std::find_if(m_recipe.steps.begin(), m_recipe.steps.end(),
                                       [&](const RecipeStep &one) { return one.id == id; });
        const size_t i = size_t(step - m_recipe.steps.begin());
        // Steps without a run are made again from the others.
        if (file.empty() || i >= std::min(again, m_recipe.steps.size()) || step->kind != StepKind::Run)
            continue;
        const fs::path path = m_folder / fs::path(file).filename();
        try {
            const std::string hash = sha256_of_files({path});
            if (hash != text_or_empty(entry, "sha256"))
                throw Error(path.string(), "is not as it was written");
            found[i].result = std::make_shared<const RunResult>(load_result(path));
            if (const std::string reason = m_known.foreign(*found[i].result); !reason.empty())
                throw Error(path.string(), reason);
            m_known.keep(found[i].result);
            if (path.filename() == file_of(i))
                found[i].hash = hash;
        } catch (const Error &error) {
            found[i] = {};
            note(std::string(error.what()) + "; step \"" + id + "\" is computed again");
        }
    }
    return found;
}

json RecipeRun::index_in(const fs::path &folder, const Note &note, const std::string &instead) const
{
    const fs::path file = folder / "recipe.json";
    if (std::error_code ignored; !fs::exists(file, ignored))
        return nullptr;
    json index;
    try {
        index = read_json_file(file);
        if (text_or_empty(index, "format") != "patchbay-recipe-run")
            throw Error(file.string(), "is not the outcome of a recipe");
    } catch (const Error &error) {
        note(std::string(error.what()) + "; every step is computed again");
        return nullptr;
    }
    const auto refuse = [&](const std::string &what) {
        throw Error(folder.string(),
                    "holds results of another " + what + "; name another folder"
                        + (instead.empty() ? "" : ", or " + instead));
    };
    if (const std::string recipe = text_or_empty(member(index, "recipe"), "name"); recipe != m_recipe.name)
        refuse("recipe, " + in_quotes(recipe));
    if (text_or_empty(member(index, "model"), "sha256") != m_session.model().trust().sha256)
        refuse("model, " + in_quotes(text_or_empty(member(index, "model"), "path")));
    const std::string prompts = text_or_empty(member(index, "task"), "sha256");
    if (prompts.empty() || m_task.sha256.empty() ? member(index, "task") != json(to_json(m_task))
                                                 : prompts != m_task.sha256)
        refuse("task, or of other prompts");
    return index;
}

void RecipeRun::keep_in(const fs::path &folder, const Note &note, size_t again, const CancelToken &cancel)
{
    m_session.baseline(cancel);
    make_folder(folder);
    std::error_code failed;
    const std::shared_ptr<const void> lock = lock_folder(folder);
    const fs::path parts = folder / "parts";
    remove_leftovers(folder);
    remove_leftovers(parts);
    const json index = again > 0 ? index_in(folder, note, "have all of it computed again (--from 1)") : json();
    if (again < m_recipe.steps.size())
        fs::remove_all(parts, failed);
    json timings;
    try {
        timings = read_json_file(folder / "timings.json");
    } catch (const Error &) {
        // Nothing rests on them.
    }
    m_lock = lock;
    m_folder = folder;
    m_known.keep_in(parts, note);
    const std::vector<Found> found = take_over(index, again, note);
    m_folder.clear(); // the index names what was found until all of it is taken over
    // In order: what a step found decides what later ones are.
    for (size_t i = 0; !index.is_null() && i < std::min(again, m_recipe.steps.size()); ++i) {
        if (!follows(i)) {
            if (found[i].result)
                note((folder / file_of(i)).string() + ": is of another specification; step \"" + m_recipe.steps[i].id
                     + "\" is computed again");
            continue;
        }
        run(i);
        StepOutcome &outcome = m_outcomes[i];
        outcome.kept = true;
        const json &seconds = member(member(timings, "seconds"), m_recipe.steps[i].id.c_str());
        if (seconds.is_number())
            outcome.seconds = seconds.get<double>();
        if (found[i].result && outcome.result && found[i].result->spec == outcome.result->spec)
            m_hashes[i] = found[i].hash;
    }
    m_folder = folder;
    for (size_t i = 0; i < m_outcomes.size(); ++i)
        if (m_outcomes[i].kept)
            write_result(i);
    write_index(m_folder, m_hashes);
    // Steps that the recipe does not have any more.
    for (const json &entry : member(index, "steps")) {
        const fs::path file = fs::path(text_or_empty(entry, "file")).filename();
        bool ours = file.empty();
        for (size_t i = 0; i < m_recipe.steps.size(); ++i)
            ours = ours || file == file_of(i);
        if (!ours)
            fs::remove(m_folder / file, failed);
    }
    remove_parts();
}

} // namespace patchbay
