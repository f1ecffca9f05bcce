// What is in a project.
#include "project/detail/encoding.h"
#include "project/detail/project_impl.h"

#include "base/json_field.h"

namespace patchbay {

using detail::Statement;

namespace detail {

std::optional<RunResult> read_result(const Database &database, int64_t run, const std::string &place)
{
    Statement row = database.prepare("SELECT frame, ending FROM run WHERE id = ?1");
    row.bind(1, run);
    if (!row.step() || row.is_null(0))
        return std::nullopt;
    RunResult result = frame_of_bytes(row.bytes(0), place);
    Statement chunks =
        database.prepare(std::string("SELECT ") + cells_columns + " FROM cells WHERE run = ?1 ORDER BY id");
    chunks.bind(1, run);
    while (chunks.step()) {
        Cells event = cells_of_row(chunks, 0, place);
        check_cells(event, result, place);
        if (all_known(event, result)) // a run that went on tells of the cells that it had
            event.flops = 0;
        apply(result, event);
    }
    if (!row.is_null(1))
        apply(result, Done{end_of_bytes(row.bytes(1), place)});
    return result;
}

} // namespace detail

std::vector<ProjectRun> Project::runs(std::vector<std::string> *problems) const
{
    std::vector<ProjectRun> out;
    Statement row =
        m->database->prepare(std::string("SELECT id, ") + detail::run_columns + " FROM run ORDER BY id DESC");
    while (row.step()) {
        try {
            out.push_back(detail::run_of_row(row, m->place("run " + std::to_string(row.integer(0)))));
        } catch (const Error &error) {
            if (problems)
                problems->push_back(error.what());
        }
    }
    return out;
}

std::optional<RunResult> Project::result(int64_t run) const
{
    return detail::read_result(*m->database, run, m->place("run " + std::to_string(run)));
}

RunIntervals Project::intervals(int64_t run) const
{
    Statement row = m->database->prepare("SELECT intervals FROM run WHERE id = ?1");
    row.bind(1, run);
    if (!row.step() || row.is_null(0))
        return {};
    return detail::intervals_of_bytes(row.bytes(0), m->place("run " + std::to_string(run)));
}

std::string Project::thumbnail(int64_t run) const
{
    Statement row = m->database->prepare("SELECT thumbnail FROM run WHERE id = ?1");
    row.bind(1, run);
    if (!row.step())
        return {};
    return detail::string_of(row.bytes(0));
}

std::vector<ModelRef> Project::models() const
{
    std::vector<ModelRef> out;
    Statement row = m->database->prepare("SELECT reference FROM model ORDER BY rowid");
    while (row.step())
        out.push_back(detail::model_of_text(row.text(0), m->place("models")));
    return out;
}

std::vector<ProjectTask> Project::tasks() const
{
    std::vector<ProjectTask> out;
    Statement row = m->database->prepare("SELECT reference, pairs FROM task ORDER BY rowid");
    while (row.step())
        out.push_back(
            {detail::task_of_text(row.text(0), m->place("tasks")), parse_json(row.text(1), m->place("tasks"))});
    return out;
}

std::vector<ProjectCircuit> Project::circuits() const
{
    std::vector<ProjectCircuit> out;
    Statement row = m->database->prepare("SELECT name, kind, model, body FROM circuit ORDER BY rowid");
    while (row.step())
        out.push_back({row.text(0), row.text(1), row.text(2), parse_json(row.text(3), m->place("circuits"))});
    return out;
}

std::vector<ProjectSeries> Project::series() const
{
    std::vector<ProjectSeries> out;
    Statement row = m->database->prepare("SELECT folder, body FROM series ORDER BY rowid");
    while (row.step())
        out.push_back({row.text(0), parse_json(row.text(1), m->place("series"))});
    return out;
}

std::optional<std::string> Project::state(const std::string &name) const
{
    Statement row = m->database->prepare("SELECT value FROM state WHERE name = ?1");
    row.bind(1, name);
    if (!row.step())
        return std::nullopt;
    return detail::string_of(row.bytes(0));
}

std::map<std::string, std::string> Project::states() const
{
    std::map<std::string, std::string> out;
    Statement row = m->database->prepare("SELECT name, value FROM state");
    while (row.step())
        out[row.text(0)] = detail::string_of(row.bytes(1));
    return out;
}

std::vector<ProjectNote> Project::notes() const
{
    std::vector<ProjectNote> out;
    if (m->schema < 2)
        return out;
    Statement row = m->database->prepare("SELECT kind, subject, text, changed FROM note ORDER BY kind, subject");
    while (row.step())
        out.push_back({row.text(0), row.text(1), row.text(2), row.text(3)});
    return out;
}

std::vector<HistoryEntry> Project::history() const
{
    std::vector<HistoryEntry> out;
    if (m->schema < 2)
        return out;
    Statement row = m->database->prepare("SELECT id, time, sentence, command, run FROM history ORDER BY id");
    while (row.step())
        out.push_back({row.integer(0), row.text(1), row.text(2), row.text(3), row.is_null(4) ? -1 : row.integer(4)});
    return out;
}

} // namespace patchbay
