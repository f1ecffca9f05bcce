// Memory that grows and stays, so that chunks of a sweep do not allocate.
#pragma once

#include <ATen/ATen.h>

namespace patchbay::detail {

class Buffer {
public:
    /// At least count floats; contents undefined; valid until the next call.
    float *floats(int64_t count)
    {
        if (!m_memory.defined() || m_memory.numel() < count)
            m_memory = at::empty({count}, at::kFloat);
        return m_memory.data_ptr<float>();
    }

private:
    at::Tensor m_memory;
};

/// What a block works in beside the rows it is given.
struct BlockBuffers {
    Buffer hidden; ///< [rows, M] the MLP's pre, then post
    Buffer up;     ///< [rows, M] a gated MLP's linear part
    Buffer sum;    ///< [rows, D] what is written, before a post norm
};

} // namespace patchbay::detail
