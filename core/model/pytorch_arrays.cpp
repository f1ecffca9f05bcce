#include "model/pytorch_arrays.h"

#include "base/error.h"
#include "model/detail/checkpoint.h"

namespace patchbay {

namespace {

constexpr int64_t most_elements = int64_t(1) << 28; // a result, not a model; a stride of 0 makes much of little

// Elements in row-major order, converted.
template <class Number, class Convert>
std::vector<Number> elements(const CheckpointTensor &tensor, Convert convert)
{
    int64_t count = 1, span = 1;
    for (size_t axis = 0; axis < tensor.shape.size(); ++axis) {
        count *= tensor.shape[axis];
        if (!tensor.strides.empty())
            span += (tensor.shape[axis] - 1) * tensor.strides[axis];
    }
    std::vector<Number> out(static_cast<size_t>(count));
    if (count == 0)
        return out;
    std::vector<std::byte> scratch;
    const size_t size = size_of(tensor.dtype);
    const size_t stored = static_cast<size_t>(tensor.strides.empty() ? count : span);
    const std::byte *bytes = tensor.source->view(tensor.offset, stored * size, scratch);
    if (tensor.strides.empty()) {
        convert(tensor.dtype, bytes, stored, out.data());
        return out;
    }
    std::vector<int64_t> place(tensor.shape.size());
    int64_t at = 0;
    for (Number &one : out) {
        convert(tensor.dtype, bytes + static_cast<size_t>(at) * size, 1, &one);
        for (size_t axis = place.size(); axis-- > 0;) {
            at += tensor.strides[axis];
            if (++place[axis] < tensor.shape[axis])
                break;
            at -= tensor.strides[axis] * tensor.shape[axis];
            place[axis] = 0;
        }
    }
    return out;
}

} // namespace

PytorchArrays read_pytorch_arrays(const std::filesystem::path &path)
{
    PytorchTree tree = open_pytorch_tree(path);
    PytorchArrays out{{}, std::move(tree.rest)};
    for (const auto &[name, tensor] : tree.tensors) {
        int64_t count = 1;
        for (const int64_t extent : tensor.shape)
            count *= extent;
        if (count > most_elements)
            throw Error(path.string(), "tensor " + name + " is too large for a result");
        Array &array = out.arrays[name.empty() ? path.stem().string() : name];
        array.shape = tensor.shape;
        if (is_floating(tensor.dtype))
            array.values = elements<float>(tensor, convert_to_float);
        else
            array.values = elements<int64_t>(tensor, convert_to_int);
    }
    return out;
}

} // namespace patchbay
