// What happens, as rows.
#include "project/detail/encoding.h"
#include "project/detail/project_impl.h"

#include <algorithm>

namespace patchbay {

using detail::Statement;

namespace {

bool same_grids(const RunResult &a, const RunResult &b)
{
    return std::equal(a.grids.begin(), a.grids.end(), b.grids.begin(), b.grids.end(), [](const Grid &x, const Grid &y) {
        return x.name == y.name && x.shape == y.shape && x.prompts == y.prompts;
    });
}

void add_cells(const detail::Database &database, int64_t run, const Cells &event)
{
    if (event.cells.empty())
        return;
    // A run that was taken away while it was stopped tells of a last chunk.
    Statement row =
        database.prepare("INSERT INTO cells (run, grid, exact, cells, per_prompt, estimates, flops, seconds)"
                         " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM run WHERE id = ?1)");
    row.bind(1, run).bind(2, event.grid).bind(3, event.state == CellState::Exact);
    row.blob(4, detail::bytes_of(event.cells)).blob(5, detail::bytes_of(event.per_prompt));
    row.blob(6, detail::bytes_of(event.estimates)).bind(7, event.flops).bind(8, event.seconds);
    row.run();
}

void set_blob(const detail::Database &database, const char *column, int64_t run, const std::string &bytes)
{
    database.prepare(std::string("UPDATE run SET ") + column + " = ?2 WHERE id = ?1")
        .bind(1, run)
        .blob(2, detail::bytes_of(bytes))
        .run();
}

/// The cells of one state of a grid as one event.
Cells cells_of(const Grid &grid, int index, CellState state, double seconds)
{
    Cells event;
    event.grid = index;
    event.state = state;
    event.seconds = seconds;
    const bool exact = state == CellState::Exact;
    event.flops = exact ? grid.flops : 0;
    for (int cell = 0; cell < grid.cells(); ++cell) {
        const bool estimated = !grid.estimate.empty() && !std::isnan(grid.estimate[size_t(cell)]);
        if (exact ? grid.state[size_t(cell)] != state : !estimated)
            continue;
        event.cells.push_back(cell);
        if (!exact)
            event.estimates.push_back(grid.estimate[size_t(cell)]);
        if (exact || grid.state[size_t(cell)] == state)
            event.per_prompt.insert(event.per_prompt.end(), grid.cell(cell).begin(), grid.cell(cell).end());
    }
    // Attribution has values of estimates, for all of them or none.
    if (!exact && event.per_prompt.size() != event.cells.size() * size_t(grid.prompts))
        event.per_prompt.clear();
    return event;
}

} // namespace

void Project::put(const ProjectRun &run)
{
    m->write([&] {
        Statement row = m->database->prepare(
            "INSERT INTO run (id, name, spec, state, message, started, pinned, live, done, total)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            " ON CONFLICT (id) DO UPDATE SET name = ?2, spec = ?3, state = ?4, message = ?5, started = ?6, pinned = ?7,"
            " live = ?8, done = ?9, total = ?10");
        row.bind(1, run.id).bind(2, run.name).bind(3, to_json(run.spec).dump()).bind(4, run.state);
        row.bind(5, run.message).bind(6, run.started).bind(7, run.pinned).bind(8, run.live);
        row.bind(9, run.done).bind(10, run.total).run();
    });
}

void Project::hear(int64_t run, const Event &event)
{
    if (const Started *started = std::get_if<Started>(&event)) {
        m->write([&] {
            Statement before = m->database->prepare("SELECT frame FROM run WHERE id = ?1");
            before.bind(1, run);
            bool goes_on = false;
            if (before.step() && !before.is_null(0)) {
                try {
                    goes_on = same_grids(detail::frame_of_bytes(before.bytes(0), m->path.string()), started->result);
                } catch (const Error &) { // damaged: it begins anew
                }
            }
            if (!goes_on)
                m->database->prepare("DELETE FROM cells WHERE run = ?1").bind(1, run).run();
            set_blob(*m->database, "frame", run, detail::bytes_of_frame(started->result));
            m->database->prepare("UPDATE run SET ending = NULL, intervals = NULL WHERE id = ?1").bind(1, run).run();
        });
    } else if (const Cells *cells = std::get_if<Cells>(&event)) {
        m->write([&] { add_cells(*m->database, run, *cells); });
    } else if (const Done *done = std::get_if<Done>(&event)) {
        if (const RunEnd *end = std::get_if<RunEnd>(&done->reply))
            m->write([&] { set_blob(*m->database, "ending", run, detail::bytes_of_end(*end)); });
    }
}

void Project::put_result(int64_t run, const RunResult &result)
{
    together([&] {
        m->database->prepare("DELETE FROM cells WHERE run = ?1").bind(1, run).run();
        RunResult frame = result;
        frame.arrays.clear(); // come with the end
        frame.summary = nullptr;
        set_blob(*m->database, "frame", run, detail::bytes_of_frame(frame));
        for (size_t g = 0; g < result.grids.size(); ++g)
            for (const CellState state : {CellState::Estimated, CellState::Exact})
                add_cells(*m->database, run, cells_of(result.grids[g], int(g), state, result.first_exact_seconds));
        RunEnd end;
        end.complete = result.complete;
        end.seconds = result.seconds;
        end.arrays = result.arrays;
        end.summary = result.summary;
        set_blob(*m->database, "ending", run, detail::bytes_of_end(end));
    });
}

void Project::put_intervals(int64_t run, const RunIntervals &intervals)
{
    m->write([&] { set_blob(*m->database, "intervals", run, detail::bytes_of_intervals(intervals)); });
}

void Project::put_thumbnail(int64_t run, const std::string &png)
{
    m->write([&] { set_blob(*m->database, "thumbnail", run, png); });
}

void Project::remove_run(int64_t run)
{
    m->write([&] {
        m->database->prepare("DELETE FROM cells WHERE run = ?1").bind(1, run).run();
        m->database->prepare("DELETE FROM run WHERE id = ?1").bind(1, run).run();
        m->database->prepare("DELETE FROM note WHERE kind = 'run' AND subject = ?1").bind(1, std::to_string(run)).run();
    });
}

void Project::put(const ModelRef &model)
{
    m->write([&] {
        m->database
            ->prepare("INSERT INTO model (key, reference) VALUES (?1, ?2)"
                      " ON CONFLICT (key) DO UPDATE SET reference = ?2")
            .bind(1, model.sha256.empty() ? model.path : model.sha256)
            .bind(2, to_json(model).dump())
            .run();
    });
}

void Project::put(const ProjectTask &task)
{
    m->write([&] {
        const std::string reference = to_json(task.task).dump();
        m->database
            ->prepare("INSERT INTO task (key, reference, pairs) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT (key) DO UPDATE SET reference = ?2, pairs = ?3")
            .bind(1, task.task.sha256.empty() ? reference : task.task.sha256)
            .bind(2, reference)
            .bind(3, task.pairs.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
            .run();
    });
}

void Project::put(const ProjectCircuit &circuit)
{
    m->write([&] {
        m->database
            ->prepare("INSERT INTO circuit (name, kind, model, body) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (name, kind, model) DO UPDATE SET body = ?4")
            .bind(1, circuit.name)
            .bind(2, circuit.kind)
            .bind(3, circuit.model)
            .bind(4, circuit.body.dump())
            .run();
    });
}

void Project::remove(const ProjectCircuit &circuit)
{
    m->write([&] {
        m->database->prepare("DELETE FROM circuit WHERE name = ?1 AND kind = ?2 AND model = ?3")
            .bind(1, circuit.name)
            .bind(2, circuit.kind)
            .bind(3, circuit.model)
            .run();
    });
}

void Project::put(const ProjectSeries &series)
{
    m->write([&] {
        m->database
            ->prepare("INSERT INTO series (folder, body) VALUES (?1, ?2)"
                      " ON CONFLICT (folder) DO UPDATE SET body = ?2")
            .bind(1, series.folder)
            .bind(2, series.body.dump())
            .run();
    });
}

void Project::put_state(const std::string &name, const std::string &value)
{
    m->write([&] {
        m->database
            ->prepare("INSERT INTO state (name, value) VALUES (?1, ?2)"
                      " ON CONFLICT (name) DO UPDATE SET value = ?2")
            .bind(1, name)
            .blob(2, detail::bytes_of(value))
            .run();
    });
}

void Project::put(const ProjectNote &note)
{
    m->write([&] {
        if (note.text.empty()) {
            m->database->prepare("DELETE FROM note WHERE kind = ?1 AND subject = ?2")
                .bind(1, note.kind)
                .bind(2, note.subject)
                .run();
            return;
        }
        m->database
            ->prepare("INSERT INTO note (kind, subject, text, changed) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (kind, subject) DO UPDATE SET text = ?3, changed = ?4")
            .bind(1, note.kind)
            .bind(2, note.subject)
            .bind(3, note.text)
            .bind(4, note.changed)
            .run();
    });
}

void Project::add(const HistoryEntry &entry)
{
    m->write([&] {
        Statement row =
            m->database->prepare("INSERT INTO history (time, sentence, command, run) VALUES (?1, ?2, ?3, ?4)");
        row.bind(1, entry.time).bind(2, entry.sentence).bind(3, entry.command);
        entry.run < 0 ? row.null(4) : row.bind(4, entry.run);
        row.run();
    });
}

} // namespace patchbay
