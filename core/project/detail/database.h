// SQLite through its C library: a connection, statements and transactions that end with their objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace patchbay::detail {

/// The file could not be written for now, whatever was to be written: a full disk, a folder that is gone, another
/// writer.
class OutOfReach : public Error {
public:
    using Error::Error;
};

/// A prepared statement. Columns and parameters count from 0 and 1, as in SQLite. All throw Error naming the database's
/// file.
class Statement {
public:
    Statement(sqlite3 *database, std::string file, std::string_view sql);

    Statement &bind(int at, int64_t value);
    Statement &bind(int at, int value) { return bind(at, int64_t(value)); }
    Statement &bind(int at, bool value) { return bind(at, int64_t(value)); }
    Statement &bind(int at, double value);
    Statement &bind(int at, std::string_view text);
    Statement &bind(int at, const char *text) { return bind(at, std::string_view(text)); }
    Statement &bind(int at, const std::string &text) { return bind(at, std::string_view(text)); }
    /// Bytes that stay where they are until the statement has run.
    Statement &blob(int at, std::span<const std::byte> bytes);
    Statement &null(int at);

    /// The next row; false at the end.
    bool step();
    /// For statements without rows.
    void run();

    int64_t integer(int column) const;
    double number(int column) const;
    std::string text(int column) const;
    /// Valid until the next step.
    std::span<const std::byte> bytes(int column) const;
    bool is_null(int column) const;

private:
    [[noreturn]] void fail() const;
    sqlite3 *m_database;
    std::string m_file;
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt *)> m_statement;
};

class Database {
public:
    enum class Access { Create, Write, Read };
    /// Throws Error naming the file where it is not there (is there, for Create), no database, or out of reach.
    Database(const std::filesystem::path &path, Access access);

    Statement prepare(std::string_view sql) const { return {m_database.get(), m_file, sql}; }
    /// Statements without parameters and rows.
    void execute(const std::string &sql) const;
    /// All of it or nothing.
    void transaction(const std::function<void()> &work) const;
    int64_t integer(std::string_view sql) const;
    int64_t last_id() const;
    const std::string &file() const { return m_file; }

private:
    std::string m_file;
    std::unique_ptr<sqlite3, int (*)(sqlite3 *)> m_database;
};

/// What SQLite says about the last thing that went wrong, in words. Throws OutOfReach or Error naming the file.
[[noreturn]] void throw_reason(sqlite3 *database, const std::string &file);

} // namespace patchbay::detail
