#include "project/detail/schema.h"

#include <iterator>

namespace patchbay::detail {

namespace {

// Step N makes version N + 1 of version N. A step that was released stays as it is; a change is another step.
constexpr const char *steps[] = {
    // 1: runs and what they are of.
    R"(
CREATE TABLE model (
    key TEXT PRIMARY KEY,     -- hash of the weights, or the path where none is known
    reference TEXT NOT NULL   -- as it stands in a spec
);
CREATE TABLE task (
    key TEXT PRIMARY KEY,     -- hash of the batch
    reference TEXT NOT NULL,  -- as it stands in a spec
    pairs TEXT NOT NULL       -- the prompts themselves, as in a file of pairs; [] for token ids
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,      -- waiting, running, done, stopped, failed
    message TEXT NOT NULL DEFAULT '',
    started TEXT NOT NULL,    -- ISO 8601
    pinned INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    frame BLOB,               -- safetensors: the result without cells
    ending BLOB,              -- safetensors: what the end of the run added
    intervals BLOB,           -- safetensors: half-widths and stabilities
    thumbnail BLOB            -- PNG
);
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,   -- in the order in which they came
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    grid INTEGER NOT NULL,
    exact INTEGER NOT NULL,   -- 0: estimates
    cells BLOB NOT NULL,      -- int32
    per_prompt BLOB NOT NULL, -- float32 [cells, prompts]
    estimates BLOB NOT NULL,  -- float32 [cells]
    flops REAL NOT NULL,
    seconds REAL NOT NULL
);
CREATE INDEX cells_of_run ON cells (run);
CREATE TABLE circuit (
    name TEXT NOT NULL,
    kind TEXT NOT NULL,       -- heads, edges
    model TEXT NOT NULL,
    body TEXT NOT NULL,       -- heads: their names; edges: EAP-IG's JSON
    PRIMARY KEY (name, kind, model)
);
CREATE TABLE series (folder TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL);
)",
    // 2: notes and history.
    R"(
CREATE TABLE note (
    kind TEXT NOT NULL,       -- run, head, edge, circuit, prompt, project
    subject TEXT NOT NULL,    -- a run's id, L9H6, a0.h1->a1.h2<q>, a circuit's name, a prompt's index
    text TEXT NOT NULL,
    changed TEXT NOT NULL,    -- ISO 8601
    PRIMARY KEY (kind, subject)
);
CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,       -- ISO 8601
    sentence TEXT NOT NULL,
    command TEXT NOT NULL,    -- empty where the command line has nothing to do with it
    run INTEGER               -- what it led to, where it led to a run
);
)"};

void set_version(const Database &database, int version)
{
    database.execute("PRAGMA user_version = " + std::to_string(version));
}

} // namespace

int newest_schema()
{
    return int(std::size(steps));
}

int schema_of(const Database &database)
{
    return database.integer("PRAGMA application_id") == project_application_id
        ? int(database.integer("PRAGMA user_version"))
        : 0;
}

void make_schema(const Database &database, int version)
{
    database.transaction([&] {
        database.execute("PRAGMA application_id = " + std::to_string(project_application_id));
        for (int at = 0; at < version; ++at)
            database.execute(steps[at]);
        set_version(database, version);
    });
}

void migrate(const Database &database)
{
    const int from = schema_of(database);
    if (from >= newest_schema())
        return;
    database.transaction([&] {
        for (int at = from; at < newest_schema(); ++at)
            database.execute(steps[at]);
        set_version(database, newest_schema());
    });
}

} // namespace patchbay::detail
