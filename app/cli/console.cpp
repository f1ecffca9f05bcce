#include "console.h"

#include "base/amounts.h"
#include "base/plain_text.h"
#include "io/array_files.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace patchbay::cli {

void write_or_print(const std::string &text, const std::string &file)
{
    if (file.empty())
        std::fwrite(text.data(), 1, text.size(), stdout);
    else
        write_file(file, text);
}

namespace {

ProgressStyle progress_style = ProgressStyle::Auto;

} // namespace

void Console::set_progress(ProgressStyle style)
{
    progress_style = style;
}

Console::Console(bool json, bool quiet)
    : m_json(json), m_quiet(quiet),
      m_terminal(!quiet && progress_style == ProgressStyle::Auto && isatty(STDERR_FILENO)),
      m_lines(progress_style == ProgressStyle::Lines)
{
}

Console::~Console()
{
    end_progress();
}

void Console::say(const std::string &line)
{
    if (m_json || m_quiet)
        return;
    end_progress();
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void Console::note(const std::string &line)
{
    if (m_quiet)
        return;
    end_progress();
    std::fprintf(stderr, "note: %s\n", line.c_str());
}

void Console::print(const nlohmann::ordered_json &value)
{
    if (!m_json)
        return;
    end_progress();
    std::printf("%s\n", value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    std::fflush(stdout);
}

void Console::progress(const std::string &what, double share)
{
    if (!shows())
        return;
    const auto now = std::chrono::steady_clock::now();
    if (what != m_task) {
        m_task = what;
        m_task_start = now;
    } else if (now - m_last < std::chrono::milliseconds(100)) {
        return;
    }
    m_last = now;
    const double spent = std::chrono::duration<double>(now - m_task_start).count();
    show(what, share, share > 0.02 && spent > 2 ? spent / share * (1 - share) : -1);
}

void Console::progress(const std::string &what, double share, double seconds_left)
{
    const auto now = std::chrono::steady_clock::now();
    if (!shows() || now - m_last < std::chrono::milliseconds(100))
        return;
    m_last = now;
    show(what, share, seconds_left);
}

void Console::show(const std::string &what, double share, double seconds_left)
{
    if (m_lines) {
        const nlohmann::ordered_json step{{"share", share}, {"what", what}};
        std::fprintf(stderr, "%s\n",
                     step.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
        std::fflush(stderr);
        return;
    }
    std::string line = what + " " + std::to_string(std::lround(100 * share)) + " %";
    if (seconds_left >= 0)
        line += ", " + time_left_text(seconds_left);
    show_line(line);
}

void Console::progress_line(const std::string &line)
{
    const auto now = std::chrono::steady_clock::now();
    if (!m_terminal || now - m_last < std::chrono::milliseconds(100))
        return;
    m_last = now;
    show_line(line);
}

void Console::show_line(const std::string &line)
{
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
    std::fflush(stderr);
    m_line_shown = true;
}

void Console::end_progress()
{
    if (m_line_shown)
        std::fprintf(stderr, "\r\033[K");
    m_line_shown = false;
}

namespace {

size_t characters(const std::string &text)
{
    return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

std::vector<std::string> aligned(const std::vector<std::vector<std::string>> &rows, size_t gap)
{
    std::vector<size_t> widths;
    for (const std::vector<std::string> &row : rows)
        for (size_t c = 0; c < row.size(); ++c) {
            widths.resize(std::max(widths.size(), c + 1));
            widths[c] = std::max(widths[c], characters(row[c]));
        }
    std::vector<std::string> lines;
    for (const std::vector<std::string> &row : rows) {
        lines.emplace_back();
        for (size_t c = 0; c < row.size(); ++c)
            lines.back() += row[c] + (c + 1 < row.size() ? std::string(widths[c] - characters(row[c]) + gap, ' ') : "");
    }
    return lines;
}

std::string number(double value, int digits)
{
    return fixed_text(value, digits);
}

} // namespace patchbay::cli
