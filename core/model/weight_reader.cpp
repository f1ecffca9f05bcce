#include "model/detail/weight_reader.h"

#include "base/amounts.h"
#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace patchbay {

namespace {

// [rows, columns] to [columns, rows] with the row stride `stride`, in blocks that fit the first-level cache.
void transpose(const float *from, int64_t rows, int64_t columns, float *to, int64_t stride)
{
    constexpr int64_t kBlock = 16;
    for (int64_t c0 = 0; c0 < columns; c0 += kBlock)
        for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
            const int64_t r1 = std::min(rows, r0 + kBlock), c1 = std::min(columns, c0 + kBlock);
            for (int64_t c = c0; c < c1; ++c)
                for (int64_t r = r0; r < r1; ++r)
                    to[c * stride + r] = from[r * columns + c];
        }
}

} // namespace

void WeightReader::read(const std::string &tensor, const std::vector<int64_t> &shape, const Checkpoint::Rows &rows)
{
    if (m_reading) {
        m_checkpoint.read(tensor, rows, m_cancel);
        m_elements_read += m_checkpoint.tensors().at(tensor).count();
        if (m_progress)
            m_progress(double(m_elements_read) / double(m_elements));
        return;
    }
    const auto it = m_checkpoint.tensors().find(tensor);
    if (it == m_checkpoint.tensors().end())
        throw Error(m_checkpoint.name(), "lacks the tensor " + tensor);
    if (it->second.shape != shape)
        throw Error(it->second.file,
                    "tensor " + tensor + " has the shape " + shape_text(it->second.shape) + "; config.json asks for "
                        + shape_text(shape));
    if (!is_floating(it->second.dtype))
        throw Error(it->second.file,
                    "tensor " + tensor + " holds " + patchbay::name(it->second.dtype) + ", not floating-point numbers");
    m_known.insert(tensor);
    m_elements += it->second.count();
}

at::Tensor WeightReader::plain(const std::string &tensor, const std::vector<int64_t> &shape, int64_t skipped,
                               at::ScalarType type)
{
    at::Tensor out = make(shape, type);
    const int64_t row_count = std::accumulate(shape.begin() + 1, shape.end(), int64_t(1), std::multiplies<int64_t>());
    std::vector<int64_t> stored = shape;
    stored[0] += skipped;
    read(tensor, stored, [&](int64_t row, int64_t rows, const float *values) {
        const int64_t unread = std::clamp<int64_t>(skipped - row, 0, rows);
        if (unread < rows)
            out.view({-1, row_count})
                .narrow(0, row + unread - skipped, rows - unread)
                .copy_(at::from_blob(const_cast<float *>(values + unread * row_count), {rows - unread, row_count},
                                     at::kFloat));
    });
    return out;
}

void WeightReader::transposed(const std::string &tensor, int64_t rows_total, int64_t columns, int64_t group_rows,
                              const std::function<float *(int64_t)> &place)
{
    read(tensor, {rows_total, columns}, [&](int64_t row, int64_t rows, const float *values) {
        for (int64_t i = 0; i < rows;) {
            const int64_t group = (row + i) / group_rows, inside = (row + i) % group_rows;
            const int64_t run = std::min(rows - i, group_rows - inside);
            transpose(values + i * columns, run, columns, place(group) + inside, group_rows);
            i += run;
        }
    });
}

at::Tensor WeightReader::linear(const std::string &tensor, int64_t out_size, int64_t in_size)
{
    at::Tensor out = make({in_size, out_size});
    transposed(tensor, out_size, in_size, out_size, [&](int64_t) { return out.data_ptr<float>(); });
    return out;
}

std::pair<at::Tensor, at::Tensor> WeightReader::two_linear(const std::string &tensor, int64_t out_size, int64_t in_size)
{
    at::Tensor first = make({in_size, out_size}), second = make({in_size, out_size});
    transposed(tensor, 2 * out_size, in_size, out_size,
               [&](int64_t group) { return (group == 0 ? first : second).data_ptr<float>(); });
    return {first, second};
}

void WeightReader::heads(const std::string &tensor, bool linear, const std::vector<float *> &units, int64_t d,
                         int64_t in_size)
{
    const int64_t outputs = int64_t(units.size()) * d;
    if (linear) {
        transposed(tensor, outputs, in_size, d, [&](int64_t unit) { return units[size_t(unit)]; });
        return;
    }
    read(tensor, {in_size, outputs}, [&](int64_t row, int64_t rows, const float *values) {
        for (int64_t i = row; i < row + rows; ++i)
            for (float *unit : units) {
                std::memcpy(unit + i * d, values, sizeof(float) * size_t(d));
                values += d;
            }
    });
}

void WeightReader::head_biases(const std::string &tensor, const std::vector<float *> &units, int64_t d)
{
    read(tensor, {int64_t(units.size()) * d}, [&](int64_t row, int64_t rows, const float *values) {
        for (int64_t i = row; i < row + rows; ++i)
            units[size_t(i / d)][i % d] = values[i - row];
    });
}

void WeightReader::check_extra(const ModelConfig &config, const std::vector<std::string> &ignored) const
{
    const auto is_ignored = [&](const std::string &tensor) {
        return std::any_of(ignored.begin(), ignored.end(),
                           [&](const std::string &start) { return tensor.starts_with(start); });
    };
    std::string extra;
    int count = 0;
    for (const auto &[tensor, stored] : m_checkpoint.tensors())
        if (!m_known.contains(tensor) && !is_buffer(config.family, tensor) && !m_checkpoint.is_alias(tensor)
            && !is_ignored(tensor) && ++count <= 3)
            extra += (count > 1 ? ", " : "") + tensor;
    if (count > 0)
        throw Error(m_checkpoint.name(),
                    "holds " + counted(count, "tensor") + " that this " + config.family
                        + " configuration has no place for: " + extra + (count > 3 ? ", …" : ""));
}

} // namespace patchbay
