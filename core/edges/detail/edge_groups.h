// Prompts in groups small enough for what is kept of each row beside the cached runs: what every writer writes.
#pragma once

#include "patching/detail/session_impl.h"

#include <optional>

namespace patchbay::detail {

/// The session's groups, or smaller ones of the same prompts.
class EdgeGroups {
public:
    /// floats: kept for each row. These and the runs take what the session's sweeps may.
    EdgeGroups(Session::Impl &in, int64_t floats);
    PromptGroups &operator*() { return m_own ? *m_own : m_of_session; }
    PromptGroups *operator->() { return &**this; }

private:
    PromptGroups &m_of_session;
    std::optional<PromptGroups> m_own;
};

} // namespace patchbay::detail
