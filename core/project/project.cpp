#include "project/project.h"

#include "project/detail/encoding.h"
#include "project/detail/file_lock.h"
#include "project/detail/project_impl.h"
#include "project/detail/schema.h"

#include <cstdlib>
#include <system_error>

namespace patchbay {

namespace fs = std::filesystem;
using detail::Database;

namespace {

/// Opened and looked into: only then SQLite says what is wrong with it.
Database opened(const fs::path &path, Database::Access access)
{
    Database database(path, access);
    detail::schema_of(database);
    return database;
}

// In a folder that cannot be written SQLite cannot read what another program has left beside the file.
std::shared_ptr<const void> copied(const fs::path &path, fs::path &copy)
{
    std::string name = (fs::temp_directory_path() / "patchbay-project-XXXXXX").string();
    if (!::mkdtemp(name.data()))
        throw Error(path.string(), "no copy of it can be made in " + fs::temp_directory_path().string());
    const std::shared_ptr<const void> scratch(&std::as_const(*new fs::path(name)), [](const fs::path *folder) {
        std::error_code ignored;
        fs::remove_all(*folder, ignored);
        delete folder;
    });
    copy = fs::path(name) / "copy.patchbay";
    std::error_code failed;
    fs::copy_file(path, copy, failed);
    if (!failed && fs::exists(path.string() + "-wal"))
        fs::copy_file(path.string() + "-wal", copy.string() + "-wal", failed);
    if (failed)
        throw Error(path.string(), "it cannot be read: " + failed.message());
    fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write, failed);
    return scratch;
}

std::string newer_text(int schema)
{
    return "was made by a later version of Patchbay (its version is " + std::to_string(schema) + ", this program knows "
        + std::to_string(detail::newest_schema()) + "): it can be opened read-only, or with the later program";
}

} // namespace

Project::Project(const fs::path &path, Open how) : m(std::make_unique<Impl>())
{
    m->path = path;
    m->read_only = how == Open::Read || how == Open::ReadNewer;
    std::error_code ignored;
    if (how == Open::Create && fs::exists(path, ignored))
        throw Error(path.string(), "is there already");
    if (how != Open::Create && !fs::is_regular_file(path, ignored))
        throw Error(path.string(), fs::exists(path, ignored) ? "is no file" : "there is no such file");
    if (m->read_only) {
        try {
            m->database = opened(path, Database::Access::Read);
        } catch (const Error &) {
            fs::path copy;
            m->scratch = copied(path, copy);
            try {
                m->database = opened(copy, Database::Access::Write);
            } catch (const Error &error) { // of the project, not of a copy that nobody knows
                throw Error(path.string(), error.cause());
            }
        }
    } else {
        m->lock = detail::lock_beside(path);
        if (!m->lock)
            throw ProjectInUse(path.string(), "is open in another window, which writes to it");
        m->database = opened(path, how == Open::Create ? Database::Access::Create : Database::Access::Write);
    }
    const Database &database = *m->database;
    if (how == Open::Create) {
        database.execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
        detail::make_schema(database, detail::newest_schema());
    }
    m->schema = detail::schema_of(database);
    if (m->schema <= 0)
        throw Error(path.string(), "is not a Patchbay project");
    if (m->schema > detail::newest_schema() && how != Open::ReadNewer)
        throw NewerProject(path.string(), newer_text(m->schema));
    if (m->read_only)
        return;
    database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    detail::migrate(database);
    m->schema = detail::newest_schema();
}

Project::~Project() = default;
Project::Project(Project &&) noexcept = default;
Project &Project::operator=(Project &&) noexcept = default;

const fs::path &Project::path() const
{
    return m->path;
}

bool Project::read_only() const
{
    return m->read_only;
}

int Project::schema() const
{
    return m->schema;
}

void Project::Impl::write(const std::function<void()> &work)
{
    if (read_only)
        throw Error(path.string(), "is open read-only");
    if (together)
        work();
    else
        database->transaction(work);
}

void Project::together(const std::function<void()> &work)
{
    const bool within = m->together; // of another, which goes on after this one
    m->write([&] {
        m->together = true;
        try {
            work();
        } catch (...) {
            m->together = within;
            throw;
        }
        m->together = within;
    });
}

void Project::copy_to(const fs::path &path) const
{
    std::error_code ignored;
    if (fs::exists(path, ignored))
        throw Error(path.string(), "is there already");
    try {
        m->database->prepare("VACUUM INTO ?1").bind(1, path.string()).run();
    } catch (const Error &error) {
        fs::remove(path, ignored);
        throw Error(path.string(), error.cause());
    }
}

std::vector<std::string> Project::check() const
{
    std::vector<std::string> found;
    detail::Statement whole = m->database->prepare("PRAGMA integrity_check(20)");
    while (whole.step())
        if (const std::string said = whole.text(0); said != "ok")
            found.push_back(said);
    detail::Statement keys = m->database->prepare("PRAGMA foreign_key_check");
    while (keys.step())
        found.push_back("a row of \"" + keys.text(0) + "\" belongs to nothing");
    for (const ProjectRun &run : runs(&found)) {
        try {
            result(run.id);
            intervals(run.id);
        } catch (const Error &error) {
            found.push_back(error.what());
        }
    }
    return found;
}

bool is_project(const fs::path &path)
{
    return path.extension() == project_suffix;
}

} // namespace patchbay
