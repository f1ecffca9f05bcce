// What can be read of a damaged project, row by row.
#include "project/detail/encoding.h"
#include "project/detail/project_impl.h"
#include "project/detail/schema.h"

#include <algorithm>
#include <set>

namespace patchbay {

using detail::Database;
using detail::Statement;

namespace {

/// Rows of a table in the order of their numbers: forwards as far as it goes, then from the end back to the damage.
template <class Take>
void each_row(const Database &from, const std::string &table, const std::string &columns, const Take &take,
              std::vector<std::string> &lost)
{
    std::set<int64_t> taken;
    std::string trouble;
    for (const char *order : {"", " DESC"}) {
        try {
            Statement row = from.prepare("SELECT rowid, " + columns + " FROM " + table + " ORDER BY rowid" + order);
            while (row.step()) {
                if (!taken.insert(row.integer(0)).second)
                    continue;
                try {
                    take(row);
                } catch (const Error &error) {
                    lost.push_back(table + " " + std::to_string(row.integer(0)) + ": " + error.cause());
                }
            }
            return; // whole
        } catch (const Error &error) {
            trouble = error.cause();
        }
    }
    lost.push_back(table + ": " + std::to_string(taken.size()) + " rows could be read (" + trouble + ")");
}

} // namespace

std::vector<std::string> recover_project(const std::filesystem::path &damaged, const std::filesystem::path &into)
{
    std::vector<std::string> lost;
    const Database from(damaged, Database::Access::Read);
    Project project(into, Project::Open::Create);
    const std::string place = damaged.string();
    Database to(into, Database::Access::Write); // of tables whose rows go over as they are
    const auto copy = [&](const std::string &table, const std::string &columns, int count) {
        std::string places;
        for (int at = 1; at <= count; ++at)
            places += (at > 1 ? ", ?" : "?") + std::to_string(at);
        each_row(
            from, table, columns,
            [&](Statement &row) {
                Statement copied =
                    to.prepare("INSERT OR REPLACE INTO " + table + " (" + columns + ") VALUES (" + places + ")");
                for (int at = 1; at <= count; ++at)
                    if (row.is_null(at))
                        copied.null(at);
                    else if (columns.find("value") != std::string::npos && at == count)
                        copied.blob(at, row.bytes(at));
                    else
                        copied.bind(at, row.text(at));
                copied.run();
            },
            lost);
    };
    each_row(
        from, "run", std::string(detail::run_columns) + ", frame, ending, intervals, thumbnail",
        [&](Statement &row) {
            const int64_t id = row.integer(0);
            project.put(detail::run_of_row(row, place));
            if (row.is_null(10))
                return;
            project.hear(id, Started{detail::frame_of_bytes(row.bytes(10), place)});
            if (!row.is_null(11))
                project.hear(id, Done{detail::end_of_bytes(row.bytes(11), place)});
            if (!row.is_null(12))
                project.put_intervals(id, detail::intervals_of_bytes(row.bytes(12), place));
            if (!row.is_null(13))
                project.put_thumbnail(id, detail::string_of(row.bytes(13)));
        },
        lost);
    each_row(
        from, "cells", std::string("run, ") + detail::cells_columns,
        [&](Statement &row) { project.hear(row.integer(1), detail::cells_of_row(row, 2, place)); }, lost);
    copy("model", "key, reference", 2);
    copy("task", "key, reference, pairs", 3);
    copy("circuit", "name, kind, model, body", 4);
    copy("series", "folder, body", 2);
    copy("state", "name, value", 2);
    if (detail::schema_of(from) >= 2) {
        copy("note", "kind, subject, text, changed", 4);
        copy("history", "time, sentence, command, run", 4);
    }
    // Runs whose cells do not fit any more keep what they are, without numbers.
    for (const ProjectRun &run : project.runs(&lost)) {
        try {
            project.result(run.id);
        } catch (const Error &error) {
            lost.push_back("run \"" + run.name + "\": " + error.cause());
            to.prepare("DELETE FROM cells WHERE run = ?1").bind(1, run.id).run();
        }
    }
    return lost;
}

} // namespace patchbay
