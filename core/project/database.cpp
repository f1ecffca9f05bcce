#include "project/detail/database.h"

#include "base/error.h"

#include <sqlite3.h>

#include <limits>

namespace patchbay::detail {

namespace {

// Nothing that comes in a file is larger; a larger size in one is a lie.
constexpr int most_bytes = 1 << 30;

std::string_view words(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "the disk is full";
    case SQLITE_READONLY:
        return "it cannot be written (the file or its folder is read-only)";
    case SQLITE_CANTOPEN:
        return "it cannot be opened: it is not there, or its folder cannot be written";
    case SQLITE_NOTADB:
        return "it is not a project file";
    case SQLITE_CORRUPT:
        return "it is damaged";
    case SQLITE_IOERR:
        return "it cannot be read or written (the disk reports an error)";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another program is writing to it";
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return "it is out of reach: permission denied";
    default:
        return {};
    }
}

} // namespace

void throw_reason(sqlite3 *database, const std::string &file)
{
    if (!database)
        throw Error(file, "there is not enough memory to open it");
    const int code = sqlite3_extended_errcode(database);
    const std::string_view known = words(code);
    const std::string text = known.empty() ? sqlite3_errmsg(database) : std::string(known);
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
        throw OutOfReach(file, text);
    default:
        throw Error(file, text);
    }
}

Statement::Statement(sqlite3 *database, std::string file, std::string_view sql)
    : m_database(database), m_file(std::move(file)), m_statement(nullptr, sqlite3_finalize)
{
    sqlite3_stmt *statement = nullptr;
    const int code = sqlite3_prepare_v2(database, sql.data(), int(sql.size()), &statement, nullptr);
    m_statement.reset(statement);
    if (code != SQLITE_OK)
        fail();
}

void Statement::fail() const
{
    throw_reason(m_database, m_file);
}

Statement &Statement::bind(int at, int64_t value)
{
    if (sqlite3_bind_int64(m_statement.get(), at, value) != SQLITE_OK)
        fail();
    return *this;
}

Statement &Statement::bind(int at, double value)
{
    if (sqlite3_bind_double(m_statement.get(), at, value) != SQLITE_OK)
        fail();
    return *this;
}

Statement &Statement::bind(int at, std::string_view text)
{
    if (sqlite3_bind_text64(m_statement.get(), at, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8)
        != SQLITE_OK)
        fail();
    return *this;
}

Statement &Statement::blob(int at, std::span<const std::byte> bytes)
{
    static const std::byte none{};
    if (sqlite3_bind_blob64(m_statement.get(), at, bytes.empty() ? &none : bytes.data(), bytes.size(), SQLITE_STATIC)
        != SQLITE_OK)
        fail();
    return *this;
}

Statement &Statement::null(int at)
{
    if (sqlite3_bind_null(m_statement.get(), at) != SQLITE_OK)
        fail();
    return *this;
}

bool Statement::step()
{
    switch (sqlite3_step(m_statement.get())) {
    case SQLITE_ROW:
        return true;
    case SQLITE_DONE:
        return false;
    default:
        fail();
    }
}

void Statement::run()
{
    while (step()) {
    }
    sqlite3_reset(m_statement.get());
}

int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

double Statement::number(int column) const
{
    return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                           : sqlite3_column_double(m_statement.get(), column);
}

std::string Statement::text(int column) const
{
    const auto *begin = reinterpret_cast<const char *>(sqlite3_column_text(m_statement.get(), column));
    return begin ? std::string(begin, size_t(sqlite3_column_bytes(m_statement.get(), column))) : std::string();
}

std::span<const std::byte> Statement::bytes(int column) const
{
    const auto *begin = static_cast<const std::byte *>(sqlite3_column_blob(m_statement.get(), column));
    return {begin, begin ? size_t(sqlite3_column_bytes(m_statement.get(), column)) : 0};
}

bool Statement::is_null(int column) const
{
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

Database::Database(const std::filesystem::path &path, Access access)
    : m_file(path.string()), m_database(nullptr, sqlite3_close_v2)
{
    const int how = access == Access::Read ? SQLITE_OPEN_READONLY
        : access == Access::Write          ? SQLITE_OPEN_READWRITE
                                           : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3 *database = nullptr;
    const int code = sqlite3_open_v2(m_file.c_str(), &database, how | SQLITE_OPEN_NOMUTEX, nullptr);
    m_database.reset(database);
    if (code != SQLITE_OK)
        throw_reason(database, m_file);
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, 5000);
    // A file from elsewhere runs nothing: no functions in its views and triggers, no schema that writes itself.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, most_bytes);
    execute("PRAGMA cell_size_check = ON");
}

void Database::execute(const std::string &sql) const
{
    if (sqlite3_exec(m_database.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw_reason(m_database.get(), m_file);
}

void Database::transaction(const std::function<void()> &work) const
{
    execute("BEGIN IMMEDIATE");
    try {
        work();
        execute("COMMIT");
    } catch (...) {
        // A full disk may have rolled back already.
        if (!sqlite3_get_autocommit(m_database.get()))
            sqlite3_exec(m_database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

int64_t Database::integer(std::string_view sql) const
{
    Statement statement = prepare(sql);
    return statement.step() ? statement.integer(0) : 0;
}

int64_t Database::last_id() const
{
    return sqlite3_last_insert_rowid(m_database.get());
}

} // namespace patchbay::detail
