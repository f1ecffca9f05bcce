// The files that a request names, on their way to whoever has not got them.
#pragma once

#include "remote/message.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace patchbay::remote {

/// Where a request names files that are read for it: that of its task, those of its analysis.
std::vector<std::string> files_named_in(const Request &request);
/// The same request with other names for these files, and with its own for all others.
Request with_files(Request request, const std::map<std::string, std::string> &names);

/// Puts what is in those of them that are here beside the request. Throws Error naming one that cannot be read.
void attach_files(Asked &asked);

/// Where files lie that came with requests, as long as it is there.
class ReceivedFiles {
public:
    ReceivedFiles() = default;
    ~ReceivedFiles();
    ReceivedFiles(const ReceivedFiles &) = delete;
    ReceivedFiles &operator=(const ReceivedFiles &) = delete;

    /// Writes the files that came with a request, and names them in it as they are called here. Throws Error where
    /// there is no room for them, or the request does not name them.
    void receive(Asked &asked);

private:
    std::filesystem::path m_folder; ///< for its user alone; empty before the first file
    size_t m_count = 0;
};

} // namespace patchbay::remote
