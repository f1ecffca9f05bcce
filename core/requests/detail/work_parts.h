// Work as functions: in one part, or in as many as there are.
#pragma once

#include "requests/workbench.h"

#include <functional>
#include <memory>

namespace patchbay::detail {

/// Work in one part.
class WholeWork : public Work {
public:
    using Do = std::function<void(const CancelToken &)>;
    explicit WholeWork(Do work) : m_work(std::move(work)) { }
    bool step(const CancelToken &cancel) override
    {
        cancel.check();
        m_work(cancel);
        return false;
    }

private:
    const Do m_work;
};

/// Work in parts, until one of them says that there is no more.
class PartWork : public Work {
public:
    using Do = std::function<bool(const CancelToken &)>;
    explicit PartWork(Do part) : m_part(std::move(part)) { }
    bool step(const CancelToken &cancel) override { return m_part(cancel); }

private:
    const Do m_part;
};

inline std::unique_ptr<Work> whole(WholeWork::Do work)
{
    return std::make_unique<WholeWork>(std::move(work));
}

inline std::unique_ptr<Work> in_parts(PartWork::Do part)
{
    return std::make_unique<PartWork>(std::move(part));
}

} // namespace patchbay::detail
