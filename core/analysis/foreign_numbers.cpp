#include "analysis/foreign_numbers.h"

#include "io/array_files.h"
#include "model/pytorch_arrays.h"

#include <algorithm>
#include <array>

namespace patchbay {

namespace {

Array as_floats(const Array &array)
{
    return array.is_float() ? array : Array{array.shape, std::vector<float>(array.ints().begin(), array.ints().end())};
}

std::string shape_text(const std::vector<int64_t> &shape)
{
    std::string text;
    for (const int64_t extent : shape)
        text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return "[" + text + "]";
}

// get_act_patch_attn_head_all_pos_every and its like.
constexpr std::array stacked{"z", "q", "k", "v", "pattern"};

} // namespace

ArrayMap read_any_arrays(const std::filesystem::path &path)
{
    if (path.extension() == ".pt" || path.extension() == ".pth")
        return read_pytorch_arrays(path).arrays;
    return read_arrays(path).arrays;
}

ForeignNumbers numbers_of_model(const ArrayMap &arrays, int layers, int heads, int prompts)
{
    ForeignNumbers out;
    using Shape = std::vector<int64_t>;
    const Shape grid{layers, heads}, by_prompt{layers, heads, prompts}, column{layers}, rows{layers, prompts};
    for (const auto &[name, array] : arrays) {
        const Shape &shape = array.shape;
        if (shape == grid || shape == by_prompt) {
            out.heads[name] = as_floats(array);
        } else if (shape == column || shape == rows) {
            out.layers[name] = as_floats(array);
        } else if (shape.size() == 3 && shape[1] == layers && shape[2] == heads && shape[0] > 0) {
            const std::vector<float> all = as_floats(array).floats();
            const std::ptrdiff_t cells = std::ptrdiff_t(layers) * heads;
            for (int64_t i = 0; i < shape[0]; ++i) {
                const bool sites = shape[0] == int64_t(stacked.size());
                out.heads[name + "." + (sites ? stacked[size_t(i)] : std::to_string(i))] = {
                    grid, std::vector<float>(all.begin() + i * cells, all.begin() + (i + 1) * cells)};
            }
        } else {
            out.left_out.push_back(name + " " + shape_text(shape));
        }
    }
    return out;
}

} // namespace patchbay
