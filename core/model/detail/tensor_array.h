// Between core's tensors and the plain arrays it hands out. For core's sources only.
#pragma once

#include "base/array.h"

#include <ATen/ATen.h>

namespace patchbay {

/// A copy; float32 or int64.
inline Array to_array(const at::Tensor &tensor)
{
    Array out;
    out.shape = tensor.sizes().vec();
    if (tensor.scalar_type() == at::kLong) {
        const at::Tensor plain = tensor.cpu().contiguous();
        out.values = std::vector<int64_t>(plain.data_ptr<int64_t>(), plain.data_ptr<int64_t>() + plain.numel());
    } else {
        const at::Tensor plain = tensor.to(at::kFloat).cpu().contiguous();
        out.values = std::vector<float>(plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel());
    }
    return out;
}

/// A view: valid as long as the array is.
inline at::Tensor to_tensor(const Array &array)
{
    if (array.is_float())
        return at::from_blob(const_cast<float *>(array.floats().data()), array.shape, at::kFloat);
    return at::from_blob(const_cast<int64_t *>(array.ints().data()), array.shape, at::kLong);
}

} // namespace patchbay
