// Asking a computation to stop, from another thread.
#pragma once

#include "base/error.h"

#include <atomic>
#include <memory>

namespace patchbay {

/// A handle that is copied freely: all copies share one flag. Thread-safe.
class CancelToken {
public:
    CancelToken() : m_flag(std::make_shared<std::atomic<bool>>(false)) { }
    void cancel() const { m_flag->store(true, std::memory_order_relaxed); }
    bool cancelled() const { return m_flag->load(std::memory_order_relaxed); }
    /// Throws Cancelled once cancel() has been called on any copy.
    void check() const
    {
        if (cancelled())
            throw Cancelled();
    }

private:
    std::shared_ptr<std::atomic<bool>> m_flag;
};

} // namespace patchbay
