// One who writes at a time: a file beside the project that is held as long as somebody writes.
#pragma once

#include <filesystem>
#include <memory>

namespace patchbay::detail {

/// Gone with what is returned, and with the process however it ends. Null where somebody else holds it. Throws Error
/// where no file can be made there.
std::shared_ptr<const void> lock_beside(const std::filesystem::path &file);

} // namespace patchbay::detail
