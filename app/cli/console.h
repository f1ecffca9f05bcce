// What a command says: results to standard output, progress to standard error when that is a terminal.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace patchbay::cli {

/// To a file, or to standard output where none is named. Throws Error.
void write_or_print(const std::string &text, const std::string &file);

/// Where progress goes: Auto to a terminal; Lines: a JSON object {"share", "what"} a line on standard error, for
/// programs; None: nowhere.
enum class ProgressStyle { Auto, Lines, None };

class Console {
public:
    /// Of the consoles that are made from now on.
    static void set_progress(ProgressStyle style);
    /// json: machine-readable results instead of text; quiet: nothing but results that were asked for as JSON.
    Console(bool json, bool quiet);
    ~Console();
    Console(const Console &) = delete;
    Console &operator=(const Console &) = delete;

    bool json() const { return m_json; }
    /// A line of text for people; not with --json or --quiet.
    void say(const std::string &line);
    /// What people should know of the input before they trust the numbers, on standard error; also with --json, not
    /// with --quiet.
    void note(const std::string &line);
    /// One JSON value and a line break; only with --json. Numbers that JSON cannot hold become null.
    void print(const nlohmann::ordered_json &value);
    /// A line that replaces the one before, at most ten times a second: "reading weights 40 %". No effect unless on a
    /// terminal, or as lines where they are asked for.
    void progress(const std::string &what, double share);
    /// The same of something whose time left is known better than from its share; negative: not yet.
    void progress(const std::string &what, double share, double seconds_left);
    /// The same for work that says itself how far it is.
    void progress_line(const std::string &line);
    /// Takes the progress line away.
    void end_progress();

private:
    bool m_json, m_quiet, m_terminal, m_lines;
    bool m_line_shown = false;
    bool shows() const { return m_terminal || m_lines; }
    void show(const std::string &what, double share, double seconds_left);
    void show_line(const std::string &line);
    std::string m_task;
    std::chrono::steady_clock::time_point m_task_start, m_last;
};

/// Rows under each other, each column but a row's last as wide as its widest text, in characters.
std::vector<std::string> aligned(const std::vector<std::vector<std::string>> &rows, size_t gap = 2);

/// "3.214"
std::string number(double value, int digits = 3);

} // namespace patchbay::cli
