#include "device/detail/attend_rows.h"

#include <algorithm>
#include <tuple>

namespace patchbay::detail {

namespace {

// A long prompt's queries go piece by piece; keys are padded to a multiple, so that there are not too many classes.
constexpr int64_t most_queries = 512, key_step = 16;
// Of one batch: scores with what becomes of them, and gathered keys and values.
constexpr int64_t most_floats = int64_t(1) << 27;

int64_t padded(int64_t keys)
{
    return (keys + key_step - 1) / key_step * key_step;
}

} // namespace

at::Tensor indices(const std::vector<int64_t> &rows, const at::Device &device)
{
    // Waits for nothing that the device has still to do: memory that is not pinned is read before this returns.
    return at::tensor(rows, at::kLong).to(device, at::kLong, true);
}

void attending_batches(std::vector<Attending> pieces, int64_t floats_per_score, int64_t floats_per_key,
                       const at::Device &device, const std::function<void(const AttendingBatch &)> &work)
{
    for (size_t i = 0; i < pieces.size(); ++i) // those that are cut off are looked at again
        if (pieces[i].count > most_queries) {
            Attending rest = pieces[i];
            pieces[i].count = most_queries;
            rest.query += most_queries;
            rest.q_first += most_queries;
            rest.count -= most_queries;
            pieces.push_back(rest);
        }
    const auto length = [](const Attending &a) { return std::pair(padded(a.keys()), a.count); };
    std::stable_sort(pieces.begin(), pieces.end(),
                     [&](const Attending &a, const Attending &b) { return length(a) < length(b); });
    std::vector<int64_t> numbers;
    for (const Attending &a : pieces)
        numbers.insert(numbers.end(), {a.query, a.q_first, a.prefix, a.first, a.own, a.keys(), a.head});
    const at::Tensor table = indices(numbers, device).reshape({int64_t(pieces.size()), 7}); // one way for all
    for (size_t begin = 0; begin < pieces.size();) {
        const auto [keys, count] = length(pieces[begin]);
        const int64_t each = keys * std::max(count * floats_per_score, floats_per_key);
        const size_t most = size_t(std::max<int64_t>(1, most_floats / std::max<int64_t>(1, each)));
        size_t end = begin;
        while (end < pieces.size() && end - begin < most && length(pieces[end]) == std::pair(keys, count))
            ++end;
        const at::Tensor own = table.narrow(0, int64_t(begin), int64_t(end - begin));
        const auto column = [&](int64_t i) { return own.narrow(1, i, 1); }; // [B, 1]
        AttendingBatch batch;
        batch.pieces = std::span(pieces).subspan(begin, end - begin);
        batch.keys = keys;
        const at::Tensor query = at::arange(count, own.options()), first = column(3);
        const at::Tensor key = at::minimum(at::arange(keys, own.options()).unsqueeze(0), column(5) - 1); // [B, T]
        batch.key_rows = at::where(key < first, column(2) + key, column(4) + key - first);
        batch.query_rows = column(0) + query;
        batch.positions = column(1) + query;
        batch.prompt_keys = column(2) + key;
        batch.prompt_queries = column(2) + batch.positions;
        batch.heads = own.select(1, 6);
        work(batch);
        begin = end;
    }
}

void attend_rows(const TensorBlock &block, const at::Tensor &q, const at::Tensor &kv, std::vector<Attending> pieces,
                 at::Tensor &z)
{
    const BlockTraits &t = block.traits();
    const int64_t H = t.n_heads, G = t.n_kv_heads, d = t.d_head;
    attending_batches(std::move(pieces), H, 2 * G * d, q.device(), [&](const AttendingBatch &batch) {
        const int64_t B = batch.key_rows.size(0), T = batch.keys, Q = batch.query_rows.size(1);
        const at::Tensor rows = batch.query_rows.flatten(),
                         both = kv.index_select(0, batch.key_rows.flatten()).reshape({B, T, 2, G, d});
        const at::Tensor of = block.attend(q.index_select(0, rows).reshape({B, Q, H, d}), both.select(2, 0),
                                           both.select(2, 1), batch.positions, block.slopes());
        z.index_copy_(0, rows, of.reshape({B * Q, H * d}));
    });
}

} // namespace patchbay::detail
