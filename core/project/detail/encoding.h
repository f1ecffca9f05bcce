// Values of a project as the bytes and texts that lie in its tables. What is read is checked: a project may come from
// elsewhere. All that reads throws Error naming the place.
#pragma once

#include "io/array_files.h"
#include "project/detail/database.h"
#include "project/project_rows.h"

#include <cstddef>
#include <span>
#include <string>

namespace patchbay::detail {

using Bytes = std::span<const std::byte>;

inline Bytes bytes_of(const std::string &text)
{
    return {reinterpret_cast<const std::byte *>(text.data()), text.size()};
}
template <class T>
Bytes bytes_of(const std::vector<T> &values)
{
    return std::as_bytes(std::span<const T>(values));
}

/// The values of a blob, which must be whole ones.
template <class T>
std::vector<T> values_of(Bytes bytes, const std::string &place);

std::string string_of(Bytes bytes);

RunSpec spec_of_text(const std::string &text, const std::string &place);
ModelRef model_of_text(const std::string &text, const std::string &place);
TaskRef task_of_text(const std::string &text, const std::string &place);

/// A row of these columns, behind its id.
inline constexpr const char *run_columns = "name, spec, state, message, started, pinned, live, done, total";
ProjectRun run_of_row(const Statement &row, const std::string &place);
/// A row of these columns, beginning with `first`.
inline constexpr const char *cells_columns = "grid, exact, cells, per_prompt, estimates, flops, seconds";
Cells cells_of_row(const Statement &row, int first, const std::string &place);

std::string bytes_of_frame(const RunResult &result);
RunResult frame_of_bytes(Bytes bytes, const std::string &place);
std::string bytes_of_end(const RunEnd &end);
RunEnd end_of_bytes(Bytes bytes, const std::string &place);
std::string bytes_of_intervals(const RunIntervals &intervals);
RunIntervals intervals_of_bytes(Bytes bytes, const std::string &place);

/// Whether all of these cells are exact already: an earlier part of the run had them.
bool all_known(const Cells &event, const RunResult &result);

} // namespace patchbay::detail
