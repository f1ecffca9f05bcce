// What a project is behind its interface.
#pragma once

#include "project/detail/database.h"
#include "project/project.h"

namespace patchbay {

struct Project::Impl {
    std::filesystem::path path;
    std::shared_ptr<const void> lock;    ///< while it is written
    std::shared_ptr<const void> scratch; ///< the folder of a copy that is read in its place
    std::optional<detail::Database> database;
    bool read_only = false, together = false;
    int schema = 0;

    /// One transaction, or a part of the one that is going on. Throws where nothing may be written.
    void write(const std::function<void()> &work);
    std::string place(const std::string &what) const { return path.string() + " (" + what + ")"; }
};

namespace detail {
/// The numbers of a run as its rows say; nothing without a frame. Throws Error.
std::optional<RunResult> read_result(const Database &database, int64_t run, const std::string &place);
} // namespace detail

} // namespace patchbay
